"""A check of a 500-word submission against 500,000 paragraphs: engine, HTTP, and a service's first answer.

Submissions are a third press releases that are stored, a third parts of two of them with each word changed
with 5% chance, a third texts that are not stored. The peer is datasketch's LSH in Redis at 25x5 over a sample
of the paragraphs, asked for each paragraph of the same submissions; it verifies nothing and shows no passage.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path

from bench.common import (
    Figure,
    arguments,
    documents,
    progress,
    quantile,
    report,
    round_trips,
    seconds,
    server,
    server_line,
)
from bench.index import Peer, bulk
from bench.signing import paragraphs
from nearcopy.archive import Archive, warm_up
from nearcopy.document import Document

WORDS = 500
LAWS = 1500
"""German laws stored beside the press releases and the codes, to make 500,000 distinct paragraphs."""

START_SECONDS = 60
SERVE = [str(Path(sys.executable).with_name("nearcopy")), "serve"]
KINDS = ("stored", "changed", "foreign")


@dataclass(frozen=True, slots=True)
class Case:
    """A submission, and the document that most of it is from."""

    kind: str
    text: str
    source: str | None


def archive_documents(quick: bool) -> Iterator[Document]:
    """What is stored."""
    step = 12 if quick else 1
    parts = (documents("press_releases"), documents("civil_codes"), islice(documents("laws_de"), LAWS))
    return chain.from_iterable(islice(part, 0, None, step) for part in parts)


def cases(quick: bool, count: int) -> list[Case]:
    """Submissions, the three kinds in turn."""
    dice = random.Random(4)
    releases = islice(documents("press_releases"), 0, None, 12 if quick else 1)
    stored = [release for release in releases if len(release.text) > 3600]
    foreign = [d.text for d in documents("versioned_docs") if len(d.text) > 4000]
    out = []
    for _ in range(count // 3):
        first, second, third = dice.sample(stored, 3)
        out.append(Case("stored", cut(first.text, WORDS), first.id))
        halves = cut(second.text, 3 * WORDS // 5) + "\n\n" + cut(third.text, 2 * WORDS // 5)
        out.append(Case("changed", changed(halves, 0.05, dice), second.id))
        out.append(Case("foreign", cut(dice.choice(foreign), WORDS), None))
    return out


def cut(text: str, words: int) -> str:
    """The beginning of a text, its layout kept."""
    ends = [match.end() for match in islice(re.finditer(r"\S+", text), words)]
    return text[: ends[-1]]


def changed(text: str, share: float, dice: random.Random) -> str:
    """The text with each word replaced with that probability by one that stands nowhere."""
    return re.sub(
        r"\w+", lambda m: f"qx{dice.randrange(10**6)}" if dice.random() < share else m[0], text
    )


def latencies(name: str, taken: list[float], p50: float, p99: float | None = None) -> list[Figure]:
    """Median and 99th percentile of some milliseconds."""
    return [
        Figure(f"{name}, p50", statistics.median(taken), "ms", most=p50),
        Figure(f"{name}, p99", quantile(taken, 0.99), "ms", most=p99, note=f"{len(taken)} checks"),
    ]


def engine_figures(archive: Archive, asked: list[Case]) -> list[Figure]:
    """Milliseconds, round trips and verdicts of `Archive.check`."""
    taken: list[float] = []
    trips: list[int] = []
    found = dict.fromkeys(KINDS, 0)
    by_kind: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for case in asked:
        archive.check(case.text)
        with round_trips() as counted:
            one = 1000 * seconds(partial(archive.check, case.text))
        taken.append(one)
        by_kind[case.kind].append(one)
        trips.append(counted[0])
        answer = archive.check(case.text, limit=1000)
        sources = {source.document for source in answer.sources}
        found[case.kind] += case.source in sources if case.source else not sources
    return [
        *latencies("check, engine", taken, 3),
        *(Figure(f"  {kind}, p50", statistics.median(some), "ms") for kind, some in by_kind.items()),
        Figure("round trips to Redis a check, most", max(trips), most=3),
        *(Figure(f"  {kind}: its document found" if kind != "foreign" else "  foreign: no source",
                 100 * found[kind] / len(by_kind[kind]), "%") for kind in KINDS),
    ]


@contextmanager
def service(redis_url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`nearcopy serve` in a process of its own, not waited for; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NEARCOPY_REDIS_URL": redis_url, "NEARCOPY_PORT": str(port)}
    process = subprocess.Popen(SERVE, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(connection: http.client.HTTPConnection, body: bytes) -> bytes:
    """One check over HTTP; raises `OSError` where nobody answers."""
    connection.request("POST", "/v1/check", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"the service answered {answer.status}: {content[:300]!r}")
    return content


def first_answer(process: subprocess.Popen[bytes], port: int, body: bytes) -> None:
    """Ask until the service answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            ask(connection, body)
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        finally:
            connection.close()
    raise SystemExit("the service did not answer")


def http_figures(url: str, asked: list[Case], starts: int) -> list[Figure]:
    """One client on a connection that stays open; and the time from process start to the first answer."""
    bodies = [json.dumps({"text": case.text}).encode() for case in asked]
    started, taken = [], []
    for number in range(starts):
        begun = time.perf_counter()
        with service(url) as (process, port):
            first_answer(process, port, bodies[0])
            started.append(time.perf_counter() - begun)
            if number == 0:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                for body in bodies[:40]:
                    ask(connection, body)
                taken = [1000 * seconds(partial(ask, connection, body)) for body in bodies]
                connection.close()
    return [
        *latencies("check, HTTP", taken, 5, 20),
        Figure("start to first answer", statistics.median(started), "s", most=3, note=f"of {starts} starts"),
    ]


def peer_figures(url: str, asked: list[Case], blocks: list[str]) -> list[Figure]:
    """datasketch, asked for every paragraph of the same submissions."""
    peer = Peer(url, blocks)

    def check(text: str) -> None:
        peer.query([peer.sketch(block) for block in paragraphs([text])])

    with round_trips() as trips:
        taken = [1000 * seconds(partial(check, case.text)) for case in asked]
    note = f"{len(blocks):,} paragraphs; signing by datasketch included; nothing is verified"
    return [
        Figure("datasketch in Redis, p50", statistics.median(taken), "ms", note=note),
        Figure("datasketch in Redis, p99", quantile(taken, 0.99), "ms"),
        Figure("datasketch in Redis, round trips a submission", trips[0] / len(asked)),
    ]


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    warm_up()
    some = cases(asked.quick, 60 if asked.quick else 600)
    with server(asked.redis) as url, Archive.open(url) as archive:
        progress(f"{server_line(archive.store.client)}: loading")
        bulk(archive.store, archive_documents(asked.quick))
        count = archive.stats()["paragraphs"]
        figures = [Figure("distinct paragraphs stored", count, least=None if asked.quick else 500_000)]
        progress("engine")
        figures += engine_figures(archive, some)
        progress("HTTP")
        figures += http_figures(url, some, 1 if asked.quick else 3)
    with server(asked.redis) as url:
        progress("datasketch")
        stored = islice(documents("press_releases"), 0, None, 40 if asked.quick else 10)
        blocks = list(dict.fromkeys(paragraphs([d.text for d in stored])))
        figures += peer_figures(url, some[:60], blocks[: 2000 if asked.quick else 20000])
    report(figures, asked.json)


if __name__ == "__main__":
    main()
