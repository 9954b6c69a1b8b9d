"""Each kind of damage is found as what it is, nothing else is, and it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.doctor import examine, postings
from nearcopy.document import Document
from nearcopy.index import bulk
from nearcopy.index.keys import COLLECTIONS, id_digest, partition_of
from nearcopy.index.lock import Lock
from nearcopy.index.store import Partition
from nearcopy.parameters import Parameters
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, rebuilt

FEW = Parameters(bands=4)
"""Bands: what holds for four holds for 36, and takes a ninth of the time."""

WIDTHS = {"p": 5, "d": 5, "f": 7, "x": 9, "o": 4}


@dataclass
class Patient:
    """A collection on base and delta pages, with paragraphs that nobody holds, and what it ought to hold."""

    archive: Archive
    expected: dict[str, Document]

    def of(self, id: str) -> Partition:
        """The partition of a document."""
        store = self.archive.store
        return store.partitions[partition_of(id, len(store.partitions))]

    def entry(self, id: str) -> tuple[bytes, bytes, bytes]:
        """Where an id is looked up, its digest, and what is found."""
        part, digest = self.of(id), id_digest(id)
        bucket = part.keys.id_bucket(part.generation, digest)
        return bucket, digest, self.client.hget(bucket, digest)

    def text(self, id: str) -> bytes:
        """The key of a document's text."""
        part = self.of(id)
        return part.keys.text(part.generation, int.from_bytes(self.entry(id)[2][:3], "big"))

    def page(self, letter: str) -> tuple[bytes, bytes]:
        """A page of that letter in the first partition and its content: records of documents, or of
        paragraphs that documents hold. Of others only the count of the records is known."""
        part, size, held = self.archive.store.partitions[0], WIDTHS[letter.lower()], self.held()
        head = part.keys.prefix + part.generation + letter.encode()
        for key in sorted(self.client.scan_iter(match=head + b"*", count=5000)):
            content = self.client.get(key) if len(key) == len(head) + 4 else b""
            numbers = {int.from_bytes(content[at - 3 : at]) for at in range(size, len(content) + 1, size)}
            if len(content) >= size and 0 not in numbers and (letter not in "pPxX" or numbers <= held):
                return key, content
        raise AssertionError(f"there is no page {letter}")

    def held(self, part: Partition | None = None) -> set[int]:
        """The paragraphs of a partition, or the first, that documents hold."""
        part, found = part or self.archive.store.partitions[0], set()
        for letter in (b"o", b"O"):
            head = part.keys.prefix + part.generation + letter
            for key in self.client.scan_iter(match=head + b"*", count=5000):
                content, page = self.client.get(key), int.from_bytes(key[-3:])
                live = [at for at in range(0, len(content), 4) if any(content[at + 1 : at + 4])]
                found |= {page << 6 | content[at] for at in live}
        return found

    def lose(self, letters: str) -> None:
        """All pages of these letters in the first partition are gone."""
        part = self.archive.store.partitions[0]
        for letter in letters:
            head = part.keys.prefix + part.generation + letter.encode()
            self.client.delete(*self.client.scan_iter(match=head + b"*", count=5000))

    @property
    def client(self):  # type: ignore[no-untyped-def]
        return self.archive.store.client

    def examine(self, repair: bool = False) -> list[tuple[str, str]]:
        """Kind and sentence of each finding."""
        diagnosis = examine(self.archive.store, repair)
        assert diagnosis.healthy == (repair or not diagnosis.findings)
        return [(finding.kind, finding.what) for finding in diagnosis.findings]

    def mended(self, *lost: str) -> None:
        """Nothing is off any more, and the auditor agrees."""
        assert self.examine() == []
        audit(self.archive, {id: one for id, one in self.expected.items() if id not in lost})


@pytest.fixture
def patient(redis_url: str, collection: str) -> Iterator[Patient]:
    with Archive.open(redis_url, collection, parameters=FEW, partitions=2) as archive:
        loaded = {one.id: one for one in articles(60)}
        bulk.load(archive.store, loaded.values())
        put = {f"new{n}": document(f"new{n}", [-1, -2, n, 1000 + n, 2000 + n, 3000 + n]) for n in range(30)}
        list(archive.put_many(put.values()))
        put["new1"] = document("new1", [4000, 1])
        archive.put(put["new1"])
        archive.delete("new2")
        del put["new2"]
        yield Patient(archive, {**loaded, **put})


def test_a_healthy_collection(patient: Patient) -> None:
    patient.mended()


Damage = Callable[[Patient], list[tuple[str, str]]]
"""Makes damage, and says what ought to be found: the kind, and the sentence."""


def cut_page(letter: str) -> Damage:
    def damage(patient: Patient) -> list[tuple[str, str]]:
        key, content = patient.page(letter)
        size, half = WIDTHS[letter.lower()], len(content) // 2
        patient.client.set(key, content[: half + (half % size == 0)])
        return [(kind_of(letter), "page is cut off within a record")]

    return damage


