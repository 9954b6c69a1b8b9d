"""Runs the parts of a stage on an executor, a few at a time, and leaves out those that are finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any

from worker.rebuild.journal import Journal


@dataclass(slots=True)
class Report:
    """How far a rebuild is: the stage, how many of its parts are done, of how many (None: not known yet).

    Of the archive so far: ``documents``, ``paragraphs`` as they stand, ``rejects``, and bytes on disk that
    were read, of how many (None: not known).
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    documents: int = 0
    paragraphs: int = 0
    rejects: int = 0
    bytes_read: int = 0
    bytes_total: int | None = None


Progress = Callable[[Report], None]
"""Called at the beginning of a stage and after each part; what it raises ends the rebuild."""

Part = tuple[str, tuple[Any, ...]]
"""A part's name, and the arguments that its stage's function takes."""

IN_FLIGHT = 8
"""Parts handed out at a time: a block brings its 4 MB along."""


def run(
    function: Callable[..., str], parts: Iterable[Part], executor: Executor, journal: Journal,
    done: Callable[[str], None],
) -> None:
    """Do every part that is not finished, and tell ``done`` the name of each that is. The function returns
    the part's checksum. Raises what it raises, once the parts that had begun by then have ended: nobody
    writes into the folder afterwards.
    """
    pending: dict[Future[str], str] = {}

    def take() -> None:
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            name = pending.pop(future)
            journal.finished(name, future.result())
            done(name)

    try:
        for name, arguments in parts:
            if journal.has(name):
                done(name)
                continue
            if len(pending) >= IN_FLIGHT:
                take()
            pending[executor.submit(function, *arguments)] = name
        while pending:
            take()
    finally:
        begun = {future for future in pending if not future.cancel()}
        wait(begun)
        for future in begun:
            if future.exception() is None:
                journal.finished(pending[future], future.result())
