"""Other parameters, adding in bulk, going back, and what is kept for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import Busy, InputError, NearcopyError, NotFound, StorageUnavailable
from nearcopy.index import generations, publishing
from nearcopy.index.keys import id_digest, partition_of
from nearcopy.index.lock import Lock
from nearcopy.parameters import Parameters
from tests.integration.auditor import audit
from tests.integration.making import document, holders
from tests.integration.rebuilding import articles, at, rebuilt, written
from worker.rebuild import Summary

ARCHIVE = articles(60)
FIRST = {one.id: one for one in ARCHIVE}


@pytest.fixture(params=[1, 2])
def archive(request: pytest.FixtureRequest, redis_url: str, collection: str) -> Iterator[Archive]:
    """A collection in one partition, and in two."""
    with Archive.open(redis_url, collection, partitions=request.param) as opened:
        yield opened


def put(archive: Archive, documents: list[Document]) -> dict[str, Document]:
    list(archive.put_many(documents))
    return {one.id: one for one in documents}


def anew(archive: Archive, folder: Path, **options: object) -> Summary:
    """A rebuild from the stored documents."""
    return rebuilt(archive, None, folder, **options)


def go_back(archive: Archive) -> int:
    with Lock(archive.store) as lock:
        return publishing.publish(archive.store, generations.previous(archive.store), lock)


def states(archive: Archive) -> dict[int, str]:
    return {one.number: one.state for one in generations.listed(archive.store)}


def test_an_archive_is_added_to_what_is_stored(archive: Archive, tmp_path: Path) -> None:
    expected = put(archive, ARCHIVE[:40])
    more = [document("d3", [700, 701]), document("d5", [1], title="new"), *ARCHIVE[40:]]
    path = written(tmp_path / "a.jsonl", more)
    summary = rebuilt(archive, path, tmp_path / "f", kind="load")
    expected |= {one.id: one for one in more}
    audit(archive, expected)
    assert (summary.documents, summary.rejects) == (60, 0)


OTHERS = [{"threshold": 0.7}, {"shingle": 2}, {"threshold": 0.6, "probability": 0.95}]


@pytest.mark.parametrize("change", OTHERS)
def test_an_index_is_built_anew_with_other_parameters(
    archive: Archive, redis_url: str, tmp_path: Path, change: dict[str, float]
) -> None:
    expected = put(archive, ARCHIVE)
    assert archive.delete("d7")
    del expected["d7"]
    with Archive.open(redis_url, archive.store.collection) as other:
        before = other.check(ARCHIVE[0].text)
        changes: list[Document] = []

        def change_it() -> None:
            changes.extend([document("d3", [900, 2]), document("new", [1, 901])])
            put(other, changes)
            assert other.delete("d9")

        anew(archive, tmp_path / "f", progress=at("sign", 2, change_it), **change)
        expected |= {one.id: one for one in changes}
        del expected["d9"]
        audit(archive, expected)
        # One that had the old generation open follows, reading and writing
        after = other.check(ARCHIVE[0].text)
        assert [source.document for source in after.sources] == [source.document for source in before.sources]
        assert other.put(document("last", [902])) == "created"
    found = archive.parameters
    assert found.threshold == change.get("threshold", 0.5)
    assert found.shingle == change.get("shingle", 3)
    assert found.probability >= change.get("probability", 0.99)
    assert after.detection.bands == found.bands
    audit(archive, {**expected, "last": document("last", [902])})


def test_a_shingle_longer_than_a_paragraph_is_refused(archive: Archive, tmp_path: Path) -> None:
    put(archive, ARCHIVE[:3])
    with pytest.raises(InputError, match="at most 8"):
        anew(archive, tmp_path / "f", shingle=9)


def test_nothing_is_built_of_a_collection_without_a_document(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing stored"):
        anew(archive, tmp_path / "f")
    assert archive.put(document("a", [1])) == "created"
    audit(archive, {"a": document("a", [1])})


def test_going_back_keeps_what_was_written_since(archive: Archive, tmp_path: Path) -> None:
    expected = put(archive, ARCHIVE)
    other = [document(f"o{n}", [1000 + n]) for n in range(9)]
    rebuilt(archive, written(tmp_path / "a.jsonl", other), tmp_path / "f", keep=1, threshold=0.7)
    assert holders(archive, 1001) == {"o1"}
    assert states(archive) == {1: "kept", 2: "live"}
    put(archive, [document("late", [1001]), document("d3", [1002])])
    archive.delete("d5")  # which is not there now
    archive.put(document("d6", [1]))
    archive.delete("d6")
    assert go_back(archive) > 0
    expected |= {"late": document("late", [1001]), "d3": document("d3", [1002])}
    del expected["d6"]
    assert archive.parameters == Parameters()
    assert states(archive) == {1: "live", 2: "kept"}
    audit(archive, expected)
    # And forth again
    archive.put(document("later", [1003]))
    go_back(archive)
    audit(archive, {
        **{one.id: one for one in other}, "late": document("late", [1001]), "d3": document("d3", [1002]),
        "later": document("later", [1003]),
    })


def test_a_generation_goes_when_it_is_dropped_and_the_log_with_it(archive: Archive, tmp_path: Path) -> None:
    put(archive, ARCHIVE)
    expected = {"a": document("a", [1])}
    rebuilt(archive, written(tmp_path / "a.jsonl", [document("a", [1])]), tmp_path / "f", keep=1)
    store = archive.store
    with Lock(store):
        with pytest.raises(Busy, match="try again in 30 seconds"):
            generations.drop(store, b"1")
        with pytest.raises(InputError, match="is live"):
            generations.drop(store, b"2", grace=0)
        with pytest.raises(NotFound, match="no generation 3"):
            generations.drop(store, b"3", grace=0)
        assert generations.drop(store, b"1", grace=0) > 60
    assert states(archive) == {2: "live"}
    with pytest.raises(NotFound, match="none was kept"):
        generations.previous(store)
    for number in range(1200):
        archive.put(document("a", [1], title=str(number)))
    expected = {"a": document("a", [1], title="1199")}
    assert all(store.client.xlen(part.keys.log) < 500 for part in store.partitions)
    audit(archive, expected)


def test_as_many_are_kept_as_were_asked_for(archive: Archive, tmp_path: Path) -> None:
    put(archive, ARCHIVE[:5])
    seen = []
    for keep in (2, 2, 2, 1, 0):
        anew(archive, tmp_path / "f", keep=keep)
        seen.append(states(archive))
    kept = [sorted(number for number, state in one.items() if state == "kept") for one in seen]
    assert kept == [[1], [1, 2], [2, 3], [4], []]
    audit(archive, {one.id: one for one in ARCHIVE[:5]})


def test_a_text_that_is_missing_is_not_taken_for_a_deletion(archive: Archive, tmp_path: Path) -> None:
    put(archive, ARCHIVE[:5])

    def lose() -> None:
        archive.put(document("d3", [900]))
        part = archive.store.partitions[partition_of("d3", len(archive.store.partitions))]
        digest = id_digest("d3")
        entry = archive.store.client.hget(part.keys.id_bucket(part.generation, digest), digest)
        archive.store.client.delete(part.keys.text(part.generation, int.from_bytes(entry[:3])))

    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with pytest.raises(StorageUnavailable, match="the text of document 'd3' is missing"):
        rebuilt(archive, path, tmp_path / "f", progress=at("sign", 1, lose))
    assert archive.store.refresh(0).generation == b"1"


def test_who_lost_the_lock_publishes_nothing(archive: Archive, tmp_path: Path) -> None:
    expected = put(archive, ARCHIVE[:5])
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    name = archive.store.partitions[0].keys.lock

    def lose() -> None:
        archive.store.client.set(name, "elsewhere 1 another")

    with pytest.raises(NearcopyError, match="another rebuild"):
        rebuilt(archive, path, tmp_path / "f", progress=at("publish", 0, lose))
    archive.store.client.delete(name)
    audit(archive, expected)
    rebuilt(archive, path, tmp_path / "f")
    audit(archive, FIRST)


def test_a_lock_is_renewed_and_ends_with_its_holder(archive: Archive) -> None:
    with Lock(archive.store, seconds=0.6) as lock:
        time.sleep(1.5)
        lock.check()
        with pytest.raises(Busy), Lock(archive.store):
            pass
        # One that was silent for too long finds another in its place
        taken = threading.Event()
        archive.store.client.set(lock._name, "elsewhere 1 another")
        while not taken.wait(0.05):
            try:
                lock.check()
            except NearcopyError:
                taken.set()
    assert archive.store.client.get(lock._name) == b"elsewhere 1 another"
