"""The collections: create one, list them, change how long one keeps documents, drop one."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from nearcopy import collections
from nearcopy.collections import MOST_PARTITIONS, Collection
from nearcopy.errors import RebuildRunning
from nearcopy.parameters import Parameters
from service import problems
from service.answers import Answer, Nothing, as_json
from service.calls import call
from service.context import archives
from service.keys.guard import may_use
from service.models import AmongCollections, Body, Query
from service.problems import Refused, field_error
from service.settings import CollectionName

blueprint = Blueprint("collections", __name__)

DROP_SECONDS = 8.0
"""After which a drop answers that the rest is still to be done: well below the deadline of a request."""

ONE = "/v1/collections/<string:collection>"

Keep = Annotated[
    str,
    Field(
        pattern=r"^[1-9][0-9]{0,4}d$",
        description="How long documents stay after their published_at, in days, up to 36500d; those without "
        "a date stay. Null for ever.",
        examples=["365d"],
    ),
]


class CollectionBody(Body):
    """A collection to create. What is left out is as in the collections that begin by themselves."""

    name: CollectionName = Field(description="1 to 64 of a-z, 0-9, _ and -; a letter or digit first.")
    threshold: float | None = Field(
        default=None, gt=0, lt=1, description="Resemblance from which copies are promised to be found."
    )
    probability: float | None = Field(
        default=None, gt=0, lt=1, description="With which they are found at the threshold; 0.99 where only "
        "that is given.",
    )
    shingle: int | None = Field(
        default=None, ge=1, le=Parameters().least_words, description="Words in a shingle."
    )
    partitions: int = Field(
        default=1, ge=1, le=MOST_PARTITIONS, description="Each holds 16.7 million documents; it stays."
    )
    keep: Keep | None = None


class KeepBody(Body):
    """What can be changed of a collection."""

    keep: Keep | None


class DropQuery(Query):
    """The query of a drop."""

    confirm: str = Field(max_length=64, description="The name of the collection once more.")


class CollectionList(Answer):
    """The collections that the caller may use, by their names."""

    collections: list[Collection]


class Dropping(Answer):
    """A collection that nobody can use any more, of which something is left."""

    name: str
    detail: str


@call(
    blueprint, "POST", "/v1/collections", query=AmongCollections, body=CollectionBody,
    answers={201: Collection},
    problems=(problems.COLLECTION_EXISTS, problems.BUSY),
)
def create_collection(_: AmongCollections, body: CollectionBody) -> Response:
    """Create a collection with parameters of its own.

    A collection also begins by itself, with the default ones, where a document is put into it.
    """
    _check_use(body.name)
    chosen = collections.parameters_of(body.threshold, body.probability, body.shingle)
    made = collections.create(archives().client(), body.name, chosen, body.partitions, body.keep)
    answer = as_json(made, 201)
    answer.headers["Location"] = f"/v1/collections/{made.name}"
    return answer


@call(blueprint, "GET", "/v1/collections", query=AmongCollections, answers={200: CollectionList})
def list_collections(_: AmongCollections) -> Response:
    """List the collections: counts, parameters, and how long they keep documents.

    A key that is for some collections sees only those.
    """
    client = archives().client()
    return as_json({"collections": collections.listed(client, may_use)})


@call(blueprint, "GET", ONE, answers={200: Collection}, problems=(problems.NOT_FOUND,))
def get_collection(collection: str) -> Response:
    """Tell the counts and parameters of a collection, and how long it keeps documents."""
    return as_json(collections.describe(archives().client(), collection))


@call(
    blueprint, "PATCH", ONE, body=KeepBody, answers={200: Collection},
    problems=(problems.NOT_FOUND,),
)
def change_collection(body: KeepBody, collection: str) -> Response:
    """Change how long a collection keeps documents.

    Those that are too old leave the index once a day, by a worker or `nearcopy expire`, and with each rebuild
    from what is stored.
    """
    return as_json(collections.change_keep(archives().client(), collection, body.keep))


@call(
    blueprint, "DELETE", ONE, query=DropQuery, answers={202: Dropping, 204: None},
    problems=(problems.NOT_FOUND, problems.BUSY, problems.REBUILD_RUNNING),
)
def drop_collection(query: DropQuery, collection: str) -> Response:
    """Drop a collection with everything in it, for good.

    It is gone for everybody at once. 202 where so much is left to be removed that another request with the
    same words must go on with that. The service's default collection begins anew, empty.
    """
    if query.confirm != collection:
        detail = f"is not the collection's name: send confirm={collection} to drop all that it holds"
        error = field_error("parameter", "confirm", detail)
        raise Refused(problems.INVALID_PARAMETER, f"confirm: {detail}", [error])
    try:
        gone = collections.drop(archives().client(), collection, DROP_SECONDS)
    except RebuildRunning as error:
        raise Refused(problems.REBUILD_RUNNING, str(error)) from None
    if gone:
        return Nothing(status=204)
    detail = "it can no longer be used, and some of it is left: send the same request again"
    return as_json({"name": collection, "detail": detail}, 202)


def _check_use(collection: str) -> None:
    if not may_use(collection):
        raise Refused(problems.NOT_ALLOWED, f"this takes a key for collection {collection!r}")
