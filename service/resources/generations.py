"""The generations of a collection: list them, publish one again, drop one."""

from __future__ import annotations

from flask import Blueprint, Response

from nearcopy.errors import InputError
from nearcopy.index import generations, switching
from service import problems
from service.answers import GenerationList, Nothing, Published, as_json
from service.calls import call
from service.context import archives
from service.models import InCollection
from service.problems import Refused

blueprint = Blueprint("generations", __name__)


@call(
    blueprint, "GET", "/v1/generations", query=InCollection, answers={200: GenerationList},
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def list_generations(query: InCollection) -> Response:
    """List the generations of a collection.

    One is live; those that are kept were, and can be published again; one that is building is made by a
    rebuild, or is what a dead one left, which the next one goes on with or removes.
    """
    return as_json({"generations": generations.listed(archives().get(query.collection).store)})


@call(
    blueprint, "POST", "/v1/generations/<string:id>/publish", query=InCollection, answers={200: Published},
    problems=(problems.NOT_FOUND, problems.NOT_READY, problems.BUSY, problems.INDEX_FULL),
)
def publish_generation(query: InCollection, id: str) -> Response:
    """Go back to a generation that was live, or forward again.

    What was written since is written into it first, so nothing is lost. Where there is so much of that that
    the time of the request is not enough, the same request goes on with it.
    """
    store = archives().get(query.collection).store
    return as_json({"generation": id, "replayed": switching.publish(store, id.encode())})


@call(
    blueprint, "DELETE", "/v1/generations/<string:id>", query=InCollection, answers={204: None},
    problems=(problems.NOT_FOUND, problems.NOT_READY, problems.BUSY, problems.GENERATION_LIVE),
)
def drop_generation(query: InCollection, id: str) -> Response:
    """Drop a generation that is not live, and free its memory.

    What a rebuild makes or made is dropped too, unless that runs. One that was live in the last seconds is
    not, as somebody may still read it.
    """
    store = archives().get(query.collection).store
    try:
        switching.drop(store, id.encode())
    except InputError as error:
        raise Refused(problems.GENERATION_LIVE, str(error)) from None
    return Nothing(status=204)
