"""Documents as a resource, in the engine: walks while others write, conditional writes, retention, drops."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from nearcopy import collections, retention
from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import Busy, Exists, NearcopyError, NoIndex, NotFound, PreconditionFailed, RebuildRunning
from nearcopy.index import documents, dropping, header
from nearcopy.index.listing import Place, walk
from nearcopy.index.lock import Lock
from nearcopy.index.writing import Condition
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.task import Task
from nearcopy.parameters import Parameters
from tests.contract.going_back import rebuilt_from_itself
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(params=[1, 3])
def spread(request: pytest.FixtureRequest, redis_url: str, collection: str) -> Iterator[Archive]:
    """A fresh archive of so many partitions."""
    with Archive.open(redis_url, collection, partitions=request.param) as opened:
        yield opened


def met(archive: Archive, place: Place | None = None) -> list[str]:
    return [one.document.id for step in walk(archive.store, place) for one in step.found]


def test_a_walk_meets_each_document_once_and_goes_on_from_any_place(spread: Archive) -> None:
    stored = {id: document(id, [number]) for number, id in enumerate(f"d{n}" for n in range(200))}
    list(spread.put_many(stored.values()))
    found = [one for step in walk(spread.store) for one in step.found]
    assert {one.document.id: one.document for one in found} == stored
    assert len(found) == len(stored)
    assert all(one.digest == documents.digest_of(one.document) for one in found)
    order = [one.document.id for one in found]
    for number in range(0, 200, 17):
        place = Place.unpacked(found[number].place.packed())
        assert met(spread, place) == order[number + 1 :]
    # Steps between the documents are places too
    steps = [step.place for step in walk(spread.store)]
    for place in steps[:: len(steps) // 10]:
        rest = met(spread, Place.unpacked(place.packed()))
        assert rest == order[len(order) - len(rest) :]


def test_a_walk_while_others_write_and_a_rebuild_is_published(spread: Archive) -> None:
    staying = {f"s{number}" for number in range(100)}
    list(spread.put_many(document(id, [number]) for number, id in enumerate(staying)))
    ended = threading.Event()
    failed: list[Exception] = []

    def write() -> None:
        draw = random.Random(1)
        while not ended.is_set():
            id = f"c{draw.randrange(60)}"
            if draw.random() < 0.5:
                spread.put(document(id, [1000 + draw.randrange(50)]))
            else:
                spread.delete(id)

    def publish() -> None:
        try:
            rebuilt_from_itself(spread)
        except NearcopyError as error:
            failed.append(error)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(write)
        rebuilding = pool.submit(publish)
        first, walks = spread.store.generation(), 0
        try:
            while not rebuilding.done() or not walks:
                seen = met(spread)
                kept = [id for id in seen if id in staying]
                assert len(kept) == len(staying) == len(set(kept))
                assert len(seen) == len(set(seen))
                walks += 1
        finally:
            ended.set()
    assert not failed
    assert spread.stats()["generation"] != first


def test_a_walk_goes_on_in_a_generation_that_came_meanwhile(spread: Archive) -> None:
    stored = [document(f"d{number}", [number]) for number in range(100)]
    list(spread.put_many(stored))
    order, going = met(spread), walk(spread.store)
    seen: list[str] = []
    while len(seen) < 30:
        seen += [one.document.id for one in next(going).found]
    rebuilt_from_itself(spread)
    # What it reads from is retired under its hands
    client = spread.store.client
    for name in list(client.scan_iter(match=f"{{{spread.store.collection}/*}}1[it]*")):
        client.delete(name)
    seen += [one.document.id for step in going for one in step.found]
    assert seen == order


def test_a_place_of_another_collection_is_refused(spread: Archive) -> None:
    with pytest.raises(NearcopyError, match="send the request without it"):
        next(walk(spread.store, Place(len(spread.store.partitions))))


def is_still(digest: bytes) -> Condition:
    """That the content is the one of that digest."""
    return lambda stored: stored is not None and stored[1] == digest


def test_editors_who_race_never_lose_an_update(archive: Archive) -> None:
    archive.put(document("d", [0], url=""))

    def edit(_: int) -> int:
        failures = 0
        for _ in range(15):
            while True:
                now, digest = archive.stored("d")
                counted = int(now.fields.get("count", 0)) + 1
                text = f"{now.text}\n\n{paragraph(counted)}"[:4000]
                try:
                    archive.put(Document("d", text, fields={"count": counted}), is_still(digest))
                    break
                except PreconditionFailed:
                    failures += 1
        return failures

    with ThreadPoolExecutor(4) as pool:
        refused = sum(pool.map(edit, range(4)))
    # All editors write the same change, and each counts
    assert archive.get("d").fields["count"] == 60
    assert refused
    audit(archive, {"d": archive.get("d")})


def test_of_many_who_create_a_document_one_does(archive: Archive) -> None:
    start = threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        try:
            assert archive.put(document("d", [number % 2]), lambda stored: stored is None) == "created"
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1


def test_a_deletion_meets_what_it_was_meant_for(archive: Archive) -> None:
    archive.put(document("d", [1]))
    digest = archive.stored("d")[1]
    archive.put(document("d", [2]))
    with pytest.raises(PreconditionFailed, match="read it again"):
        archive.delete("d", is_still(digest))
    assert archive.get("d") == document("d", [2])
    assert archive.delete("d", lambda stored: stored is not None)
    assert not archive.delete("d", lambda stored: stored is not None)
    audit(archive, {})


def aged(archive: Archive) -> dict[str, Document]:
    """Documents of all ages in a collection; those that stay where it keeps ten days."""
    dates = {
        "old": "2026-11-14T11:59:59Z", "kept": "2026-11-14T12:00:00Z", "day": "2026-11-14",
        "before": "2026-11-13", "zone": "2026-11-14T13:30:00+02:00", "new": "2026-11-24",
        "to come": "2027-01-01", "ancient": "1826-01-01",
    }
    stored = {id: document(id, [n], published_at=date) for n, (id, date) in enumerate(dates.items())}
    stored["undated"] = document("undated", [50])
    list(archive.put_many(stored.values()))
    return {id: one for id, one in stored.items() if id not in ("old", "before", "zone", "ancient")}


def test_what_is_too_old_leaves_the_index(spread: Archive) -> None:
    staying = aged(spread)
    everything = set(met(spread))
    assert retention.expire(spread.store, NOW) == retention.Expired()
    assert set(met(spread)) == everything
    header.change_keep(spread.store.client, spread.store.collection, "10d")
    assert retention.expire(spread.store, NOW) == retention.Expired(len(everything), 4, 1)
    assert set(met(spread)) == set(staying)
    assert retention.expire(spread.store, NOW) == retention.Expired(len(staying), 0, 1)
    if len(spread.store.partitions) == 1:
        audit(spread, staying)


def test_a_document_that_gets_a_younger_date_stays(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    collections.change_keep(archive.store.client, archive.store.collection, "10d")
    archive.put(document("d", [1], published_at="2020-01-01"))
    younger = document("d", [1], published_at="2026-11-24")
    step = next(step for step in walk(archive.store) if step.found)

    def late(*_: object) -> Iterator[object]:
        archive.put(younger)
        yield step

    monkeypatch.setattr(retention, "walk", late)
    assert retention.expire(archive.store, NOW) == retention.Expired(1, 0, 0)
    assert archive.get("d") == younger


@pytest.mark.parametrize(
    "keep", ["", "0d", "01d", "365", "d", "-1d", "1.5d", "36501d", "1y", "1d ", "²d", "1d\n"]
)
def test_a_time_that_is_none_is_told_how_to_be_written(archive: Archive, keep: str) -> None:
    with pytest.raises(NearcopyError, match="such as 365d"):
        collections.change_keep(archive.store.client, archive.store.collection, keep)


def test_collections_are_created_once_and_described(archive: Archive, collection: str) -> None:
    client, name = archive.store.client, f"{collection}-new"
    chosen = Parameters.for_threshold(0.7)
    made = collections.create(client, name, chosen, 3, "365d")
    assert (made.name, made.partitions, made.keep, made.documents) == (name, 3, "365d", 0)
    assert made.parameters == chosen
    with pytest.raises(Exists, match=name):
        collections.create(client, name, Parameters())
    assert made in collections.listed(client)
    assert collections.change_keep(client, name, None).keep is None
    assert collections.describe(client, name).partitions == 3
    assert collections.describe(client, collection).documents == 0
    for ask in collections.describe, collections.drop:
        with pytest.raises(NotFound, match=f"{name}-no"):
            ask(client, f"{name}-no")
    assert collections.drop(client, name)
    assert name not in [one.name for one in collections.listed(client)]


def test_one_who_creates_among_many_is_told_so(archive: Archive, collection: str) -> None:
    client, name = archive.store.client, f"{collection}-new"
    start = threading.Barrier(6)

    def create(number: int) -> bool:
        start.wait()
        try:
            collections.create(client, name, Parameters(), 1 + number % 2)
        except Exists:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(create, range(6))) == 1


def left_of(archive: Archive, *others: bytes) -> list[bytes]:
    """Every key of all of Redis that has the collection's name in it."""
    name, found = archive.store.collection.encode(), archive.store.client.scan_iter(count=1000)
    return [key for key in found if name in key and not key.startswith(others)]


