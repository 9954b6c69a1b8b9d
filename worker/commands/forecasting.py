"""``nearcopy rebuild --dry-run``: what a rebuild would take in Redis."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from nearcopy.jobs.commands import Place, Watcher
from nearcopy.jobs.task import Task
from worker.archive import describe
from worker.commands.opening import opened
from worker.rebuild import Reading, forecast


def foretell(task: Task, place: Place, watcher: Watcher) -> dict[str, Any]:
    """See `nearcopy.jobs.commands.Forecasting`; raises what `worker.rebuild.forecast` raises."""
    reading = Reading.of(task)
    if reading.sources:
        watcher.say(describe(reading.mapping))
    with opened(task, place.url) as archive:
        found = forecast(archive.store, task, reading)
    needs = [asdict(need) | {"fits": need.fits} for need in found.needs]
    return asdict(found) | {"total": found.total, "needs": needs, "fits": found.fits}
