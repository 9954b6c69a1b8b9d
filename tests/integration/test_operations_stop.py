"""SIGTERM while it works: every answer that was begun arrives whole, and the service is gone in time."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service.server import STOP_SECONDS
from tests.conftest import Server
from tests.contract.serving import Service

CHECKS = 6
LINES = 200
TEXT = "The council voted on Monday to keep the old ferry running until the new bridge opens in the spring."
PAUSE = 2000
"""Milliseconds for which Redis answers nobody."""

NDJSON = {"Content-Type": "application/x-ndjson"}


def in_flight(service: Service) -> float:
    """Requests at work, without the one that asks."""
    told = httpx.get(f"{service.address}/metrics", timeout=30).text
    return float(told.split("\nnearcopy_requests_in_flight ")[1].split()[0]) - 1


def test_what_was_begun_is_finished_and_a_feed_without_end_is_told_where_to_go_on(
    new_server: Callable[[], Server]
) -> None:
    server = new_server()
    body = b"".join(b'{"text": "%s Line %d."}\n' % (TEXT.encode(), number) for number in range(LINES))
    stopped = False

    def feed() -> Iterator[bytes]:
        while True:
            yield b'{"text": "Some words of a feed."}\n'
            time.sleep(0.1)

    def check() -> httpx.Response:
        return httpx.post(f"{service.address}/v1/check", json={"text": TEXT}, timeout=60)

    def stream(content: bytes | Iterator[bytes]) -> list[dict[str, object]]:
        url = f"{service.address}/v1/check/batch"
        answer = httpx.post(url, content=content, headers=NDJSON, timeout=60)
        return [json.loads(line) for line in answer.text.splitlines()]

    with Service(server.url, "press", workers="1") as service, ThreadPoolExecutor(CHECKS + 2) as callers:
        httpx.put(f"{service.address}/v1/documents/a", json={"text": TEXT})
        endless = callers.submit(stream, feed())
        while in_flight(service) < 1:
            time.sleep(0.02)
        redis = server.client()
        redis.client_pause(PAUSE)
        batch = callers.submit(stream, body)
        checks = [callers.submit(check) for _ in range(CHECKS)]
        time.sleep(PAUSE / 4000)
        assert not any(one.done() for one in checks)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        while not stopped:
            try:
                socket.create_connection(("127.0.0.1", service.port), 5).close()
                assert time.monotonic() - began < STOP_SECONDS
                time.sleep(0.02)
            except ConnectionRefusedError:
                stopped = True
        assert [one.result().json()["verdict"] for one in checks] == ["copy"] * CHECKS
        assert [line["line"] for line in batch.result()] == list(range(1, LINES + 1))
        assert {line["verdict"] for line in batch.result()} == {"copy"}
        *answered, last = endless.result()
        assert [line["line"] for line in answered] == list(range(1, len(answered) + 1))
        assert (last["status"], last["from"]) == (503, len(answered) + 1)
        assert "being stopped" in str(last["detail"])
        assert service.process.wait(STOP_SECONDS) == 0
        assert time.monotonic() - began < STOP_SECONDS + 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_service_that_does_nothing_ends_at_once(redis_url: str, collection: str, number: int) -> None:
    with Service(redis_url, collection) as service:
        service.process.send_signal(number)
        assert service.process.wait(STOP_SECONDS) == 0
