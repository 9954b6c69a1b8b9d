"""The page of a collection: what it holds, what it promises, its generations and its rebuilds."""

from __future__ import annotations

import re
from os.path import basename
from typing import Any

from flask import Response, request

from nearcopy.archive import Archive
from nearcopy.errors import InputError
from nearcopy.index import generations
from nearcopy.jobs import queue
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import ENDED, Status
from service.context import archives
from service.keys.guard import may_use
from service.keys.key import EVERY_COLLECTION, Role
from service.pages.blueprint import blueprint
from service.pages.frame import collection, may, page, shown
from service.pages.plotting import plotted
from service.saying import moment, size, span

PAST = 6
"""Rebuilds that are shown: the last, and a few before it."""

DONE = {
    "start": "The rebuild is in the queue.",
    "cancel": "The rebuild is cancelled, or will be within seconds: nothing of it is published.",
    "publish": "Generation {of} is live. Changes that it had missed, and has now: {n}.",
    "drop": "Generation {of} was dropped.",
}
"""What is told after it was done; whoever makes such a link up can say no more than this."""

for _filter in (moment, size, span, basename):
    blueprint.add_app_template_filter(_filter)


@page("GET", "/archive", role=Role.WRITE)
def archive_page() -> Response:
    """The collection."""
    archive = archives().get(collection())
    listed = generations.listed(archive.store) if may("admin") else []
    return shown(
        "archive.html", state=archive.stats(), whole=may_use(EVERY_COLLECTION), listed=listed[::-1],
        parameters=archive.parameters, plot=plotted(archive.parameters), live=_live(archive), said=_said(),
        **(_rebuilds(archive) if may("admin") else {}),
    )


@page("GET", "/archive/progress", role=Role.ADMIN)
def progress_part() -> Response:
    """How the last rebuild goes: a part of the page, for its script."""
    return shown("_progress.html", asks=False, **_rebuilds(archives().get(collection())))


def _live(archive: Archive) -> dict[str, Any]:
    """What is noted of the live generation."""
    return generations.records(archive.store).get(archive.store.generation().encode(), {})


def _rebuilds(archive: Archive) -> dict[str, Any]:
    """The last rebuild, those before it, and whether another can be asked for."""
    client = archive.store.client
    found = Rebuilds(client).newest(archive.store.collection, PAST)
    last: Status | None = found[0] if found else None
    runs = last is not None and last.state not in ENDED
    waits = last is not None and last.state == "queued"
    return {
        "last": last, "past": found[1:], "runs": runs, "queues": _queues(),
        "workers": queue.workers(client) if waits else None,
    }


def _queues() -> bool:
    try:
        queue.check_url(archives().url or "")
    except InputError:
        return False
    return True


def _said() -> str | None:
    of, number = request.args.get("of", ""), request.args.get("n", "0")
    if not re.fullmatch(r"[0-9a-f]{0,16}", of) or not re.fullmatch(r"[0-9]{1,16}", number):
        return None
    told = DONE.get(request.args.get("done", ""))
    return told.format(of=of, n=f"{int(number):,}") if told else None
