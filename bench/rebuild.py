"""A rebuild from gzip JSONL to a published generation: how fast, in how much memory, and who notices.

The archive is the press releases; with ``--ten`` one ten times as large besides, of the same texts with 5% of
their words changed. A rebuild runs in a process of its own, with a pool of two, into a Redis on a Unix
socket with its append-only file on; its seconds are those from the start of the pool to the end of `publish`.
Memory is that of these processes together without file cache, ten times a second. The peer is datasketch's
LSH in Redis at 25x5, which is given signatures that are ready, on a sample of the paragraphs.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import psutil
import redis

from bench.check import archive_documents, cut
from bench.common import (
    Figure,
    arguments,
    documents,
    progress,
    quantile,
    report,
    seconds,
    server,
    server_line,
)
from bench.index import Peer
from bench.signing import paragraphs
from nearcopy.archive import Archive, warm_up
from nearcopy.document import Document
from nearcopy.errors import NearcopyError
from nearcopy.index import retiring

CHANGED = 0.05
"""Share of the words that are changed in each text of the ten."""

SAMPLE_SECONDS = 0.1
KILLED_AT = 0.8
CHECKS_A_SECOND = 20
CHECKED_BEFORE = 10.0
"""Seconds of checks before the rebuild begins."""

WORDS = 500
MEMORY = 1536.0
"""Most megabytes of all our processes."""


def releases(quick: bool) -> Iterator[Document]:
    """What is stored."""
    return islice(documents("press_releases"), 0, None, 12 if quick else 1)


def ten_of(quick: bool) -> Iterator[Document]:
    """Each document ten times, with another id, and other words changed, each time."""
    dice = random.Random(5)
    for copy in range(10):
        for one in releases(quick):
            words = one.text.split(" ")
            for place in dice.sample(range(len(words)), round(CHANGED * len(words))) if copy else ():
                words[place] = f"qx{dice.randrange(10**6)}"
            yield replace(one, id=f"{one.id}-{copy}", text=" ".join(words))


def written(path: Path, archive: Iterator[Document]) -> Path:
    """The archive as gzip JSONL."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for one in archive:
            file.write(orjson.dumps(one.to_dict()) + b"\n")
    return path


@dataclass(slots=True)
class Run:
    """A rebuild in a process of its own: seconds until it was published, its summary, megabytes at most."""

    process: subprocess.Popen[str]
    summary: dict[str, Any]
    most: float = 0.0

    @property
    def seconds(self) -> float:
        """Until the new generation was live."""
        return float(self.summary["published"])

    @property
    def paragraphs(self) -> int:
        """As they stand in the archive."""
        return int(self.summary["paragraphs"] + self.summary["repeats"])


