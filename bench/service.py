"""The service under load: single checks at 8 connections, the batch stream, and the bare ceiling.

Submissions of 500 words as in ``bench.check``, against 500,000 paragraphs. Service, Redis and load generator
share the machine. A batch is sent as one body, with its length, over one connection, and over two at once.
The bare ceiling is the same server with as many workers, answering a constant JSON to the same requests;
what the framework adds is measured on one connection: the time of a check over HTTP, less what the engine
took for it, less that of the constant answer. With ``--memory`` 100,000 checks are asked instead, and the
memory of each process that answers is looked at.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil
from granian import Granian
from granian.constants import Interfaces

from bench.check import archive_documents, ask, cases, first_answer, service
from bench.common import Figure, arguments, progress, quantile, report, seconds, server, server_line
from bench.index import bulk
from nearcopy.archive import Archive, warm_up

CONNECTIONS = 8
MEMORY_CHECKS = 100_000
NDJSON = {"Content-Type": "application/x-ndjson"}


def constant(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """The application of the bare ceiling."""
    while environ["wsgi.input"].read(1 << 16):
        pass
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"verdict":"unique"}']


def serve_constant() -> None:
    """Serve that, as `nearcopy serve` serves the application."""
    Granian(
        "bench.service:constant", interface=Interfaces.WSGI, port=int(os.environ["NEARCOPY_PORT"]),
        workers=2, blocking_threads=256, backpressure=512, websockets=False,
    ).serve()


def connected(port: int) -> http.client.HTTPConnection:
    """A connection that sends at once."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def at_once(port: int, bodies: list[bytes], connections: int) -> tuple[float, list[float]]:
    """Requests a second, and the milliseconds of each, with all connections busy all the time."""
    rest, taken, lock = iter(bodies), list[float](), threading.Lock()

    def run() -> None:
        connection = connected(port)
        while True:
            with lock:
                body = next(rest, None)
            if body is None:
                break
            taken.append(1000 * seconds(partial(ask, connection, body)))
        connection.close()

    return len(bodies) / seconds(partial(in_threads, [run] * connections)), taken


def in_threads(calls: list[Callable[[], None]]) -> None:
    """All calls, side by side."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def batch(port: int, bodies: list[bytes]) -> None:
    """Send lines on one thread, and read as many answers on this one."""
    body = b"".join(one + b"\n" for one in bodies)
    connection = connected(port)
    connection.putrequest("POST", "/v1/check/batch")
    for name, value in (NDJSON | {"Content-Length": str(len(body))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    sender = threading.Thread(target=connection.sock.sendall, args=(body,))
    sender.start()
    answers = sum(1 for line in connection.getresponse() if b'"verdict"' in line)
    sender.join()
    connection.close()
    if answers != len(bodies):
        raise SystemExit(f"{answers} reports for {len(bodies)} lines")


@contextmanager
def bare() -> Iterator[int]:
    """The port of the same server, answering a constant."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "from bench.service import serve_constant; serve_constant()"
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=os.environ | {"NEARCOPY_PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        first_answer(process, port, b"{}")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def alone(port: int, bodies: list[bytes]) -> float:
    """The median milliseconds of requests one after another, less what the engine says that it took."""
    connection = connected(port)
    taken = []
    for body in bodies:
        began = time.perf_counter()
        answer = ask(connection, body)
        taken.append(1000 * (time.perf_counter() - began) - json.loads(answer).get("took_ms", 0.0))
    connection.close()
    return statistics.median(taken)


def figures_of(url: str, bodies: list[bytes]) -> list[Figure]:
    """Everything that is asked of the running service."""
    with service(url) as (process, port):
        first_answer(process, port, bodies[0])
        at_once(port, bodies[:200], CONNECTIONS)
        progress("single checks")
        single, taken = at_once(port, bodies, CONNECTIONS)
        progress("batches")
        one = len(bodies) / seconds(partial(batch, port, bodies))
        halves = bodies[::2], bodies[1::2]
        two = len(bodies) / seconds(partial(in_threads, [partial(batch, port, half) for half in halves]))
        around = alone(port, bodies[:300])
    with bare() as port:
        nothing = alone(port, bodies[:300])
        ceiling, _ = at_once(port, bodies, CONNECTIONS)
    return [
        Figure(f"single checks, {CONNECTIONS} connections", single, "a second", least=250),
        Figure("  p50", statistics.median(taken), "ms"),
        Figure("  p99", quantile(taken, 0.99), "ms", most=60, note=f"{len(taken)} checks"),
        Figure("batch, one stream", one, "a second", least=600),
        Figure("batch, two streams", two, "a second", least=600),
        Figure("  more than single checks", max(one, two) / single, "times", least=2),
        Figure("bare ceiling, a constant answer", ceiling, "a second"),
        Figure("added over it to a check", around - nothing, "ms", most=1),
    ]


def memory_figures(url: str, bodies: list[bytes], checks: int) -> list[Figure]:
    """What the larger process that answers has after so many checks, and gained over the last half."""
    whole = (bodies * (checks // len(bodies) + 1))[:checks]
    with service(url) as (process, port):
        first_answer(process, port, bodies[0])
        answering = [one for one in psutil.Process(process.pid).children() if one.net_connections("tcp")]
        sizes = []
        for part in range(20):
            progress(f"{part * checks // 20:,} checks are done")
            at_once(port, whole[part * checks // 20 : (part + 1) * checks // 20], CONNECTIONS)
            sizes.append(max(one.memory_info().rss for one in answering) / 1e6)
    line = statistics.linear_regression(range(10), sizes[10:])
    return [
        Figure(f"memory of a process of the service after {checks:,} checks", sizes[-1], "MB", most=400),
        Figure("  gained over the last half", 10 * line.slope, "MB", most=16, note=str([*map(round, sizes)])),
    ]


def _memory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", action="store_true", help=f"memory after {MEMORY_CHECKS:,} checks")


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__, _memory)
    warm_up()
    texts = [case.text for case in cases(asked.quick, 300 if asked.quick else 3000)]
    bodies = [json.dumps({"text": text}).encode() for text in texts]
    with server(asked.redis) as url, Archive.open(url) as archive:
        progress(f"{server_line(archive.store.client)}: loading")
        bulk(archive.store, archive_documents(asked.quick))
        count = archive.stats()["paragraphs"]
        figures = [Figure("distinct paragraphs stored", count, least=None if asked.quick else 500_000)]
        if asked.memory:
            figures += memory_figures(url, bodies, 2000 if asked.quick else MEMORY_CHECKS)
        else:
            figures += figures_of(url, bodies)
    report(figures, asked.json)


if __name__ == "__main__":
    main()
