"""Requests at work: so many at once and no more, and each for so long and no longer.

A request has a place only while it is at work. One whose body is still on its way has none, so slow senders
take nobody's; and whoever comes while all places are taken is refused at once, so that a flood never makes
the answers of others slow. One API key never has all of them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g

from nearcopy.connection import deadline
from service.keys.guard import caller
from service.problems import OVERLOADED, Refused


class Places:
    """``most`` places to work at, three quarters of them for one key; a request may work for ``seconds``. Of
    ``threads``, three quarters may read bodies: the others are there for whoever sends none."""

    def __init__(self, most: int, seconds: float, threads: int) -> None:
        self._most, self._most_of_one = most, max(1, most * 3 // 4)
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._readers = threading.BoundedSemaphore(max(1, threads * 3 // 4))
        self._seconds = seconds

    @contextmanager
    def one(self, spent: float = 0.0) -> Iterator[None]:
        """Work at a place, by a request that already worked for ``spent`` seconds. Refuses where none is
        free; Redis is waited for until the deadline at most."""
        key = caller()
        holder = key.id if key else ""
        self._take(holder)
        try:
            with deadline(self._seconds - spent):
                yield
        finally:
            with self._lock:
                self._held[holder] -= 1
                if not self._held[holder]:
                    del self._held[holder]

    def _take(self, holder: str) -> None:
        with self._lock:
            if self._held.total() >= self._most:
                raise Refused(OVERLOADED, "as many requests are at work as the service takes: try again")
            if holder and self._held[holder] >= self._most_of_one:
                raise Refused(OVERLOADED, "as many requests are at work as one API key may have: try again")
            self._held[holder] += 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read a body. Refuses where too many are on their way, and then nothing more of this one is read."""
        if not self._readers.acquire(blocking=False):
            g.leave_body = True
            raise Refused(OVERLOADED, "as many bodies are on their way as the service reads: try again")
        try:
            yield
        finally:
            self._readers.release()
