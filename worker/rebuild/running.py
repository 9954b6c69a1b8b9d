"""Runs the parts of a stage on an executor, a few at a time, and leaves out those that are finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Any, Protocol

from worker.archive import Block, Source, blocks


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


class Record(Protocol):
    """What is finished; a part is noted with the result of its function."""

    def has(self, part: str) -> bool:
        """Whether a part is finished."""

    def finished(self, part: str, result: str) -> None:
        """A part has been done."""


def read(sources: Sequence[Source], block_bytes: int, report: Report) -> Iterator[Block]:
    """The blocks of archives; the report says how much of them was read."""
    earlier, source = 0, ""
    for block in blocks(sources, block_bytes=block_bytes):
        yield block
        if block.source != source:
            # A block tells how much of its own source was read.
            source, earlier = block.source, report.bytes_read
        report.bytes_read = earlier + block.read


IN_FLIGHT = 8
"""Parts handed out at a time: a block brings its 4 MB along."""


def run(
    function: Callable[..., str], parts: Iterable[Part], executor: Executor, record: Record,
    done: Callable[[str], None],
) -> None:
    """Do every part that is not finished by the record, and tell ``done`` the name of each that is. Raises
    what the function raises, once the parts that had begun by then have ended: nobody writes afterwards.
    """
    pending: dict[Future[str], str] = {}

    def take() -> None:
        finished, _ = wait(pending, return_when=FIRST_COMPLETED)
        names = [pending[future] for future in finished]
        for future in finished:
            record.finished(pending[future], future.result())
            del pending[future]
        for name in names:
            done(name)

    try:
        for name, arguments in parts:
            if record.has(name):
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
                record.finished(pending[future], future.result())