@contextmanager
def begun(url: str, archive: Path, folder: Path) -> Iterator[Run]:
    """A rebuild that has just begun; it ends with the block, killed where it is not done."""
    command = [sys.executable, "-m", "bench.rebuilding", url, str(archive), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if process.stdout is None or process.stdout.readline() != "begun\n":
            raise SystemExit("the rebuild did not begin")
        yield Run(process, {})
    finally:
        process.kill()
        process.wait()


def finished(run: Run, sample: bool = True) -> Run:
    """Wait for a rebuild to end, and look at its memory meanwhile."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            run.most = max(run.most, megabytes(run.process.pid))

    watcher = threading.Thread(target=look)
    if sample:
        watcher.start()
    try:
        out, _ = run.process.communicate()
    finally:
        ended.set()
    if run.process.returncode:
        raise SystemExit("the rebuild failed")
    run.summary = json.loads(out)
    return run


def megabytes(pid: int) -> float:
    """Of a process and those it started, what is shared counted once, without file cache."""
    total = 0
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1])
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return 0.0
    return total / 1024


def speed(name: str, run: Run, first: Run | None = None) -> list[Figure]:
    """Speed, stages and memory of a rebuild that has ended; memory beside that of the ``first``."""
    stages = [Figure(f"  {stage}", taken, "s") for stage, taken in run.summary["seconds"].items()]
    note = f"{run.summary['documents']:,} documents, {run.paragraphs:,} paragraphs, {run.seconds:.1f} s"
    out = [
        Figure(f"rebuild, {name}", run.paragraphs / run.seconds, "par/s", least=40_000, note=note),
        Figure("  processor time of our processes", run.summary["processor"], "s"),
        *(stages if first is None else []),
        Figure(f"memory of all our processes, {name}", run.most, "MB", most=MEMORY),
    ]
    if first is not None:
        out.append(Figure("  beside that of a tenth of it", run.most / first.most, "x"))
    return out


def resumed(url: str, archive: Path, folder: Path, whole: Run) -> list[Figure]:
    """Killed at four fifths of the time that a whole rebuild took, and run again; processor time tells how
    much was done."""
    with begun(url, archive, folder) as run:
        before = processor(run.process.pid)
        time.sleep(KILLED_AT * whole.seconds)
        killed = processor(run.process.pid) - before
        run.process.kill()
    with begun(url, archive, folder) as run:
        again = finished(run, sample=False)
    second, all_of_it = again.summary["processor"], whole.summary["processor"]
    note = f"{killed:.1f} s of work, killed, {second:.1f} s; a whole one {all_of_it:.1f} s"
    share = (killed + second) / all_of_it - 1
    return [Figure("killed at 80% of the time: share done again", share, "x", most=0.25, note=note)]


def processor(pid: int) -> float:
    """Seconds of processor time of a process and those it started."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return float(sum(sum(one.cpu_times()[:2]) for one in family))


class Checks:
    """Checks of 500 words on the live generation, so many a second."""

    def __init__(self, archive: Archive, texts: list[str]) -> None:
        self.archive, self.texts = archive, texts
        self.taken: list[float] = []
        self.failed = 0

    def ask(self, until: Callable[[], bool]) -> list[float]:
        """Milliseconds of each until something is so."""
        self.taken, started = [], time.perf_counter()
        for number in range(10**9):
            if until():
                return self.taken
            time.sleep(max(started + number / CHECKS_A_SECOND - time.perf_counter(), 0))
            text = self.texts[number % len(self.texts)]
            try:
                self.taken.append(1000 * seconds(lambda text=text: self.archive.check(text)))  # type: ignore[misc]
            except NearcopyError:
                self.failed += 1
        return self.taken


def checked(url: str, archive: Path, folder: Path, quick: bool) -> list[Figure]:
    """Checks on the live generation before a rebuild and during it, its publish included."""
    texts = [cut(one.text, WORDS) for one in releases(quick) if len(one.text) > 3600][:500]
    with Archive.open(url) as opened:
        checks = Checks(opened, texts)
        end = time.monotonic() + CHECKED_BEFORE
        before = statistics.median(checks.ask(lambda: time.monotonic() > end))
        with begun(url, archive, folder) as run:
            during = checks.ask(lambda: run.process.poll() is not None)
            finished(run, sample=False)
    middle = statistics.median(during)
    note = f"{before:.2f} and {middle:.2f} ms, {len(during)} checks, p99 {quantile(during, 0.99):.1f} ms"
    return [
        Figure("check during a rebuild / before, p50", middle / before, "x", most=2, note=note),
        Figure("  checks that failed", checks.failed, most=0),
    ]


def pinged(url: str, archive: Path, folder: Path) -> list[Figure]:
    """PING after PING, a millisecond apart, while a generation of that archive is retired."""
    with begun(url, archive, folder) as run:
        finished(run, sample=False)
    waits: list[float] = []
    ended = threading.Event()

    def ping() -> None:
        with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as client:
            while not ended.wait(0.001):
                waits.append(1000 * seconds(client.ping))

    with Archive.open(url) as opened:
        store, part = opened.store, opened.store.partitions[0]
        held = store.counts()["paragraphs"]
        # The live one goes: nobody asks it any more
        pinger = threading.Thread(target=ping)
        pinger.start()
        taken = seconds(lambda: retiring.unlink(store.client, part.keys, part.generation))
        ended.set()
        pinger.join()
    note = f"{held:,} paragraphs, {taken:.1f} s, {len(waits)} PINGs, p99 {quantile(waits, 0.99):.2f} ms"
    return [Figure("longest PING while a generation is retired", max(waits), "ms", most=50, note=note)]


def peer(url: str, quick: bool) -> Figure:
    """datasketch's inserts."""
    texts = [one.text for one in islice(releases(quick), 0, None, 4 if quick else 12)]
    blocks = list(dict.fromkeys(paragraphs(texts)))[: 1000 if quick else 15_000]
    found = Peer(url, blocks)
    rate, note = len(blocks) / found.insert_seconds, f"{len(blocks):,} paragraphs"
    return Figure("datasketch in Redis, insert of ready signatures", rate, "par/s", note=note)


def main() -> None:
    """Measure and print."""
    def ten(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--ten", action="store_true", help="an archive ten times the size as well")

    asked = arguments(__doc__, ten)
    warm_up()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="nearcopy-rebuild-") as directory:
        place = Path(directory)
        progress("writing the archive")
        archive = written(place / "archive.jsonl.gz", releases(asked.quick))
        with server(asked.redis) as url:
            with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as client:
                progress(f"{server_line(client)}: rebuilding")
            with begun(url, archive, place / "first") as run:
                whole = finished(run)
            figures += speed("press releases", whole)
            progress("killing one and going on with it")
            figures += resumed(url, archive, place / "second", whole)
            progress("checking during one")
            figures += checked(url, archive, place / "third", asked.quick)
            progress("rebuilding and retiring 500,000 paragraphs")
            stored = written(place / "stored.jsonl.gz", archive_documents(asked.quick))
            figures += pinged(url, stored, place / "fourth")
        with server(asked.redis) as url:
            progress("datasketch")
            figures.append(peer(url, asked.quick))
            ratio = figures[0].value / figures[-1].value
            figures.append(Figure("rebuild / datasketch", ratio, "x"))
        if asked.ten:
            progress("writing ten times the archive")
            larger = written(place / "ten.jsonl.gz", ten_of(asked.quick))
            with server(asked.redis) as url:
                progress("rebuilding it")
                with begun(url, larger, place / "ten") as run:
                    figures += speed("ten times the archive", finished(run), whole)
    report(figures, asked.json)


if __name__ == "__main__":
    main()
