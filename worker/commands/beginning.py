"""Beginning a rebuild where another one has just died."""

from __future__ import annotations

import time

from nearcopy.errors import Busy, RebuildRunning
from nearcopy.index import lock
from nearcopy.index.lock import Lock
from nearcopy.index.store import Store
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task

AGAIN_SECONDS = 1.0
"""Between two attempts to take the lock."""


def begun(rebuilds: Rebuilds, store: Store, task: Task) -> Status:
    """The status of a new rebuild, in the place of one that died a moment ago. Raises `RebuildRunning`."""
    try:
        return rebuilds.begin(task)
    except RebuildRunning as running:
        if not _died(rebuilds, store, running.id):
            raise
        dead = rebuilds.get(running.id)
        dead.state, dead.error = "failed", "its process died"
        rebuilds.ended(dead)
        return rebuilds.begin(task)


def wait_for_lock(store: Store) -> None:
    """Wait until the lock of the attempt before has fallen: where Redis was away, it could not be given back.
    Raises `Busy` where it does not."""
    until = time.monotonic() + 2 * lock.SECONDS
    while True:
        try:
            with Lock(store):
                return
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(AGAIN_SECONDS)


def _died(rebuilds: Rebuilds, store: Store, id: str) -> bool:
    """Whether a rebuild is said to run, but nobody has the collection's lock and nobody will take it up."""
    status = rebuilds.find(id)
    if status is None or status.state != "running" or rebuilds.in_queue(id):
        return False
    try:
        with Lock(store):
            return True
    except Busy:
        return False
