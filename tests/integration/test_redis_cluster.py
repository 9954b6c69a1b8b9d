"""Sixteen partitions on a Redis Cluster of three masters answer as one partition on one server does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis.crc import key_slot

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound, StorageUnavailable
from nearcopy.index import bulk
from nearcopy.report import Report
from tests.conftest import server_programs
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph
from tests.integration.masters import MASTERS, PARTITIONS, Masters, masters_of


@pytest.fixture(scope="module", params=sorted(server_programs()))
def masters(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masters]:
    """A cluster of each kind of server."""
    with masters_of(server_programs()[request.param], tmp_path_factory.mktemp("c")) as started:
        yield started


@pytest.fixture
def pair(masters: Masters, redis_url: str, collection: str) -> Iterator[tuple[Archive, Archive]]:
    """An archive in sixteen partitions on the cluster, and one in a single partition."""
    with (
        Archive.open(masters.url, collection, partitions=PARTITIONS) as many,
        Archive.open(redis_url, collection) as one,
    ):
        yield many, one


def same(report: Report) -> Report:
    """Without what may differ: when it was made, and from which generation."""
    return replace(report, took_ms=0.0, generation="")


def documents() -> list[Document]:
    """Sixty documents that share paragraphs with their neighbours, one of them large."""
    made = [document(f"d{k}", range(k, k + 4), published_at=f"2026-01-{k % 28 + 1:02}") for k in range(60)]
    return [*made, document("large", range(20, 320))]


@pytest.mark.parametrize("loaded", [False, True], ids=["put", "loaded"])
def test_partitions_answer_as_one_server_does(pair: tuple[Archive, Archive], loaded: bool) -> None:
    stored = {one.id: one for one in documents()}
    for archive in pair:
        if loaded:
            bulk.load(archive.store, stored.values())
        else:
            assert set(archive.put_many(stored.values())) == {"created"}
    for changed in (document("d5", [5, 900]), document("new", [6, 901]), document("large", range(300, 600))):
        assert len({archive.put(changed) for archive in pair}) == 1
        stored[changed.id] = changed
    for archive in pair:
        assert archive.delete("d7")
        with pytest.raises(NotFound):
            archive.get("d7")
        assert archive.get("d8") == stored["d8"]
        assert archive.put(stored["d8"]) == "unchanged"
    del stored["d7"]
    many, one = pair
    for numbers in ([5, 6, 7], [900], [901, 30, 31], range(290, 310), [5000]):
        text = "\n\n".join(paragraph(number) for number in numbers)
        assert same(many.check(text)) == same(one.check(text))
    assert same(many.copies("d20")) == same(one.copies("d20"))
    assert many.stats()["documents"] == one.stats()["documents"] == len(stored)
    for archive in pair:
        archive.ping()
        audit(archive, stored)


def test_a_long_submission_is_looked_up_in_parts(pair: tuple[Archive, Archive]) -> None:
    text = "\n\n".join(paragraph(number) for number in range(160))
    for archive in pair:
        archive.put(document("large", range(100, 200)))
    many, one = pair
    assert same(many.check(text)) == same(one.check(text))


def test_all_keys_of_a_partition_share_a_slot(pair: tuple[Archive, Archive]) -> None:
    many, _ = pair
    list(many.put_many(documents()))
    slots: dict[bytes, set[int]] = {}
    tag = f"{{{many.store.collection}/".encode()
    for key in many.store.client.scan_iter(match=tag + b"*", count=2000):
        slots.setdefault(key[: key.index(b"}") + 1], set()).add(key_slot(key))
    assert len(slots) == PARTITIONS
    assert all(len(found) == 1 for found in slots.values())
    served = {many.store.client.get_node_from_key(prefix).port for prefix in slots}
    assert len(served) == MASTERS


def test_a_cluster_that_is_gone_is_an_error_and_is_used_again(masters: Masters, collection: str) -> None:
    with Archive.open(masters.url, collection, partitions=PARTITIONS) as archive:
        kept = document("kept", [1, 2])
        archive.put(kept)
        masters.kill()
        for call in (lambda: archive.check(paragraph(1)), lambda: archive.put(document("new", [3]))):
            with pytest.raises(StorageUnavailable):
                call()
        with pytest.raises(StorageUnavailable):
            Archive.open(masters.url, collection)
        for number in range(MASTERS):
            masters.start(number)
        masters.wait()
        archive.put(document("new", [3]))
        audit(archive, {"kept": kept, "new": document("new", [3])})
