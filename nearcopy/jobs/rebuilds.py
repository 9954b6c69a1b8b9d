"""The rebuilds that are known: queued, running, and those that ended in the last 30 days."""

from __future__ import annotations

import re
import secrets
import time

from rq.job import Job

from nearcopy.connection import Client, steady
from nearcopy.errors import Busy, NotFound, RebuildRunning
from nearcopy.index import keys
from nearcopy.index.lock import leave
from nearcopy.jobs.status import ENDED, Status
from nearcopy.jobs.task import Task

KEPT_SECONDS = 30 * 24 * 3600
LISTED_SECONDS = 2 * KEPT_SECONDS
"""Counted from when it was asked for, and not from its end."""

ID = r"[0-9a-f]{16}"

QUEUEING_SECONDS = 30.0
"""What it may take from the moment in which a rebuild is noted to that in which it is in the queue."""

ATTEMPTS = 10
"""How often the place of a collection's rebuild is tried for: each failure means that another left it."""


class Rebuilds:
    """The rebuilds of one Redis. Every method raises `StorageUnavailable`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def begin(self, task: Task) -> Status:
        """Note a rebuild as queued, unless the collection has one; raises `RebuildRunning`."""
        status = Status(secrets.token_hex(8), task)
        # First: whoever finds the id at its collection must find the status
        self.write(status)
        try:
            self._claim(status)
        except RebuildRunning:
            steady(lambda: self.client.delete(keys.rebuild(status.id)))
            raise
        name = keys.rebuilds(task.collection)
        steady(lambda: self.client.zadd(name, {status.id: status.asked}))
        steady(lambda: self.client.zremrangebyscore(name, 0, status.asked - LISTED_SECONDS))
        return status

    def get(self, id: str) -> Status:
        """How a rebuild goes. Raises `NotFound`."""
        found = self.find(id)
        if found is None:
            raise NotFound(f"there is no rebuild {id!r}; those that ended are kept for 30 days")
        return found

    def find(self, id: str) -> Status | None:
        """How a rebuild goes, if there is one."""
        if not re.fullmatch(ID, id):
            return None
        stored = steady(lambda: self.client.get(keys.rebuild(id)))
        return Status.unpacked(stored).seen(time.time()) if stored else None

    def newest(self, collection: str, limit: int) -> list[Status]:
        """The last rebuilds of a collection, the newest first."""
        ids = steady(lambda: self.client.zrevrange(keys.rebuilds(collection), 0, limit - 1))
        return [found for id in ids if (found := self.find(id.decode()))]

    def current(self, collection: str) -> str | None:
        """The id of the rebuild of a collection that runs or will be taken up, if there is one."""
        holder = steady(lambda: self.client.get(keys.current_rebuild(collection)))
        return holder.decode() if holder is not None and self._lives(holder.decode()) else None

    def forget(self, collection: str) -> None:
        """Remove all that is known of the rebuilds of a collection that is no more."""
        for id in steady(lambda: self.client.zrange(keys.rebuilds(collection), 0, -1)):
            for name in keys.rebuild(id.decode()), keys.rebuild_end(id.decode()):
                steady(lambda name=name: self.client.delete(name))  # type: ignore[misc]
        for name in keys.rebuilds(collection), keys.current_rebuild(collection):
            steady(lambda name=name: self.client.delete(name))  # type: ignore[misc]

    def write(self, status: Status) -> None:
        """Store how it goes."""
        name, packed = keys.rebuild(status.id), status.packed()
        steady(lambda: self.client.set(name, packed, ex=KEPT_SECONDS))

    def ended(self, status: Status) -> None:
        """Store how it ended; the collection can have another."""
        status.ended = time.time()
        self.write(status)
        self._leave(status.task.collection, status.id)

    def ask_to_end(self, id: str) -> None:
        """Have a rebuild cancelled by whoever runs it, with his next report."""
        steady(lambda: self.client.set(keys.rebuild_end(id), 1, ex=KEPT_SECONDS))

    def to_end(self, id: str) -> bool:
        """Whether a rebuild shall be cancelled."""
        return bool(steady(lambda: self.client.exists(keys.rebuild_end(id))))

    def in_queue(self, id: str) -> bool:
        """Whether the queue holds a rebuild: waiting, or in the hands of a worker, dead or alive."""
        return bool(steady(lambda: self.client.exists(Job.key_for(id))))

    def _claim(self, status: Status) -> None:
        """Take the place of the collection's rebuild, where nobody alive holds it."""
        name, mine = keys.current_rebuild(status.task.collection), status.id.encode()
        for _ in range(ATTEMPTS):
            if steady(lambda: self.client.set(name, mine, nx=True)):
                return
            holder = steady(lambda: self.client.get(name))
            if holder == mine:
                return
            if holder is not None:
                if self._lives(holder.decode()):
                    raise _running(status.task.collection, holder.decode())
                self._leave(status.task.collection, holder.decode())
        raise Busy(f"others begin rebuilds of {status.task.collection!r} all the time: try again")

    def _lives(self, id: str) -> bool:
        """Whether a rebuild runs, or will be taken up."""
        status = self.find(id)
        if status is None or status.state in ENDED:
            return False
        fresh = status.state == "queued" and time.time() - status.asked < QUEUEING_SECONDS
        return status.state == "running" or fresh or self.in_queue(id)

    def _leave(self, collection: str, id: str) -> None:
        leave(self.client, keys.current_rebuild(collection), id)


def _running(collection: str, id: str) -> RebuildRunning:
    return RebuildRunning(
        f"rebuild {id} of collection {collection!r} is queued or running: wait for its end, or cancel it", id
    )