def test_a_dropped_collection_leaves_nothing_behind(redis_url: str, spread: Archive) -> None:
    client, name = spread.store.client, spread.store.collection
    with Archive.open(redis_url, f"{name}-other") as other:
        other.put(document("a", [1]))
        list(spread.put_many(document(f"d{number}", [number]) for number in range(300)))
        rebuilt_from_itself(spread)
        collections.change_keep(client, name, "1d")
        assert header.is_due(client, name)
        assert not header.is_due(client, name)
        rebuilds = Rebuilds(client)
        status = rebuilds.begin(Task(collection=name))
        rebuilds.ask_to_end(status.id)
        with pytest.raises(RebuildRunning, match=status.id):
            collections.drop(client, name)
        rebuilds.ended(status)
        with Lock(spread.store), pytest.raises(Busy):
            collections.drop(client, name)
        assert spread.get("d1") == document("d1", [1])
        assert collections.drop(client, name)
        others = tuple(f"{start}{name}-other".encode() for start in ("{", "nearcopy/{"))
        assert left_of(spread, *others) == []
        assert rebuilds.find(status.id) is None
        assert not client.sismember("nearcopy/collections", name)
        audit(other, {"a": document("a", [1])})
    for ask in (
        lambda: spread.get("d1"), lambda: spread.check(paragraph(1)), lambda: spread.put(document("d", [1])),
        lambda: spread.delete("d1"), lambda: met(spread),
    ):
        with pytest.raises(NoIndex):
            ask()
    assert left_of(spread, *others) == []
    with pytest.raises(NotFound):
        collections.drop(client, name)
    with Archive.open(redis_url, name) as again:
        assert met(again) == []


