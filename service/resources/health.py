"""For orchestrators and whoever watches: is the process alive, can it answer a check, and how does it go?"""

from __future__ import annotations

from flask import Blueprint, Response, request
from prometheus_client import generate_latest

from nearcopy.errors import StorageUnavailable
from service import problems
from service.answers import PLAIN, Health, as_json
from service.calls import call
from service.context import archives, shared
from service.keys.guard import Guard
from service.keys.key import EVERY_COLLECTION, Role
from service.operations.state import State, is_full

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
    """Tell whether checks are answered, or what is missing.

    A problem where Redis does not answer (`storage-unavailable`), where the default collection has no index
    (`not-ready`), or one that this version cannot read (`other-parameters`). A Redis whose memory is full
    still answers checks: the service is ready, and `lacks` memory. Strangers are not told more than that,
    where API keys exist.
    """
    archive = archives().get()
    archive.ping()
    archive.store.refresh(0)
    lacks = ["memory"] if is_full(archive.store.client) else []
    return as_json({"status": "ready"} | ({"lacks": lacks} if lacks else {}))


@call(
    blueprint,
    "GET",
    "/metrics",
    answers={200: str},
    role=None,
    problems=(problems.NO_KEY, problems.NOT_ALLOWED, problems.STORAGE_UNAVAILABLE),
)
def metrics() -> Response:
    """Tell what Prometheus asks for.

    Needs a key of role admin for all collections, where a key is needed at all; or nothing, with the setting
    NEARCOPY_METRICS_OPEN. Answered even while all places are taken, and while Redis does not answer.
    """
    use = shared()
    if not use.metrics_open:
        _admit(use.guard)
    told = b"".join(generate_latest(part) for part in (use.metrics.collector(), State(use.archives)))
    return Response(told, content_type=PLAIN)


def _admit(guard: Guard) -> None:
    try:
        guard.admit(request, Role.ADMIN, [EVERY_COLLECTION])
    except StorageUnavailable:
        # Metrics are wanted most just then
        if not guard.knows(request):
            raise
