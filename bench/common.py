"""What every benchmark needs: real text, a clock, one core, a Redis of its own, a table of figures."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import redis
from redis.connection import AbstractConnection as Connection

from nearcopy import embedded
from nearcopy.document import Document

START_SECONDS = 20.0
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. ``least`` or ``most`` is the target, where there is one."""

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.least is None and self.most is None:
            return None
        enough = self.least is None or self.value >= self.least
        return enough and (self.most is None or self.value <= self.most)

    def line(self) -> str:
        """The figure as a line of the table."""
        target = "" if self.most is None else f"<= {self.most:g}"
        target = target if self.least is None else f">= {self.least:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        number = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.4g}"
        return f"{self.name:<58} {number:>10} {self.unit:<10} {target:>10} {verdict:<6}  {self.note}".rstrip()


def arguments(description: str | None, *more: Callable[[argparse.ArgumentParser], Any]) -> argparse.Namespace:
    """The command line: ``--quick``, ``--json``, and ``--redis`` for a server program."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a small part of the data: no figure, a try")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--redis", type=Path, default=None, help="redis-server to measure with")
    for add in more:
        add(parser)
    return parser.parse_args()


def report(figures: Sequence[Figure], as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        print(json.dumps([asdict(figure) | {"met": figure.met} for figure in figures], indent=1))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for figure in figures:
        print(figure.line())


def progress(text: str) -> None:
    """Tell whoever waits, on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def folder(name: str) -> Path:
    """A folder of ``NEARCOPY_DATA``; ends the program where it is missing."""
    root = os.environ.get("NEARCOPY_DATA")
    if not root or not (Path(root) / name).is_dir():
        raise SystemExit(f"set NEARCOPY_DATA to the folder of real text that holds {name}/")
    return Path(root) / name


def records(name: str) -> Iterator[dict[str, Any]]:
    """The lines of a data set's ``docs.jsonl``, plain or compressed."""
    path = folder(name) / "docs.jsonl"
    with path.open("rb") if path.exists() else gzip.open(f"{path}.gz", "rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def documents(name: str, limit: int | None = None) -> Iterator[Document]:
    """A data set's documents, whose source is their publisher; without the few that hold a NUL."""
    for record in islice(records(name), limit):
        if "\0" not in record["text"]:
            source = record.get("meta", {}).get("source")
            yield Document(id=record["id"], text=record["text"], publisher=source)


def truth(name: str, file: str) -> Iterator[list[str]]:
    """The rows of a truth table, without its head."""
    path = folder(name) / file
    with path.open() if path.exists() else gzip.open(f"{path}.gz", "rt") as lines:
        for line in islice(lines, 1, None):
            yield line.rstrip("\n").split("\t")


def plain_words(text: str) -> list[str]:
    """The words of a text in a script with spaces, by Python's own means."""
    return WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def one_core() -> None:
    """Keep this process, and the threads it starts, on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def rounds(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median seconds of every call. They take turns, so that a busy moment of the machine meets all."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            taken[name].append(seconds(call))
    return {name: statistics.median(times) for name, times in taken.items()}


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of all stay at or under."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@contextmanager
def server(program: Path | None = None, *, durable: bool = True) -> Iterator[str]:
    """The URL of a private Redis on a Unix socket in a folder that is removed at the end.

    ``durable``: with the append-only file that the embedded default has.
    """
    installed = Path("/usr/bin/redis-server")
    program = program or (installed if installed.exists() else embedded.find_server())
    with tempfile.TemporaryDirectory(prefix="nearcopy-bench-") as directory:
        socket = Path(directory) / "s"
        process = subprocess.Popen(
            [str(program), "--port", "0", "--unixsocket", str(socket), "--dir", directory, "--save", "",
             "--appendonly", "yes" if durable else "no", "--loglevel", "warning"],
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait(socket)
            yield f"unix://{socket}"
        finally:
            process.kill()
            process.wait()


def _wait(socket: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with redis.Redis(unix_socket_path=str(socket)) as client:
                client.ping()
                return
        except redis.RedisError:
            time.sleep(0.02)
    raise SystemExit("the redis-server did not start")


@contextmanager
def round_trips() -> Iterator[list[int]]:
    """Counts, as the one item of the list, how often the driver sends and waits while the block runs."""
    counted, send = [0], Connection.send_packed_command

    def counting(self: Any, *args: Any, **named: Any) -> Any:
        counted[0] += 1
        return send(self, *args, **named)

    Connection.send_packed_command = counting
    try:
        yield counted
    finally:
        Connection.send_packed_command = send


def used_bytes(client: Any) -> int:
    """The server's memory in use, without what its clients and the writing of its file hold just now."""
    info = client.info("memory")
    return int(info["used_memory"] - info["mem_clients_normal"] - info["mem_aof_buffer"])


def server_line(client: Any) -> str:
    """Which server is measured."""
    info = client.info()
    return f"Redis {info['redis_version']}, {info['mem_allocator']}"


def drain(items: Iterable[object]) -> int:
    """Go through all items; how many there were."""
    return sum(1 for _ in items)