def test_a_drop_that_was_broken_off_goes_on_and_nobody_creates_meanwhile(
    redis_url: str, archive: Archive
) -> None:
    client, name = archive.store.client, archive.store.collection
    list(archive.put_many(document(f"d{number}", [number]) for number in range(50)))
    assert not collections.drop(client, name, seconds=0)
    assert left_of(archive)
    for create in (
        lambda: Archive.open(redis_url, name), lambda: collections.create(client, name, Parameters()),
    ):
        with pytest.raises(Busy, match="drop it again"):
            create()
    with pytest.raises(NotFound):
        Archive.open(redis_url, name, create=False)
    assert "being dropped" in str(collections.describe(client, name).trouble)
    assert name in [one.name for one in collections.listed(client)]
    assert collections.drop(client, name)
    assert left_of(archive) == []
    Archive.open(redis_url, name).close()


def test_whoever_lost_the_lock_drops_nothing_more(archive: Archive) -> None:
    client, name = archive.store.client, archive.store.collection
    list(archive.put_many(document(f"d{number}", [number]) for number in range(5)))
    with Lock(archive.store) as lock:
        client.set(archive.store.partitions[0].keys.lock, b"elsewhere 1 x")
        lock.renew()
        with pytest.raises(NearcopyError, match="nothing more is done"):
            dropping.drop(client, name, lock, float("inf"))
    client.delete(archive.store.partitions[0].keys.lock)
    assert collections.drop(client, name)


def test_a_collection_without_its_index_is_listed_with_its_trouble_and_dropped(archive: Archive) -> None:
    client, name = archive.store.client, archive.store.collection
    client.delete(archive.store.partitions[0].keys.pointer)
    [found] = [one for one in collections.listed(client) if one.name == name]
    assert "no index is published" in str(found.trouble)
    assert found.documents is None
    assert collections.drop(client, name)
    assert left_of(archive) == []
