"""Requests at work: so many at once and no more, and each for so long and no longer.

A request has a place only while it is at work. One whose body is still on its way has none, so slow senders
take nobody's; and whoever comes while all places are taken is refused at once, so that a flood never makes
the answers of others slow.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g

from nearcopy.connection import deadline
from service.problems import OVERLOADED, Refused


class Places:
    """``most`` places to work at; a request may work for ``seconds``. Of ``threads``, three quarters may read
    bodies: the others are there for whoever sends none."""

    def __init__(self, most: int, seconds: float, threads: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._readers = threading.BoundedSemaphore(max(1, threads * 3 // 4))
        self._seconds = seconds

    @contextmanager
    def one(self, spent: float = 0.0) -> Iterator[None]:
        """Work at a place, by a request that already worked for ``spent`` seconds. Refuses where none is
        free; Redis is waited for until the deadline at most."""
        if not self._free.acquire(blocking=False):
            raise Refused(OVERLOADED, "as many requests are at work as the service takes: try again")
        try:
            with deadline(self._seconds - spent):
                yield
        finally:
            self._free.release()

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
