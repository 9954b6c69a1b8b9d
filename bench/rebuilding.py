"""One rebuild in a process of its own, to be measured or killed: `main`, with its arguments.

It tells a line when it begins, and another at the end: the summary in JSON; the ``published`` seconds, from
the start of the pool to the moment in which the new generation was live; the ``processor`` seconds of all.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path

from nearcopy.archive import Archive, warm_up
from nearcopy.jobs.task import Task
from worker.pool import pool
from worker.rebuild import Reading, rebuild

PROCESSES = 2


def main(url: str, archive: str, folder: str) -> None:
    """Make the collection that archive; nobody reads the generation before it."""
    warm_up()
    task = Task(archives=(archive,))
    print("begun", flush=True)
    started, used, ends = time.perf_counter(), processor(), dict[str, float]()
    with pool(PROCESSES) as executor, Archive.open(url) as opened:
        summary = rebuild(
            opened.store, task, Reading.of(task), executor=executor, folder=Path(folder), grace=0.0,
            # The stage after that in which it is published
            progress=lambda report: ends.setdefault(report.stage, time.perf_counter() - started),
        )
    end = {"published": ends["retire"], "processor": processor() - used}
    print(json.dumps({**asdict(summary), **end}), flush=True)


def processor() -> float:
    """Seconds of processor time of this process and those that it started and that have ended."""
    mine, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
