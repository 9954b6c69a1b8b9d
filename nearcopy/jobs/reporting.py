"""A rebuild's report of itself, from the process that runs it to whoever asks."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

import psutil

from nearcopy.errors import Busy, Cancelled, StorageUnavailable
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import State, Status

EVERY_SECONDS = 1.0

PATIENCE_SECONDS = 120.0
"""How long the end is kept ready where Redis does not answer. Without it, all would be done again."""


class Reporter:
    """What tells the progress of a rebuild: ``report("sign", 3, 8, documents=…)``. A context manager.

    The first call says that it runs. From then on its status is written once a second, in a thread, whatever
    the rebuild does meanwhile, and whether or not Redis is away for a while. A call raises `Cancelled` where
    the rebuild shall end, and `Busy` where another has taken it up. `end` says how it ended; a reporter that
    is left without it leaves the last word to whoever takes the rebuild up.
    """

    def __init__(self, rebuilds: Rebuilds, status: Status) -> None:
        self.status = status
        self._rebuilds = rebuilds
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._cancelled = self._superseded = False
        self._begun = self._stage_begun = 0.0

    def __call__(self, stage: str, done: int, total: int | None = None, **figures: Any) -> None:
        """Note how far a stage is, and ``figures``: fields of `Status`. Only the first call writes itself."""
        if self._thread is None:
            self._note_begin()
        with self._lock:
            if stage != self.status.stage:
                self._next(stage)
            self.status.done, self.status.total = done, total
            for name, value in figures.items():
                setattr(self.status, name, value)
        if self._thread is None:
            self._look()
            self._thread = threading.Thread(target=self._run, daemon=True, name="report")
            self._thread.start()
        if self._superseded:
            raise Busy(f"rebuild {self.status.id} was taken up by another, as nothing was heard of this one")
        if self._cancelled:
            raise Cancelled(f"rebuild {self.status.id} was cancelled")

    def end(self, state: State, error: str | None = None, **figures: Any) -> None:
        """Write how it ended. Raises `StorageUnavailable` where Redis stays away for two minutes."""
        self._stop()
        self._now(self.status.memory)
        self._next(None)
        self.status.state, self.status.error, self.status.left = state, error, None
        for name, value in figures.items():
            setattr(self.status, name, value)
        patient(lambda: None if self._is_superseded() else self._rebuilds.ended(self.status))

    def _note_begin(self) -> None:
        self._begun = time.monotonic()
        self.status.state, self.status.error, self.status.stage = "running", None, None
        self.status.began = self.status.began or time.time()
        self.status.attempts += 1

    def _next(self, stage: str | None) -> None:
        """Another stage begins."""
        now, last = time.monotonic(), self.status.stage
        if last is not None and self._stage_begun:
            self.status.seconds[last] = round(self.status.seconds.get(last, 0.0) + now - self._stage_begun, 3)
        self.status.stage, self._stage_begun = stage, now

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            with contextlib.suppress(StorageUnavailable):
                self._look()

    def _look(self) -> None:
        """See whether it shall end, and write how it goes."""
        self._cancelled = self._rebuilds.to_end(self.status.id)
        self._superseded = self._is_superseded()
        if not self._superseded:
            self._rebuilds.write(self._now(memory_of_all()))

    def _is_superseded(self) -> bool:
        stored = self._rebuilds.find(self.status.id)
        return stored is not None and stored.attempts > self.status.attempts

    def _now(self, memory: int) -> Status:
        """How it goes."""
        with self._lock:
            now, status = time.monotonic(), self.status
            status.heard, status.memory = time.time(), memory
            status.rate = round(status.paragraphs / max(now - self._begun, EVERY_SECONDS), 1)
            status.left = None
            if status.total and status.done:
                left = (now - self._stage_begun) / status.done * (status.total - status.done)
                status.left = round(max(left, 0.0), 1)
            return replace(status, seconds=dict(status.seconds))

    def _stop(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()


def memory_of_all() -> int:
    """Bytes that this process and those below it take; what they share is counted once."""
    me = psutil.Process()
    total = 0
    for process in [me, *me.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += process.memory_full_info().pss
    return total


def patient(call: Callable[[], None]) -> None:
    """Try again for two minutes where Redis does not answer."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except StorageUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(EVERY_SECONDS)
