"""What goes on inside, told to whoever watches: the stages of checks, their figures, traffic with Redis.

Nobody does unless a program says so with `watch`; a stage then costs less than a microsecond.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal, Protocol

Stage = Literal["segment", "sign", "look_up", "fetch", "align", "judge"]


class Watcher(Protocol):
    """Is called from the threads that work, at once, and must not raise."""

    def passed(self, stage: Stage, seconds: float) -> None:
        """A stage of a check has ended; submissions that are checked together pass the first four together,
        once."""

    def checked(self, candidates: int, verified: int, matches: int) -> None:
        """A check has ended, with so many candidates, as many of them verified, and as many sources."""

    def sent(self, size: int) -> None:
        """A round trip to Redis began, with so many bytes."""


watcher: Watcher | None = None


def watch(by: Watcher | None) -> None:
    """Have everything in this process told to one watcher from now on; None for nobody."""
    global watcher
    watcher = by


def checked(candidates: int, verified: int, matches: int) -> None:
    """Tell of a check that has ended."""
    if watcher is not None:
        watcher.checked(candidates, verified, matches)


def sent(command: bytes | Iterable[bytes]) -> None:
    """Tell of what goes out to Redis."""
    if watcher is not None:
        watcher.sent(len(command) if isinstance(command, bytes) else sum(map(len, command)))


class stage:  # noqa: N801
    """A context manager around one stage of a check."""

    __slots__ = ("_began", "_name")

    def __init__(self, name: Stage) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        if watcher is not None:
            watcher.passed(self._name, time.perf_counter() - self._began)
