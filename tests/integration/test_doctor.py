"""The doctor finds nothing where nothing is off, whatever others do meanwhile."""

from __future__ import annotations

import fcntl
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.doctor import examine
from nearcopy.doctor.looking import Change, Gone, look
from nearcopy.document import Document
from nearcopy.index import bulk, generations
from nearcopy.index.lock import Lock
from nearcopy.index.publishing import publish
from nearcopy.parameters import Parameters
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, at, rebuilt, written

FEW = Parameters(bands=4)
"""Bands: what holds for four holds for 36, and takes a ninth of the time."""


@pytest.fixture
def archive(redis_url: str, collection: str) -> Iterator[Archive]:
    with Archive.open(redis_url, collection, parameters=FEW, partitions=2) as opened:
        yield opened


def well(archive: Archive) -> dict[str, int]:
    """Nothing is off; what was checked."""
    diagnosis = examine(archive.store)
    assert diagnosis.findings == []
    assert diagnosis.healthy
    return diagnosis.checked


def test_an_empty_collection(archive: Archive) -> None:
    assert well(archive)["documents"] == 0


def test_documents_put_replaced_and_deleted(archive: Archive) -> None:
    list(archive.put_many(articles(40)))
    archive.put(document("large", range(1000, 1300)))
    archive.put(document("large", range(1200, 1500)))
    archive.put(Document("short", "three short words"))
    archive.put(document("twice", [7, 7, 8, 7]))
    for n in range(0, 40, 3):
        archive.delete(f"d{n}")
    for n in range(1, 40, 3):
        archive.put(document(f"d{n}", [n, -1, 700 + n]))
    checked = well(archive)
    assert checked["documents"] == archive.stats()["documents"] == 26 + 3
    texts = [archive.get(id).text for id in ("large", "twice")]
    assert checked["paragraphs"] >= sum(len(set(text.split("\n\n"))) for text in texts)


def test_a_full_bucket_lacks_what_it_had_no_room_for(redis_url: str, collection: str) -> None:
    with Archive.open(redis_url, collection, parameters=Parameters(bands=1)) as archive:
        # Fingerprints are counted at 8 kB, or 1,171 records: those of the last 129 documents are not there
        list(archive.put_many(document(f"d{n}", [0]) for n in range(1300)))
        part = archive.store.partitions[0]
        assert archive.store.client.scard(part.keys.full(part.generation))
        assert well(archive)["documents"] == 1300
        for n in range(300):
            archive.delete(f"d{n}")
        assert not archive.store.client.scard(part.keys.full(part.generation))
        assert well(archive)["documents"] == 1000


def test_every_generation_that_is_kept(archive: Archive, tmp_path: Path) -> None:
    first = articles(50)
    bulk.load(archive.store, first)
    archive.put(document("d1", [5, 900]))
    archive.delete("d2")
    rebuilt(archive, None, tmp_path / "f", keep=2)
    path = written(tmp_path / "a.jsonl", articles(30, seed=1))
    rebuilt(archive, path, tmp_path / "f", keep=2)
    archive.put(document("new", [1, 2]))
    checked = well(archive)
    assert (checked["generations"], checked["documents"]) == (3, 49 + 49 + 31)
    with Lock(archive.store) as lock:
        publish(archive.store, generations.previous(archive.store), lock)
    assert well(archive)["generations"] == 3


def test_a_rebuild_on_its_way_is_noted_and_left(archive: Archive, tmp_path: Path) -> None:
    list(archive.put_many(articles(10)))
    path = written(tmp_path / "a.jsonl", articles(30, seed=1))
    seen = []

    def also(report: object) -> None:
        if getattr(report, "stage", "") == "publish":
            seen.append(examine(archive.store, repair=True))

    rebuilt(archive, path, tmp_path / "f", progress=also)
    assert seen
    assert [one.findings for one in seen] == [[]] * len(seen)
    assert archive.stats()["documents"] == 30


def test_a_rebuild_that_died_can_go_on_after_the_doctor(archive: Archive, tmp_path: Path) -> None:
    list(archive.put_many(articles(10)))
    path = written(tmp_path / "a.jsonl", articles(30, seed=1))

    def die() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        rebuilt(archive, path, tmp_path / "f", progress=at("send", 0, die))
    diagnosis = examine(archive.store, repair=True, rebuilds=[tmp_path / "f"])
    assert diagnosis.findings == []
    assert [note for note in diagnosis.notes if note.startswith("generation 2 is not whole")]
    assert [note for note in diagnosis.notes if note.endswith("it can go on there")]
    rebuilt(archive, path, tmp_path / "f")
    assert archive.stats()["generation"] == "2"
    after = examine(archive.store, rebuilds=[tmp_path / "f"])
    assert (after.findings, after.notes) == ([], [])


