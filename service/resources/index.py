"""The state of a collection's index."""

from __future__ import annotations

from flask import Blueprint, Response

from service import problems
from service.answers import IndexState, as_json
from service.calls import call
from service.context import archives
from service.keys.guard import may_use
from service.keys.key import EVERY_COLLECTION, Role
from service.models import InCollection

blueprint = Blueprint("index", __name__)

CURVE_STEPS = 20
"""Points of the detection curve: resemblances 0.05, 0.10 ... 1."""


@call(
    blueprint, "GET", "/v1/index", query=InCollection, answers={200: IndexState},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def index_state(query: InCollection) -> Response:
    """Tell the counts, bytes, parameters and detection curve of a collection."""
    archive = archives().get(query.collection)
    steps = [step / CURVE_STEPS for step in range(1, CURVE_STEPS + 1)]
    curve = [{"resemblance": s, "probability": archive.parameters.detection(s)} for s in steps]
    state = archive.stats() | {"detection": curve}
    if not may_use(EVERY_COLLECTION):
        state["bytes"] = None
    return as_json(state)
