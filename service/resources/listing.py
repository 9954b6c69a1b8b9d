"""Many documents at once: list them with filters, or remove those of a filter."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from nearcopy.archive import Archive
from nearcopy.errors import InputError, PreconditionFailed
from nearcopy.index.listing import Found, Place, Step, walk, walk_ids
from service import problems
from service.answers import as_json
from service.calls import call
from service.context import archives
from service.keys.key import Role
from service.listing import (
    Bounds,
    DeleteBody,
    Deleted,
    DocumentPage,
    Filter,
    ListQuery,
    packed_cursor,
    place_of,
)
from service.models import InCollection

blueprint = Blueprint("listing", __name__)

LIST_SECONDS = 2.0
"""After which an answer is given, however few documents were found."""

DELETE_SECONDS = 5.0
"""Likewise of a removal; both well below the deadline of a request."""

MOST_CHARACTERS = 4_000_000
"""Of texts in one answer, but for the last one."""

SHOWN = 20
"""Ids that a removal shows."""


@call(
    blueprint,
    "GET",
    "/v1/documents",
    query=ListQuery,
    answers={200: DocumentPage},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def list_documents(query: ListQuery) -> Response:
    """List documents, by publisher and date if you like.

    Send the `cursor` of each answer for the next part, until it is null. The order means nothing, and stays
    the same: documents may come and go and rebuilds be published meanwhile, and each that is there all the
    time is listed once. A document that is dated by its day alone counts as of the end of that day; where
    dates are asked for, one without a date is not listed.
    """
    asked = Filter(query.publisher, query.published_from, query.published_to)
    bounds, archive = asked.bounds(), archives().get(query.collection)
    collection, ends = archive.store.collection, time.monotonic() + LIST_SECONDS
    listed: list[dict[str, Any]] = []
    characters = 0
    for step in walk(archive.store, place_of(query.cursor, collection, asked)):
        for one in step.found:
            if bounds.take(one.document):
                listed.append(_listed(one, query.texts))
                characters += len(one.document.text) if query.texts else 0
                if len(listed) == query.limit or characters >= MOST_CHARACTERS:
                    return _page(listed, packed_cursor(one.place, collection, asked))
        if time.monotonic() > ends:
            return _page(listed, packed_cursor(step.place, collection, asked))
    return _page(listed, None)


@call(
    blueprint,
    "POST",
    "/v1/documents/delete",
    query=InCollection,
    body=DeleteBody,
    answers={200: Deleted},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def delete_documents(query: InCollection, body: DeleteBody) -> Response:
    """Remove the documents of a publisher, of some dates, or of some ids.

    All conditions that are given must hold, and one must be given. With `dry_run` nothing is removed. A
    document is removed only if the conditions still hold in that moment. Where there is more to do than a few
    seconds allow, the answer has a `cursor`: send the same request with it.
    """
    ids = tuple(sorted(set(body.ids))) if body.ids is not None else None
    asked = Filter(body.publisher, body.published_from, body.published_to, ids)
    if asked.is_empty:
        raise InputError(
            "give publisher, published_from, published_to or ids: all documents are removed by dropping the "
            "collection", ""
        )
    bounds, archive = asked.bounds(), archives().get(query.collection)
    collection, ends = archive.store.collection, time.monotonic() + DELETE_SECONDS
    told = Deleted(matched=0, deleted=0, ids=[], cursor=None)
    for one, place in _places(archive, place_of(body.cursor, collection, asked), ids):
        if one is not None and bounds.take(one.document):
            told.matched += 1
            told.ids += [one.document.id][: SHOWN - len(told.ids)]
            told.deleted += not body.dry_run and _removed(archive, one.document.id, bounds)
        if time.monotonic() > ends:
            told.cursor = packed_cursor(place, collection, asked)
            break
    return as_json(told.model_dump())


def _places(
    archive: Archive, place: Place | None, ids: tuple[str, ...] | None
) -> Iterator[tuple[Found | None, Place]]:
    """Each document that may be meant, and the places between them."""
    steps: Iterator[Step] = walk(archive.store, place)
    if ids is not None:
        steps = walk_ids(archive.store, ids, place)
    for step in steps:
        yield from ((one, one.place) for one in step.found)
        yield None, step.place


def _removed(archive: Archive, id: str, bounds: Bounds) -> bool:
    try:
        return archive.delete(id, lambda stored: stored is not None and bounds.take(stored[0]))
    except PreconditionFailed:
        # It was replaced in this moment by one that is not meant
        return False


def _listed(one: Found, texts: bool) -> dict[str, Any]:
    told = one.document.to_dict() | {"digest": one.digest.hex()}
    if not texts:
        del told["text"]
    return told


def _page(listed: list[dict[str, Any]], cursor: str | None) -> Response:
    return as_json({"documents": listed, "cursor": cursor})
