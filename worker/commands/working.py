"""``nearcopy worker``: rebuilds of the queue, one after the other."""

from __future__ import annotations

from pathlib import Path

from worker.commands.folders import folder_of
from worker.queue import work as work_in


def work(
    url: str | None, *, folder: Path | None, archives: Path | None, processes: int, burst: bool = False
) -> None:
    """Work in a folder, or in one of the data directory. See `worker.queue.work`, also for what it raises."""
    work_in(url, folder=folder or folder_of(url), archives=archives, processes=processes, burst=burst)