def lost_page(letter: str) -> Damage:
    def damage(patient: Patient) -> list[tuple[str, str]]:
        patient.client.delete(patient.page(letter)[0])
        return [(kind_of(letter), "missing")]

    return damage


def flipped(letter: str, byte: int) -> Damage:
    """A byte of the first record of a page is another."""
    def damage(patient: Patient) -> list[tuple[str, str]]:
        (key, content), at = patient.page(letter), byte % WIDTHS[letter.lower()]
        patient.client.setrange(key, at, bytes([content[at] ^ 0x55]))
        return [(kind_of(letter), "1 {0} is missing, 1 {0} belongs to nothing".format(thing_of(letter)))]

    return damage


def doubled(letter: str) -> Damage:
    def damage(patient: Patient) -> list[tuple[str, str]]:
        key, content = patient.page(letter)
        patient.client.append(key, content[: WIDTHS[letter.lower()]])
        return [(kind_of(letter), f"1 {thing_of(letter)} stands twice")]

    return damage


def kind_of(letter: str) -> str:
    return {"x": "exact", "o": "holders"}.get(letter.lower(), "postings")


def thing_of(letter: str) -> str:
    return {"x": "exact record", "o": "holder"}.get(letter.lower(), "posting")


PAGES = {
    **{f"cut {letter}": cut_page(letter) for letter in "pF"},
    **{f"lost {letter}": lost_page(letter) for letter in "pPdDfFxXoO"},
    **{f"hash {letter}": flipped(letter, 0) for letter in "pfxO"},
    **{f"number {letter}": flipped(letter, -1) for letter in "PdXo"},
    **{f"doubled {letter}": doubled(letter) for letter in "pDFxO"},
}


@pytest.mark.parametrize("name", PAGES)
def test_damaged_pages(patient: Patient, name: str) -> None:
    wanted = PAGES[name](patient)
    same(wanted, patient.examine(repair=True))
    patient.mended()


def same(wanted: list[tuple[str, str]], found: list[tuple[str, str]]) -> None:
    """All that is wanted was found, and nothing else."""
    assert [kind for kind, _ in found] == [kind for kind, _ in wanted], found
    assert all(sentence in what for (_, sentence), (_, what) in zip(wanted, found, strict=True)), found


def treated(patient: Patient, wanted: list[tuple[str, str]], *lost: str) -> None:
    """It is found, and mended, and nothing but ``lost`` documents is lost."""
    found = patient.examine()
    same(wanted, found)
    assert patient.examine(repair=True) == found
    patient.mended(*lost)


def swapped(content: bytes, at: int) -> bytes:
    """The content with another byte at one place."""
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


@pytest.mark.parametrize("id", ["d7", "new7"])
def test_a_lost_text(patient: Patient, id: str) -> None:
    patient.client.delete(patient.text(id))
    treated(patient, [("texts", f"lost with it: 1 ({'new7' if id == 'new7' else 'id with digest'}")], id)


