"""Who may begin a rebuild, what is known of it, and what its runner hears."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from nearcopy.connection import Client, connect
from nearcopy.errors import Busy, Cancelled, InputError, NotFound, RebuildRunning
from nearcopy.index import keys
from nearcopy.jobs import queue
from nearcopy.jobs.rebuilds import KEPT_SECONDS, QUEUEING_SECONDS, Rebuilds
from nearcopy.jobs.reporting import Reporter
from nearcopy.jobs.status import LOST_SECONDS, Status
from nearcopy.jobs.task import Task


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    """A client of a real Redis."""
    with connect(redis_url) as opened:
        yield opened


@pytest.fixture
def rebuilds(client: Client) -> Rebuilds:
    """What is known there."""
    return Rebuilds(client)


@pytest.fixture
def task(collection: str) -> Task:
    """Of a collection that no other test uses."""
    return Task(collection=collection, archives=("a",), mapping={"id": "x"}, threshold=0.6)


def test_what_is_written_is_read(rebuilds: Rebuilds, task: Task) -> None:
    status = rebuilds.begin(task)
    status.seconds, status.left, status.summary = {"sign": 1.5}, 2.5, {"documents": 3}
    rebuilds.write(status)
    assert rebuilds.get(status.id) == status
    assert status.task == task
    assert 0 < rebuilds.client.ttl(keys.rebuild(status.id)) <= KEPT_SECONDS


def test_what_another_version_wrote_beside_it_is_left_out(rebuilds: Rebuilds, task: Task) -> None:
    status = rebuilds.begin(task)
    packed = status.packed().replace(b'{"id"', b'{"colour":1,"id"', 1)
    assert Status.unpacked(packed) == status


@pytest.mark.parametrize("id", ["", "0" * 16, "0" * 16 + "/end", "*", "\0", "é" * 16])
def test_an_unknown_rebuild_is_not_found(rebuilds: Rebuilds, id: str) -> None:
    rebuilds.ask_to_end("0" * 16)
    with pytest.raises(NotFound, match="there is no rebuild"):
        rebuilds.get(id)


def test_a_collection_has_one_rebuild_at_a_time(rebuilds: Rebuilds, task: Task) -> None:
    first = rebuilds.begin(task)
    with pytest.raises(RebuildRunning) as caught:
        rebuilds.begin(task)
    assert caught.value.id == first.id
    first.state = "done"
    rebuilds.ended(first)
    second = rebuilds.begin(task)
    assert [one.id for one in rebuilds.newest(task.collection, 10)] == [second.id, first.id]
    assert [one.id for one in rebuilds.newest(task.collection, 1)] == [second.id]
    # The first one's end, told twice, does not open the door to a third
    rebuilds.ended(first)
    with pytest.raises(RebuildRunning):
        rebuilds.begin(task)


def queued_long_ago(status: Status) -> None:
    status.asked -= QUEUEING_SECONDS + 1


def silent(status: Status) -> None:
    status.state, status.heard = "running", time.time() - LOST_SECONDS - 1


@pytest.mark.parametrize("happened", [queued_long_ago, silent])
def test_a_dead_one_stops_nobody_unless_the_queue_has_it(
    rebuilds: Rebuilds, client: Client, task: Task, happened: Callable[[Status], None]
) -> None:
    dead = rebuilds.begin(task)
    happened(dead)
    rebuilds.write(dead)
    waiting = rebuilds.begin(task)
    assert waiting.id != dead.id
    waiting.state = "done"
    rebuilds.ended(waiting)
    waiting = queue.ask(client, task)
    happened(waiting)
    rebuilds.write(waiting)
    with pytest.raises(RebuildRunning):
        rebuilds.begin(task)
    assert queue.cancel(client, waiting.id).state == "cancelled"
    assert rebuilds.begin(task).state == "queued"


def test_one_that_was_not_heard_of_is_lost(rebuilds: Rebuilds, task: Task) -> None:
    status = rebuilds.begin(task)
    for since, state in (0, "running"), (LOST_SECONDS - 5, "running"), (LOST_SECONDS + 5, "lost"):
        status.state, status.heard = "running", time.time() - since
        rebuilds.write(status)
        assert rebuilds.get(status.id).state == state


def test_a_reporter_tells_how_it_goes(rebuilds: Rebuilds, task: Task) -> None:
    status = rebuilds.begin(task)
    with Reporter(rebuilds, status) as reporter:
        assert rebuilds.get(status.id).state == "queued"
        reporter("sign", 0, 4)
        first = rebuilds.get(status.id)
        assert (first.state, first.attempts) == ("running", 1)
        assert first.heard is not None
        assert first.memory > 1 << 20
        reporter("sign", 1, 4, paragraphs=1000, rejects=2)
        while (seen := rebuilds.get(status.id)).done != 1:
            time.sleep(0.01)
        assert (seen.stage, seen.total, seen.paragraphs, seen.rejects) == ("sign", 4, 1000, 2)
        # At least a second since it began, of which three times as much is left
        assert 0 < seen.rate <= 1000
        assert seen.left is not None
        assert seen.left >= 3 * 0.9
        reporter("pack", 0)
        reporter.end("done", summary={"documents": 7}, generation="2")
    ended = rebuilds.get(status.id)
    assert (ended.state, ended.stage, ended.left, ended.generation) == ("done", None, None, "2")
    assert ended.seconds.keys() == {"sign", "pack"}
    assert ended.seconds["sign"] >= 0.9
    assert ended.summary == {"documents": 7}
    assert ended.ended is not None
    assert ended.ended >= (ended.began or 0)


def go_on(reporter: Reporter) -> None:
    """Report until that is stopped from outside."""
    while True:
        reporter("sign", 1)


def test_a_reporter_hears_that_it_shall_end(rebuilds: Rebuilds, client: Client, task: Task) -> None:
    status = rebuilds.begin(task)
    with Reporter(rebuilds, status) as reporter:
        reporter("sign", 0)
        assert queue.cancel(client, status.id).state == "running"
        with pytest.raises(Cancelled, match=status.id):
            go_on(reporter)
        reporter.end("cancelled")
    assert rebuilds.get(status.id).state == "cancelled"
    assert queue.cancel(client, status.id).state == "cancelled"


def test_a_reporter_that_was_replaced_falls_silent(rebuilds: Rebuilds, task: Task) -> None:
    status = rebuilds.begin(task)
    with Reporter(rebuilds, status) as old, Reporter(rebuilds, rebuilds.get(status.id)) as new:
        old("sign", 0)
        new.status.attempts = 1
        new("number", 0)
        with pytest.raises(Busy, match="taken up by another"):
            go_on(old)
        old.end("failed")
        assert rebuilds.get(status.id).state == "running"
        new.end("done")
    assert rebuilds.get(status.id).state == "done"


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "../a", "a/../../b", "a/.."])
def test_a_path_that_leads_out_of_the_archives_is_refused(client: Client, task: Task, path: str) -> None:
    with pytest.raises(InputError, match="leads out of the folder of archives") as caught:
        queue.ask(client, Task(collection=task.collection, archives=("a", path)))
    assert caught.value.field == "archives"
    assert Rebuilds(client).newest(task.collection, 1) == []


def test_a_cluster_has_no_queue() -> None:
    queue.check_url("redis://here")
    with pytest.raises(InputError, match="does not work on a Redis Cluster"):
        queue.check_url("redis+cluster://here")
