"""Archives to rebuild from, and rebuilds that die. Run as a program, it is a rebuild that kills itself."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.jobs.task import Task
from tests.integration.making import document
from worker.rebuild import Progress, Reading, Report, Summary, rebuild

BLOCK = 4096
"""Bytes: so that a small archive has many blocks."""


def articles(count: int, seed: int = 0) -> list[Document]:
    """Documents that share paragraphs, with a line that stands in each."""
    draw = random.Random(seed)
    return [
        document(f"d{n}", [-1, *draw.sample(range(3 * count), draw.randint(1, 6))], publisher=f"p{n % 3}")
        for n in range(count)
    ]


def written(path: Path, archive: Sequence[Document]) -> Path:
    """The archive as JSON lines."""
    path.write_text("".join(json.dumps(one.to_dict()) + "\n" for one in archive))
    return path


def rebuilt(
    archive: Archive, path: Path | None, folder: Path, executor: Executor | None = None, *,
    grace: float = 0.0, progress: Progress = lambda _: None, **options: Any,
) -> Summary:
    """A rebuild in blocks and parts so small that every stage has several; ``options`` are the task's.
    Without a ``path`` it is made of the stored documents."""
    asked = {"archives": (str(path),) if path else (), "memory": 300 << 10, "keep": 0, **options}
    task = Task(collection=archive.store.collection, **asked)
    with ThreadPoolExecutor(1) as one:
        return rebuild(
            archive.store, task, Reading.of(task), executor=executor or one, folder=folder,
            block_bytes=BLOCK, grace=grace, progress=progress,
        )


def at(stage: str, done: int, act: Callable[[], None]) -> Progress:
    """A progress that acts at one point."""
    def progress(report: Report) -> None:
        if (report.stage, report.done) == (stage, done):
            act()

    return progress


def main(url: str, collection: str, path: str, folder: str, stage: str, done: str) -> None:
    """Rebuild until that point, and no further."""
    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with Archive.open(url, collection) as archive:
        rebuilt(archive, Path(path), Path(folder), progress=at(stage, int(done), die))


if __name__ == "__main__":
    main(*sys.argv[1:])
