"""`serve` and `demo`: from the start of the service to its end, however that comes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from nearcopy import samples
from service.cli.exits import Exit
from tests.conftest import Server
from tests.e2e.running import SECONDS, free_port, run, start
from tests.ending import still_running

TEXT = "A text of some words that somebody hands in, to see whether it was published before."


class Service:
    """A service that answers: its process, its address, its children."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, before: str) -> None:
        self.process = process
        self.port = port
        self.before = before
        self.url = f"http://127.0.0.1:{port}"
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=SECONDS)

    def children(self, redis: bool) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children()
        alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return [child for child in alive if ("-server" in child.name()) == redis]

    def check(self) -> httpx.Response:
        """A check over a connection of its own; again where a worker that was killed took that along."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                with httpx.Client(base_url=self.url, trust_env=False, timeout=SECONDS) as client:
                    return client.post("/v1/check", json={"text": TEXT})
            except httpx.TransportError:
                assert time.monotonic() < deadline

    def end(self, with_signal: int) -> tuple[int, str]:
        """Its exit code, and what it wrote on stderr."""
        os.killpg(self.process.pid, with_signal)
        complaints = self.process.communicate(timeout=SECONDS)[1].decode()
        return self.process.returncode, complaints


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[Service]:
    """Start a service and wait until it says that it answers; nothing of it is left behind."""
    port = free_port()
    variables |= {"NEARCOPY_LOG_LEVEL": "warning"}
    with start(*arguments, "--port", str(port), **variables) as process:
        children = []
        try:
            before = until_it_answers(process)
            children = psutil.Process(process.pid).children()
            service = Service(process, port, before)
            with service.client:
                yield service
        finally:
            if process.poll() is None:
                children += psutil.Process(process.pid).children()
                process.kill()
            for child in children:
                if child.is_running():
                    child.kill()


def until_it_answers(process: subprocess.Popen[bytes]) -> str:
    """What a service prints before it says that it answers."""
    assert process.stdout is not None
    assert process.stderr is not None
    before = []
    for line in process.stdout:
        if line.startswith(b"answering on "):
            assert re.search(rb"the page is http://127\.0\.0\.1:\d+/check", line)
            return "".join(before)
        before.append(line.decode())
    raise AssertionError(process.stderr.read().decode())


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_with_the_embedded_redis_from_start_to_end(tmp_path: Path) -> None:
    with serving("serve", NEARCOPY_DATA_DIR=str(tmp_path)) as service:
        put = service.client.put("/v1/documents/kept", json={"text": TEXT})
        assert put.status_code == 201
        assert service.check().json()["verdict"] == "copy"

        second = run("serve", "--port", str(service.port), NEARCOPY_DATA_DIR=str(tmp_path / "other"))
        assert second.code == Exit.USAGE
        assert f"cannot listen on 127.0.0.1:{service.port}" in second.err
        assert not (tmp_path / "other").exists()

        (redis,) = service.children(redis=True)
        redis.kill()
        wait_for(lambda: service.check().status_code == 200)
        assert service.check().json()["sources"][0]["document"] == "kept"
        assert service.children(redis=True) not in ([redis], [])

        workers = service.children(redis=False)
        workers[0].kill()
        wait_for(lambda: len({*service.children(redis=False)} - {workers[0]}) == len(workers))
        assert service.check().status_code == 200

        (redis,) = service.children(redis=True)
        assert half_sent_request_is_answered(service) == 200
        assert service.process.wait(SECONDS) == Exit.DONE
        assert not redis.is_running() or redis.status() == psutil.STATUS_ZOMBIE


def half_sent_request_is_answered(service: Service) -> int:
    """Send half a request, then SIGTERM, then the rest; the status of the answer."""
    body = b'{"text": "' + TEXT.encode() * 1000 + b'"}'
    head = (
        "POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as line:
        line.sendall(head.encode() + body[:100])
        time.sleep(0.2)  # or SIGTERM might come before the request
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        line.sendall(body[100:])
        return int(line.recv(100).split()[1])


def test_a_redis_of_the_users_own_may_go_and_come_back(new_server: Callable[[], Server]) -> None:
    server = new_server()
    with serving("serve", NEARCOPY_REDIS_URL=server.url) as service:
        assert service.children(redis=True) == []
        assert service.check().status_code == 200
        server.kill()
        refused = service.check()
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        server.start()
        assert service.check().status_code == 200
        # As a terminal sends Ctrl-C: to the parent and all its workers
        assert service.end(signal.SIGINT) == (Exit.DONE, "")
        assert server.process is not None
        assert server.process.poll() is None


def test_workers_leave_with_a_parent_that_is_killed(redis_url: str) -> None:
    with serving("serve", NEARCOPY_REDIS_URL=redis_url) as service:
        workers = service.children(redis=False)
        assert workers
        service.process.kill()
        assert still_running(workers, SECONDS) == []


def test_the_demo_reports_and_stays_and_leaves_the_users_collection_alone(tmp_path: Path) -> None:
    with serving("demo", NEARCOPY_DATA_DIR=str(tmp_path), NEARCOPY_COLLECTION="mine") as service:
        documents = len(list(samples.archive()))
        assert f"{documents} sample documents loaded into collection demo" in service.before
        assert "`nearcopy check FILE --collection demo`" in service.before
        assert "of this text was published before" in " ".join(service.before.split())
        assert f"Open {service.url}/check in a browser" in service.before
        assert f"  curl {service.url}/v1/check " in service.before
        told = service.client.get("/v1/index").json()
        assert (told["collection"], told["documents"]) == ("demo", documents)
        for name in ("main", "mine"):
            assert service.client.get("/v1/index", params={"collection": name}).status_code == 404

        service.client.put("/v1/documents/mine", json={"text": TEXT})
        again = run("demo", "--no-serve", NEARCOPY_DATA_DIR=str(tmp_path))
        assert f"{documents} sample documents loaded into collection demo" in again.out
        assert service.client.get("/v1/index").json()["generation"] == "3"
        assert service.client.get("/v1/index").json()["documents"] == documents + 1
        code, stages = service.end(signal.SIGTERM)
        assert code == Exit.DONE
        # The worker's fields and stages, and no complaint after them
        assert stages.startswith("id ")
        assert stages.splitlines()[-1].startswith("publish ")


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_refused_before_any_work(command: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(command, "--port", str(port), NEARCOPY_DATA_DIR=str(tmp_path / "none"))
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port" in done.err
    assert not (tmp_path / "none").exists()
