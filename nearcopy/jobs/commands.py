"""What the command line asks of the worker, which it does not import, but finds by its entry points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task

GROUP = "nearcopy.worker"
"""Of these entry points: the names of `Rebuilding`, `Forecasting` and `Working` in lower case."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rebuild runs: the ``url`` of Redis, None for the embedded one; a ``folder`` for finished parts,
    None for one of the user's data directory; so many ``processes``, or the scheduler of a ``dask`` cluster;
    ``resume``: only if there is something to go on with; seconds of ``grace`` for a generation's readers,
    None for the usual ones."""

    url: str | None
    folder: Path | None
    processes: int
    dask: str | None = None
    resume: bool = False
    grace: float | None = None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild ended, and the file with the records that could not be used."""

    status: Status
    rejects: Path


class Watcher(Protocol):
    """Whoever is told how a rebuild goes."""

    def goes(self, status: Status) -> None:
        """How it goes now; called often, with one object that changes."""

    def say(self, line: str) -> None:
        """Something that happened."""


class Rebuilding(Protocol):
    """``rebuilding``: rebuild or load, here and now."""

    def __call__(self, task: Task, place: Place, watcher: Watcher) -> Rebuilt:
        """Run a task until its end. Raises what made it fail; it can be gone on with then."""


class Forecasting(Protocol):
    """``forecasting``: the memory that a rebuild would take."""

    def __call__(self, task: Task, place: Place, watcher: Watcher) -> dict[str, Any]:
        """``documents``, ``paragraphs``, ``bytes`` by kind, their ``total``, by which share that may be off
        (``error``), the ``sample`` in words, what each server ``needs``, and whether it ``fits``."""


class Working(Protocol):
    """``working``: take rebuilds from the queue."""

    def __call__(
        self, url: str | None, *, folder: Path | None, archives: Path | None, processes: int,
        burst: bool = False,
    ) -> None:
        """Work until SIGTERM or Ctrl-C, or with ``burst`` until the queue is empty."""
