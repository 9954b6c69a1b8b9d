"""Runs the parts of a stage on an executor, a few at a time, and leaves out those that are finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from worker.rebuild.journal import Journal

Progress = Callable[[str, int], None]
"""Called with a stage and how many of its parts are done, at its beginning and after each part."""

Task = tuple[str, tuple[Any, ...]]
"""A part's name, and the arguments that its stage's function takes."""

IN_FLIGHT = 8
"""Parts handed out at a time: a block brings its 4 MB along."""


def run(
    stage: str, function: Callable[..., str], tasks: Iterable[Task], executor: Executor, journal: Journal,
    progress: Progress,
) -> None:
    """Do every part that is not finished; the function returns the part's checksum. Raises what it raises,
    once the parts that had begun by then have ended: nobody writes into the folder afterwards.
    """
    done = 0
    pending: dict[Future[str], str] = {}

    def take() -> None:
        nonlocal done
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in finished:
            journal.finished(pending.pop(future), future.result())
            done += 1
            progress(stage, done)

    progress(stage, 0)
    try:
        for name, arguments in tasks:
            if journal.has(name):
                done += 1
                progress(stage, done)
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
