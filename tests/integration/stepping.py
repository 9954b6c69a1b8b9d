"""A rebuild in a process of its own, with a pool of two, that stops at given points until told to go on.

Run as a program it is that process; it ends by itself when its pool, Redis or the test dies.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil

from nearcopy.archive import Archive
from tests.ending import still_running
from tests.integration.rebuilding import rebuilt
from worker.pool import pool
from worker.rebuild import Report

Point = tuple[str, int]
"""A stage, and how many of its parts are done."""


class Stepping:
    """That process, seen from the test."""

    def __init__(
        self, url: str, collection: str, path: Path, folder: Path, points: Sequence[Point]
    ) -> None:
        arguments = [url, collection, str(path), str(folder), json.dumps(points)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.stepping", *arguments], text=True, bufsize=1,
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )

    def reached(self) -> Point | None:
        """The next point at which it stands; None where it has ended."""
        line = _pipe(self.process.stdout).readline()
        return tuple(json.loads(line)) if line else None

    def go(self) -> None:
        """On to the next point."""
        _pipe(self.process.stdin).write("\n")

    def pool(self) -> list[psutil.Process]:
        """The processes of its pool."""
        return psutil.Process(self.process.pid).children()

    def kill(self) -> None:
        """SIGKILL it; its pool dies with it."""
        pool = self.pool()
        self.process.kill()
        self.process.wait()
        assert still_running(pool, 30) == []

    def end(self) -> tuple[int, str]:
        """Wait until it has ended; its exit code, and what it complained about."""
        complaint = self.process.communicate(timeout=60)[1]
        return self.process.returncode, complaint


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def main(url: str, collection: str, path: str, folder: str, points: str) -> None:
    """Rebuild, and stop at each point."""
    waiting = {tuple(point) for point in json.loads(points)}

    def progress(report: Report) -> None:
        point = (report.stage, report.done)
        if point in waiting:
            waiting.remove(point)
            print(json.dumps(point), flush=True)
            if not sys.stdin.readline():
                os.killpg(0, signal.SIGKILL)  # the test has ended

    with pool(2) as executor, Archive.open(url, collection) as archive:
        rebuilt(archive, Path(path), Path(folder), executor, grace=0.5, progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