@contextmanager
def writers(archive: Archive, expected: dict[str, Document]) -> Iterator[list[int]]:
    """Three threads that put, replace and delete documents of their own as fast as they can."""
    halt, count = threading.Event(), [0, 0, 0]

    def write(number: int) -> None:
        draw = random.Random(number)
        while not halt.is_set():
            one = document(f"w{number}-{draw.randrange(30)}", draw.sample(range(200), draw.randint(1, 5)))
            if draw.random() < 0.3:
                archive.delete(one.id)
                expected.pop(one.id, None)
            else:
                archive.put(one)
                expected[one.id] = one
            count[number] += 1

    threads = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield count
    finally:
        halt.set()
        for thread in threads:
            thread.join()


def test_writers_are_never_taken_for_damage_nor_disturbed(archive: Archive) -> None:
    expected = {one.id: one for one in articles(60)}
    bulk.load(archive.store, expected.values())
    with writers(archive, expected) as count:
        while min(count) < 5:
            time.sleep(0.01)
        before = sum(count)
        for repair in (False, True):
            diagnosis = examine(archive.store, repair)
            assert diagnosis.findings == []
        assert sum(count) > before
    audit(archive, expected)


def test_damage_is_mended_beside_writers(archive: Archive) -> None:
    expected = {one.id: one for one in articles(60)}
    bulk.load(archive.store, expected.values())
    client, part = archive.store.client, archive.store.partitions[0]
    with writers(archive, expected):
        head = part.keys.prefix + part.generation
        for letter in b"pdfxo":
            pages = sorted(client.scan_iter(match=head + bytes([letter]) + b"*", count=5000))
            client.delete(*pages[: max(len(pages) // 2, 1)])
        diagnosis = examine(archive.store, repair=True)
        assert {finding.kind for finding in diagnosis.findings} >= {"exact", "postings", "holders"}
    examine(archive.store, repair=True)
    assert well(archive)["documents"] == len(expected)
    for id in list(expected)[:20]:
        assert id in {source.document for source in archive.check(expected[id].text, limit=200).sources}


def test_a_generation_that_goes_while_it_is_looked_at(archive: Archive, tmp_path: Path) -> None:
    """Its pages go, and nobody is told that they are missing."""
    list(archive.put_many(articles(20)))
    rebuilt(archive, None, tmp_path / "f", keep=1)
    with Lock(archive.store):
        there = archive.store.at(b"1")
        generations.drop(archive.store, b"1", grace=0.0)
    with pytest.raises(Gone):
        look(archive.store, there.partitions[0], [b"any"])
    change = Change()
    change.run("SET", there.partitions[0].keys.prefix + b"1t\0\0\1", b"x")
    assert not change.made(archive.store, there.partitions[0])
    assert well(archive)["generations"] == 1


def test_folders_of_rebuilds(archive: Archive, tmp_path: Path) -> None:
    over, left, running, other = (tmp_path / name for name in ("over", "left", "running", "other"))
    for folder in (over, left, running, other):
        folder.mkdir()
        (folder / "rejects.jsonl").touch()
        (folder / "mine.txt").touch()
    for folder in (over, left, running):
        (folder / "signed-000000.part").touch()
        (folder / "signed-000001.12.partial").touch()
    for folder in (left, running):
        (folder / "journal.jsonl").touch()
    with open(running / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folders = [over, left, running, other]
        found = examine(archive.store, rebuilds=folders)
        ((kind, where, repaired),) = [(one.kind, one.where, one.repaired) for one in found.findings]
        assert (kind, where, repaired) == ("files", str(over), False)
        assert examine(archive.store, repair=True, rebuilds=folders).healthy
        after = examine(archive.store, repair=True, rebuilds=folders)
    assert after.findings == []
    assert after.notes == found.notes
    assert [note for note in after.notes if "can go on" in note and str(left) in note]
    assert [note for note in after.notes if "runs in" in note and str(running) in note]
    assert sorted(path.name for path in over.iterdir()) == ["lock", "mine.txt", "rejects.jsonl"]
    for folder in (left, running):
        assert len([*folder.glob("signed-*"), *folder.glob("journal*")]) == 3
    assert [path.name for path in sorted(other.iterdir())] == ["mine.txt", "rejects.jsonl"]
