"""Floods, a Redis that hangs, and clients that send too slowly: refused in time, and nobody else waits."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.conftest import Server
from tests.contract.serving import Service
from tests.integration.test_deadline import Sleepy

TEXT = {"text": "A text of some words that somebody hands in, to see whether it was published before."}
STALLED = 64
PLACES = 2


def head(length: int) -> bytes:
    """The head of a check whose body is so long."""
    return (
        "POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def line_to(service: Service) -> socket.socket:
    """A connection of its own."""
    return socket.create_connection(("127.0.0.1", service.port), 30)


def test_a_flood_is_refused_at_once_and_a_hanging_redis_is_waited_for_until_the_deadline(
    new_server: Callable[..., Server],
) -> None:
    redis = Sleepy(new_server())
    settings = {"in_flight": str(PLACES), "deadline": "1.5"}
    with Service(redis.url, "main", **settings) as service:

        def check(_: int) -> tuple[str, bool]:
            """The type of the answer, and whether Redis still slept when it came."""
            answer = httpx.post(f"{service.address}/v1/check", json=TEXT, timeout=30)
            assert answer.status_code in (200, 503), answer.text
            assert answer.status_code == 200 or int(answer.headers["Retry-After"]) > 0
            return answer.json().get("type", "").rpartition(":")[2], redis.sleeps()

        assert check(0) == ("", False)
        redis.sleep(4)
        with ThreadPoolExecutor(10) as clients:
            # Whoever watches is told all the time
            ready = clients.submit(httpx.get, f"{service.address}/readyz", timeout=30)
            alive = clients.submit(lambda: (httpx.get(f"{service.address}/healthz"), redis.sleeps()))
            answers = Counter(clients.map(check, range(8)))
            assert (alive.result()[0].status_code, alive.result()[1]) == (200, True)
            assert ready.result().status_code == 503
        assert answers == {("storage-unavailable", True): PLACES, ("overloaded", True): 8 - PLACES}
        redis.close()
        assert check(0) == ("", False)


@pytest.fixture(scope="module")
def hurried(redis_url: str) -> Iterator[Service]:
    """A service that gives its clients little time."""
    with Service(
        redis_url, f"hurried-{os.getpid()}", body_seconds="1", extract_seconds="1", deadline="1"
    ) as service:
        yield service


def test_stalled_uploads_hold_nobody_up_and_are_ended(hurried: Service) -> None:
    body = json.dumps(TEXT).encode()
    stop = threading.Event()
    with ExitStack() as left:
        lines = [left.enter_context(line_to(hurried)) for _ in range(STALLED)]
        for line in lines:
            line.sendall(head(len(body) + 1000) + body)

        def trickle() -> None:
            while not stop.wait(0.2):
                for line in lines[: STALLED // 2]:
                    try:
                        line.sendall(b" ")
                    except OSError:  # it was hung up on
                        return

        left.callback(stop.set)
        threading.Thread(target=trickle, daemon=True).start()
        with httpx.Client(base_url=hurried.address, timeout=30) as client:
            statuses = []
            for _ in range(40):
                assert client.get("/healthz").status_code == 200
                statuses.append(client.post("/v1/check", json=TEXT).status_code)
        # They arrive all at once, and while they do, others may be refused too
        assert set(statuses) <= {200, 503}
        assert statuses.count(200) > 20
        # Those that went on sending are ended like those that did not, and told why. They came all at once:
        # some may have been refused as a flood is
        told = Counter(re.findall(rb"problem:([a-z-]+)", line.recv(65536))[0] for line in lines)
        assert set(told) <= {b"body-too-slow", b"overloaded"}
        assert told[b"body-too-slow"] >= STALLED // 2


def test_more_stalled_uploads_than_threads_leave_some_for_whoever_sends_none(redis_url: str) -> None:
    threads, reading = 8, 6
    with (
        Service(redis_url, f"hurried-{os.getpid()}", threads=str(threads)) as service, ExitStack() as left,
    ):
        lines = [left.enter_context(line_to(service)) for _ in range(3 * threads)]
        for line in lines:
            line.sendall(head(1000) + b"{")
        # Those beyond are refused at once, though nothing more comes from them
        while len(lines) > reading:
            for line in select.select(lines, [], [], 30)[0]:
                assert line.recv(65536).startswith(b"HTTP/1.1 503 ")
                lines.remove(line)
        for _ in range(10):
            assert httpx.get(f"{service.address}/healthz", timeout=30).status_code == 200
            refused = httpx.post(f"{service.address}/v1/check", json=TEXT, timeout=30)
            assert refused.json()["type"] == "urn:nearcopy:problem:overloaded"


def test_a_connection_on_which_nothing_is_asked_is_closed(hurried: Service) -> None:
    with line_to(hurried) as silent, line_to(hurried) as half:
        half.sendall(b"POST /v1/check HT")
        assert silent.recv(100) == b""
        assert half.recv(100) == b""


def test_whoever_takes_his_time_and_comes_in_time_is_answered(hurried: Service) -> None:
    body = json.dumps(TEXT).encode()
    with line_to(hurried) as line:
        line.sendall(head(len(body)))
        for place in range(0, len(body), 20):
            time.sleep(0.05)
            line.sendall(body[place : place + 20])
        assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
