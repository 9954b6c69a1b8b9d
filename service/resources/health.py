"""For orchestrators: is the process alive, and can it answer a check?"""

from __future__ import annotations

from flask import Blueprint, Response

from service import problems
from service.answers import Health, as_json
from service.calls import call
from service.context import archives

blueprint = Blueprint("health", __name__)


@call(blueprint, "GET", "/healthz", answers={200: Health}, role=None)
def alive() -> Response:
    """Tell that the process is alive; Redis is not asked."""
    return as_json({"status": "alive"})


@call(
    blueprint,
    "GET",
    "/readyz",
    answers={200: Health},
    role=None,
    problems=(problems.STORAGE_UNAVAILABLE, problems.OTHER_PARAMETERS, problems.NOT_READY),
)
def ready() -> Response:
    """Tell whether Redis answers and the default collection has an index."""
    archives().get().ping()
    return as_json({"status": "ready"})
