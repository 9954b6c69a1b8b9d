"""Redis is killed under the running service, and comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import redis

from tests.conftest import Server
from tests.contract.serving import Service

SECONDS = 30
"""How long the service may take to notice that Redis is back; it takes no restart."""

WRITERS = 6

CALLS: list[tuple[str, str, Any]] = [
    ("POST", "/v1/check", {"text": "One text to check."}),
    ("PUT", "/v1/documents/new", {"text": "One text to store."}),
    ("GET", "/v1/documents/0", None),
    ("DELETE", "/v1/documents/0", None),
    ("GET", "/v1/documents/0/copies", None),
    ("GET", "/v1/index", None),
    ("GET", "/v1/index?collection=never-opened", None),
    ("GET", "/readyz", None),
]


def text_of(number: int) -> str:
    """A text like no other."""
    return " ".join(f"n{number}w{word}" for word in range(60))


def client_of(service: Service) -> httpx.Client:
    """A client that waits as long as the service waits for Redis."""
    return httpx.Client(base_url=service.address, timeout=60)


def wait_until_ready(client: httpx.Client) -> None:
    """Until /readyz says so."""
    deadline = time.monotonic() + SECONDS
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "the service never came back"
        time.sleep(0.05)


def assert_unavailable(answer: httpx.Response) -> None:
    """A 503 that says when to try again."""
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:nearcopy:problem:storage-unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_without_redis_every_call_says_so_and_recovers(new_server: Callable[[], Server]) -> None:
    server = new_server()
    server.kill()
    with Service(server.url, "main", workers="2") as service, client_of(service) as client:
        # The service may start before Redis does
        assert_unavailable(client.get("/readyz"))
        assert_unavailable(client.post("/v1/check", json={"text": text_of(0)}))
        server.start()
        wait_until_ready(client)
        for number in range(20):
            assert client.put(f"/v1/documents/{number}", json={"text": text_of(number)}).status_code == 201
        for _ in range(2):
            server.kill()
            for method, path, body in CALLS * 2:
                assert_unavailable(client.request(method, path, json=body))
            assert client.get("/healthz").json() == {"status": "alive"}
            # What is wrong with the request is told all the same
            assert client.post("/v1/check", json={"text": ""}).status_code == 422
            server.start()
            wait_until_ready(client)
            for number in range(20):
                found = client.post("/v1/check", json={"text": text_of(number)}).json()
                assert [source["document"] for source in found["sources"]] == [str(number)]
        assert client.get("/v1/index").json()["documents"] == 20
        assert client.put("/v1/documents/new", json={"text": "One text to store."}).status_code == 201


def test_nothing_acknowledged_is_lost_when_redis_is_killed(new_server: Callable[[], Server]) -> None:
    server, acknowledged, refused = new_server(), set[int](), list[int]()
    stop = threading.Event()

    def write(first: int, service: Service) -> None:
        with client_of(service) as client:
            number = first
            while not stop.is_set():
                answer = client.put(f"/v1/documents/{number}", json={"text": text_of(number)})
                if answer.status_code in (200, 201):
                    acknowledged.add(number)
                    number += WRITERS
                else:
                    refused.append(answer.status_code)
                    time.sleep(0.01)

    with Service(server.url, "main", workers="2") as service, client_of(service) as client:
        threads = [threading.Thread(target=write, args=(n, service)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        for kill in range(1, 4):
            wait_for(lambda kill=kill: len(acknowledged) > 60 * kill)  # type: ignore[misc]
            server.kill()
            wait_for(lambda kill=kill: len(refused) > WRITERS * kill)  # type: ignore[misc]
            server.start()
            wait_until_ready(client)
        stop.set()
        for thread in threads:
            thread.join()
        assert set(refused) == {503}
        documents = client.get("/v1/index").json()["documents"]
        assert len(acknowledged) <= documents <= len(acknowledged) + WRITERS
        for number in acknowledged:
            assert client.get(f"/v1/documents/{number}").json()["text"] == text_of(number)
        for number in sorted(acknowledged)[::5]:
            found = client.post("/v1/check", json={"text": text_of(number)}).json()
            assert (found["verdict"], found["sources"][0]["document"]) == ("copy", str(number))


def wait_for(reached: Callable[[], bool]) -> None:
    """Until it is so."""
    deadline = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < deadline, "nothing goes on"
        time.sleep(0.01)


def test_a_redis_that_came_back_empty_is_a_new_archive(new_server: Callable[[], Server]) -> None:
    """Every process says that no index is published, once, and begins anew without a restart."""
    server = new_server()
    with Service(server.url, "main", workers="2") as service, client_of(service) as client:
        wait_until_ready(client)
        assert client.put("/v1/documents/old", json={"text": text_of(0)}).status_code == 201
        with redis.Redis(unix_socket_path=str(server.socket)) as admin:
            admin.flushall()
        kinds = set()
        for _ in range(40):
            answer = client.post("/v1/check", json={"text": text_of(0)})
            kinds.add(answer.json().get("type", answer.json().get("verdict")))
        assert kinds <= {"urn:nearcopy:problem:not-ready", "unique"}
        assert "unique" in kinds
        wait_until_ready(client)
        assert client.put("/v1/documents/new", json={"text": text_of(1)}).status_code in (201, 503)
