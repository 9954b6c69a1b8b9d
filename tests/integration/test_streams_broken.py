"""Streams that break: Redis goes, the client goes, or nobody reads."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import httpx
import psutil

from tests.conftest import Server
from tests.contract.serving import Service
from tests.integration.making import paragraph
from tests.integration.test_streams import NDJSON, Feed, ndjson, send, slugs
from tests.waiting import until

MIB = 1 << 20
SECONDS = 20


def test_a_stream_outlives_a_short_outage_and_ends_with_advice_in_a_long_one(
    new_server: Callable[..., Server],
) -> None:
    server = new_server()
    bodies = [{"id": f"d{n}", "text": paragraph(n)} for n in range(6)]
    with Service(server.url, "main") as service, httpx.Client(base_url=service.address) as http:
        feed = Feed(service, "/v1/documents/batch")
        feed.send(ndjson(bodies[0]))
        assert next(feed.answers)["outcome"] == "created"
        server.kill()
        feed.send(ndjson(bodies[1]))
        time.sleep(0.3)
        server.start()
        assert next(feed.answers)["outcome"] == "created"
        server.kill()
        feed.send(ndjson(b"{", bodies[2]))
        [last] = feed.end()
        assert (last["type"], last["from"]) == ("urn:nearcopy:problem:storage-unavailable", 3)
        assert "line" not in last
        # It cannot begin now, and that is an ordinary problem
        refused = http.post("/v1/documents/batch", content=b"", headers={"Content-Type": NDJSON})
        assert refused.status_code == 503
        server.start()
        until(lambda: http.get("/readyz").status_code == 200)
        whole = ndjson(bodies[0], bodies[1], b"{", *bodies[2:])
        again = send(http, "/v1/documents/batch", whole, **{"from": last["from"]})
        assert [one["line"] for one in again] == [3, 4, 5, 6, 7]
        assert slugs(again) == ["invalid-json", *["created"] * 4]
        assert http.get("/v1/index").json()["documents"] == 6


def worker_of(service: Service) -> psutil.Process:
    """The process that answers."""
    return psutil.Process(service.process.pid).children()[-1]


def test_what_nobody_reads_is_not_worked_on_and_leaves_nothing(redis_url: str, collection: str) -> None:
    with Service(redis_url, collection) as service:
        worker = worker_of(service)
        with httpx.Client(base_url=service.address) as http:
            assert slugs(send(http, "/v1/check/batch", ndjson({"text": paragraph(1)}))) == ["unique"]
        threads, memory = worker.num_threads(), worker.memory_info().rss
        feeds = [Feed(service, "/v1/check/batch") for _ in range(8)]
        stuck = b"z" * 1000 + b"\n"
        head = f"POST /v1/check/batch HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
        silent = socket.create_connection(("127.0.0.1", service.port))
        silent.settimeout(1)
        silent.sendall(f"{head}Content-Length: {1000 * MIB}\r\n\r\n".encode())
        sent = 0
        try:
            while sent < 200 * MIB:
                sent += silent.send(stuck * 1000)
        except TimeoutError:
            # It is not read from while it does not read
            pass
        assert sent < 100 * MIB
        assert worker.memory_info().rss - memory < 64 * MIB
        for feed in feeds:
            feed.send(b'{"text": "half')
            feed.connection.close()
        silent.close()
        until(lambda: worker.num_threads() <= threads + 16)


def test_memory_does_not_grow_with_the_body(redis_url: str, collection: str) -> None:
    line = b"z" * 4000 + b"\n"
    body = line * 15_000
    with Service(redis_url, collection) as service:
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS)
        head = f"POST /v1/check/batch HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {NDJSON}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        worker = worker_of(service)
        memory, most = worker.memory_info().rss, 0
        sender = threading.Thread(target=connection.sendall, args=(body,))
        sender.start()
        answer = bytearray()
        while part := connection.recv(1 << 20):
            answer += part
            most = max(most, worker.memory_info().rss)
        sender.join()
        connection.close()
    assert answer.count(b'{"line":') == 15_000
    assert most - memory < 40 * MIB, f"{(most - memory) / MIB:.0f} MiB for {len(body) / MIB:.0f}"


def test_a_feed_that_was_silent_for_too_long_is_told_where_to_go_on(redis_url: str, collection: str) -> None:
    with Service(
        redis_url, collection, body_seconds="0.3", extract_seconds="0.3", deadline="0.4"
    ) as service:
        silent, halfway = (Feed(service, "/v1/check/batch") for _ in range(2))
        for feed in (silent, halfway):
            feed.send(ndjson({"text": paragraph(1)}, {"text": paragraph(2)}))
        halfway.send(b'{"text": "half')
        for feed in (silent, halfway):
            told = list(feed.answers)
            assert slugs(told) == ["unique", "unique", "body-too-slow"]
            assert told[-1]["from"] == 3
            feed.connection.close()


def test_a_body_that_ends_early_is_not_taken_for_whole(redis_url: str, collection: str) -> None:
    line = ndjson({"text": paragraph(1)})
    head = f"POST /v1/check/batch HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
    with (
        Service(redis_url, collection) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=SECONDS) as connection,
    ):
        connection.sendall(f"{head}Content-Length: {2 * len(line)}\r\n\r\n".encode() + line)
        connection.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while part := connection.recv(1 << 16):
            answer += part
        assert b"bad-request" in answer, bytes(answer)