def test_a_damaged_text(patient: Patient) -> None:
    key = patient.text("new8")
    content = patient.client.get(key)
    patient.client.set(key, swapped(content, len(content) // 2))
    treated(patient, [("texts", "lost with it: 1 (new8)")], "new8")


def test_a_lost_text_comes_back_from_a_generation_that_was_kept(patient: Patient, tmp_path: Path) -> None:
    rebuilt(patient.archive, None, tmp_path / "f", keep=1)
    for number in range(2):
        patient.archive.store.refresh(number)
    patient.client.delete(patient.text("d7"), patient.text("new8"))
    several = 2 - (patient.of("d7") is patient.of("new8"))
    treated(patient, [("texts", "whole in another generation: ")] * several)


@pytest.mark.parametrize("at", [0, 2, 3, 10])
def test_a_wrong_entry_of_an_id(patient: Patient, at: int) -> None:
    """Its number, or its digest."""
    bucket, digest, entry = patient.entry("new9")
    patient.client.hset(bucket, digest, swapped(entry, at))
    treated(patient, [("ids", "to another text than theirs, or to theirs with another digest: 1 (new9)")])


def test_a_wrong_digest_before_a_text(patient: Patient) -> None:
    patient.client.setrange(patient.text("new9"), 3, b"?")
    treated(patient, [("ids", "with another digest: 1 (new9)")])


def test_a_text_that_no_id_leads_to(patient: Patient) -> None:
    bucket, digest, _ = patient.entry("new10")
    patient.client.hdel(bucket, digest)
    treated(patient, [("counters", "counter of documents"), ("ids", "texts that no id leads to: 1 (new10)")])


def test_two_texts_of_one_id(patient: Patient) -> None:
    part = patient.of("new10")
    patient.client.set(part.keys.text(part.generation, 500), patient.client.get(patient.text("new10")))
    patient.client.hset(part.keys.counters(part.generation), "d", 500)
    found = patient.examine()
    assert found[0] == ("ids", "texts beside another of the same id: 1 (new10)")
    assert patient.examine(repair=True)[0] == found[0]
    patient.mended()


@pytest.mark.parametrize(("name", "sentence"), [
    ("c", "the counter of documents says 5"),
    ("d", "numbers of documents is below"),
    ("p", "numbers of paragraphs is below"),
])
def test_wrong_counters(patient: Patient, name: str, sentence: str) -> None:
    part = patient.archive.store.partitions[0]
    patient.client.hset(part.keys.counters(part.generation), name, 5)
    treated(patient, [("counters", sentence)])


def test_a_generation_that_would_be_given_again(patient: Patient, tmp_path: Path) -> None:
    rebuilt(patient.archive, None, tmp_path / "f", keep=1)
    patient.archive.store.refresh(0)
    patient.client.set(patient.archive.store.partitions[0].keys.begun, 2)
    patient.client.srem(COLLECTIONS, patient.archive.store.collection)
    wanted = [("keys", "the list of collections lacks"), ("counters", "counter of generations is below 3")]
    treated(patient, wanted)


def test_delta_pages_that_nobody_reads(patient: Patient) -> None:
    part = patient.archive.store.partitions[1]
    patient.client.delete(part.keys.written(part.generation))
    treated(patient, [("marks", "no mark")])


def test_buckets_that_are_not_full(patient: Patient) -> None:
    part = patient.archive.store.partitions[0]
    page, content = patient.page("P")
    patient.client.sadd(part.keys.full(part.generation), page + content[:2], b"nonsense")
    treated(patient, [("marks", "listed as full, so that nothing is added: 2")])


def test_stray_keys(patient: Patient) -> None:
    """Of a generation that nobody knows, of a page that there is not, of nothing, of no partition; and one of
    the wrong type in the place of a page."""
    names, client = patient.archive.store.partitions[0].keys, patient.client
    for key in (b"77p\0\0\0\0", b"77t\0\0\1"):
        client.set(names.prefix + key, b"x")
    for key in (b"2p\x09\0\0\0", b"2i\xff\xff", b"2what", b"some"):
        client.set(names.prefix + key, b"x")
    client.set(names.prefix.replace(b"/0", b"/9") + b"g", b"1")
    client.sadd(patient.archive.store.partitions[1].keys.prefix + b"2P\0\0\0\xff", "x")
    treated(patient, [
        ("keys", "keys of generation 77, which nothing knows of: 2"),
        *(("keys", f"keys that Nearcopy does not have: {count} (") for count in (4, 1, 1)),
    ])


def test_texts_of_a_partition_that_there_is_not_are_left(patient: Patient) -> None:
    """What says how many partitions there are may be what is wrong."""
    key = patient.archive.store.partitions[0].keys.prefix.replace(b"/0", b"/7") + b"2t\0\0\1"
    patient.client.set(key, b"x")
    found = examine(patient.archive.store, repair=True)
    assert not found.healthy
    assert "has the collection more partitions than it says?" in found.findings[0].what
    patient.client.delete(key)
    patient.mended()


def test_fingerprints_are_compared_some_documents_at_a_time(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "AT_ONCE", 50)
    assert patient.examine() == []
    wanted = [*flipped("f", 0)(patient), *lost_page("F")(patient)]
    ((kind, what),) = patient.examine()
    assert (kind, "belongs to nothing" in what) == (wanted[0][0], True)
    treated(patient, [(kind, what)])


def test_no_keys_are_removed_while_a_rebuild_runs(patient: Patient) -> None:
    names, store = patient.archive.store.partitions[0].keys, patient.archive.store
    patient.client.set(names.prefix + b"77w", b"1")
    with Lock(store):
        found = examine(store, repair=True)
        assert not found.healthy
        assert "a rebuild of the collection is running" in found.findings[0].what
        assert patient.client.exists(names.prefix + b"77w")
    treated(patient, [("keys", "keys of generation 77, which nothing knows of: 1")])


def test_paragraphs_that_nobody_holds(patient: Patient) -> None:
    """One that lacks a record goes wholly."""
    part = patient.of("new2")
    held = patient.held(part)
    loose = next(n for n in range(1, 500) if n not in held)
    head = part.keys.prefix + part.generation + b"P\1"
    for key in patient.client.scan_iter(match=head + b"*", count=5000):
        content = patient.client.get(key)
        for at in range(0, len(content), 5):
            if content[at + 2 : at + 5] == loose.to_bytes(3):
                patient.client.setrange(key, at, bytes(5))
    ((kind, what),) = patient.examine()
    assert (kind, what[-3:]) == ("unheld", ": 1")
    patient.examine(repair=True)
    assert patient.examine() == []


def test_paragraphs_without_exact_records_and_holders(patient: Patient) -> None:
    """The bands still know their numbers."""
    patient.lose("xo")
    assert [kind for kind, _ in patient.examine(repair=True)] == ["exact", "holders"]
    patient.mended()


def test_paragraphs_of_which_nothing_is_left(patient: Patient) -> None:
    """They get other numbers."""
    patient.lose("xop")
    assert [what for kind, what in patient.examine() if "under no number" in what and kind == "exact"]
    patient.examine(repair=True)
    assert patient.examine() == []
    for id, one in patient.expected.items():
        assert id in {source.document for source in patient.archive.check(one.text, limit=100).sources}
