"""The audit before a publish: a sound rebuild passes; whatever is done to one on its way fails it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import AuditFailed, NotFound
from nearcopy.index import generations
from nearcopy.index.lock import Lock
from nearcopy.index.publishing import publish
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph
from tests.integration.rebuilding import articles, at, rebuilt, written

FEW = articles(60)
OLD = document("old", [7, 8, 9])
NEXT = b"2"


def keys_of(archive: Archive, kind: str) -> list[bytes]:
    """The keys of a kind of the generation that is being made, in order."""
    head = archive.store.partitions[0].keys.prefix + NEXT + kind.encode()
    return sorted(archive.store.client.scan_iter(match=head + b"*", count=10_000))


def share_of(names: list[bytes], share: float) -> list[bytes]:
    """A random share of some keys."""
    return random.Random(1).sample(names, max(round(len(names) * share), 1))


def corrupted(archive: Archive, kind: str, share: float) -> None:
    """Write random bytes over a share of the pages of a kind; their lengths stay."""
    client, draw = archive.store.client, np.random.default_rng(1)
    for name in share_of(keys_of(archive, kind), share):
        client.set(name, draw.bytes(client.strlen(name)))


def without_a_text(archive: Archive) -> None:
    archive.store.client.delete(keys_of(archive, "t")[30])


def without_ids(archive: Archive) -> None:
    archive.store.client.delete(keys_of(archive, "i")[3])


def without_a_band(archive: Archive) -> None:
    archive.store.client.delete(*keys_of(archive, "p\x07"))


def without_most_bands(archive: Archive) -> None:
    archive.store.client.delete(*(n for band in range(34) for n in keys_of(archive, f"p{chr(band)}")))


def without_some_pages(archive: Archive) -> None:
    archive.store.client.delete(*share_of(keys_of(archive, "p"), 0.05))


def without_fingerprints(archive: Archive) -> None:
    archive.store.client.delete(*keys_of(archive, "f"))


def with_a_wrong_counter(archive: Archive) -> None:
    archive.store.client.hincrby(keys_of(archive, "n")[0], "c", 1)


def with_a_page_too_long(archive: Archive) -> None:
    archive.store.client.append(keys_of(archive, "o")[0], bytes(4))


def with_spoiled_texts(archive: Archive) -> None:
    client = archive.store.client
    for name in share_of(keys_of(archive, "t"), 0.1):
        client.setrange(name, 20, b"\0\0\0\0")


def with_texts_of_others(archive: Archive) -> None:
    client, names = archive.store.client, keys_of(archive, "t")
    first, second = client.mget(names[:2])
    client.mset({names[0]: second, names[1]: first})


def without_a_shape(archive: Archive) -> None:
    archive.store.client.delete(*keys_of(archive, "s"))


DAMAGE: list[tuple[Callable[[Archive], None], str]] = [
    (without_a_text, r"texts: 59 where 60 were sent"),
    (without_ids, r"ids: 5\d where 60 were sent"),
    (without_a_band, r"bytes of paragraph bands: [\d,]+ where [\d,]+ were sent; .*paragraph bands: \d+ of"),
    (without_most_bands, r"copies of paragraphs with resemblance 0.[345]\d: \d+ of 60 are found, where the "
                         r"detection curve says 5\d"),
    (without_some_pages, r"bytes of paragraph bands: [\d,]+ where .*; paragraph bands: \d+ of \d+ are m"),
    (without_fingerprints, r"bytes of fingerprints: 0 where .*; excerpts of 20 words: 60 of 60 are missing"),
    (with_a_wrong_counter, r"documents: 61 where 60 were sent"),
    (with_a_page_too_long, r"bytes of documents of paragraphs: [\d,]+ where [\d,]+ were sent"),
    (with_spoiled_texts, r"sampled documents: 6 of 60 are missing"),
    (with_texts_of_others, r"sampled documents: 2 of 60 are missing"),
    (without_a_shape, r"cannot be read"),
    (lambda archive: corrupted(archive, "p", 0.05), r"published: paragraph bands: \d+ of \d+ are missing"),
    (lambda archive: corrupted(archive, "d", 0.05), r"published: document bands: \d+ of \d+ are missing"),
    (lambda archive: corrupted(archive, "f", 0.1), r"published: fingerprints: \d+ of \d+ are missing"),
    (lambda archive: corrupted(archive, "x", 0.5), r"published: exact paragraphs: \d+ of \d+ are missing"),
    (lambda archive: corrupted(archive, "o", 0.1), r"published: documents of paragraphs: \d+ of \d+ are m"),
]


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_sound_rebuild_passes_and_its_figures_are_kept(
    redis_url: str, collection: str, tmp_path: Path, partitions: int
) -> None:
    path = written(tmp_path / "a.jsonl", FEW)
    with Archive.open(redis_url, collection, partitions=partitions) as archive:
        summary = rebuilt(archive, path, tmp_path / "f")
        figures = summary.audit
        assert figures["counted"]["texts"] == figures["counted"]["ids"] == 60
        assert figures["counted"]["paragraphs"] == summary.paragraphs
        pages = sum(size for name, size in figures["counted"].items() if name.startswith("bytes of"))
        assert pages == summary.page_bytes
        assert figures["records"]["sampled documents"] == {"records": 60, "missing": 0, "full": 0}
        assert figures["records"]["document bands"] == {"records": 60 * 36, "missing": 0, "full": 0}
        assert all(not tally["missing"] for tally in figures["records"].values())
        assert {(one["of"], one["aimed"]) for one in figures["copies"]} == {
            (of, level) for of in ("paragraphs", "documents") for level in (0.9, 0.7, 0.5, 0.4)
        }
        assert all(one["copies"] == 60 for one in figures["copies"])
        assert figures["answers"] == {"itself": 60, "equals": 0, "nothing": 0, "too_long": 0}
        [live] = [one for one in generations.listed(archive.store) if one.state == "live"]
        assert live.record["audit"] == figures
        audit(archive, {one.id: one for one in FEW})


@pytest.mark.parametrize(("damage", "reason"), DAMAGE)
def test_a_damaged_generation_is_not_published(
    archive: Archive, tmp_path: Path, damage: Callable[[Archive], None], reason: str
) -> None:
    path, folder = written(tmp_path / "a.jsonl", FEW), tmp_path / "f"
    archive.put(OLD)
    before = set(archive.store.client.scan_iter(match=b"{" + archive.store.collection.encode() + b"/*"))
    with pytest.raises(AuditFailed, match=reason) as failed:
        rebuilt(archive, path, folder, progress=at("audit", 0, lambda: damage(archive)))
    audit(archive, {OLD.id: OLD})
    after = set(archive.store.client.scan_iter(match=b"{" + archive.store.collection.encode() + b"/*"))
    names = archive.store.partitions[0].keys
    assert after - before <= {names.begun}
    told = {one.number: one for one in generations.listed(archive.store)}[2]
    assert (told.state, told.record["audit"]) == ("failed", failed.value.audit)
    assert told.record["failed"] in str(failed.value)
    with Lock(archive.store) as lock, pytest.raises(NotFound, match="failed its audit"):
        publish(archive.store, NEXT, lock)


def test_after_a_failure_all_is_made_anew(archive: Archive, tmp_path: Path) -> None:
    path, folder = written(tmp_path / "a.jsonl", FEW), tmp_path / "f"
    with pytest.raises(AuditFailed):
        rebuilt(archive, path, folder, progress=at("audit", 0, lambda: without_a_text(archive)))
    failed = {part.name: part.stat().st_mtime_ns for part in folder.glob("*.part")}
    now: dict[str, int] = {}
    summary = rebuilt(archive, path, folder, progress=at("audit", 0, lambda: now.update(
        {part.name: part.stat().st_mtime_ns for part in folder.glob("*.part")}
    )))
    assert summary.generation == "3"
    assert now.keys() == failed.keys()
    assert not now.items() & failed.items()
    audit(archive, {one.id: one for one in FEW})
    assert [one.number for one in generations.listed(archive.store)] == [3]


def test_what_is_replayed_before_a_stop_is_not_taken_for_damage(archive: Archive, tmp_path: Path) -> None:
    path, folder = written(tmp_path / "a.jsonl", FEW), tmp_path / "f"

    def write() -> None:
        archive.put(document("d3", [90_001]))
        archive.put(document("d5", [90_002]))
        archive.delete("d5")
        archive.put(document("new", [1, 2]))

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(archive, path, folder, progress=lambda told: {
            ("audit", 0): write, ("audit", 2): stop,
        }.get((told.stage, told.done), lambda: None)())
    summary = rebuilt(archive, path, folder)
    assert summary.audit["counted"]["texts"] == 60
    assert summary.audit["answers"] == {"itself": 60, "equals": 0, "nothing": 0, "too_long": 0}
    expected = {one.id: one for one in FEW if one.id != "d5"}
    audit(archive, {**expected, "d3": document("d3", [90_001]), "new": document("new", [1, 2])})


def test_what_the_replay_spoils_is_found_by_its_answers(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", FEW)
    archive.put(OLD)

    def spoil() -> None:
        for kind in "pdfx":
            archive.store.client.delete(*keys_of(archive, kind))

    with pytest.raises(AuditFailed, match="answers: 60 of 60 sampled documents do not find themselves"):
        rebuilt(archive, path, tmp_path / "f", progress=at("audit", 1, spoil))
    audit(archive, {OLD.id: OLD})


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_an_audit_that_was_stopped_goes_on(archive: Archive, tmp_path: Path, done: int) -> None:
    path, folder = written(tmp_path / "a.jsonl", FEW), tmp_path / "f"

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(archive, path, folder, progress=at("audit", done, stop))
    summary = rebuilt(archive, path, folder)
    assert (summary.generation, summary.audit["answers"]["itself"]) == ("2", 60)
    assert summary.audit["counted"]["texts"] == 60
    audit(archive, {one.id: one for one in FEW})


def test_full_buckets_and_hundreds_of_equal_texts_are_no_failure(archive: Archive, tmp_path: Path) -> None:
    same = "\n\n".join(paragraph(number, 30) for number in range(2))
    copies = [Document(f"same-{number}", same) for number in range(1100)]
    path = written(tmp_path / "a.jsonl", [*copies, *FEW[:20]])
    figures = rebuilt(archive, path, tmp_path / "f", audit=60, memory=64 << 20).audit
    assert figures["records"]["document bands"]["full"] > 0
    assert figures["records"]["fingerprints"]["full"] > 0
    assert figures["records"]["documents of paragraphs"]["full"] > 0
    assert all(not tally["missing"] for tally in figures["records"].values())
    assert figures["answers"]["equals"] > 0
    assert figures["answers"]["itself"] + figures["answers"]["equals"] == 60
    of_documents = next(one for one in figures["copies"] if one["of"] == "documents")
    assert of_documents["in_full_buckets"] + of_documents["copies"] == 60


def test_the_audit_can_be_left_to_the_counts(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", FEW[:30])
    figures: dict[str, Any] = rebuilt(archive, path, tmp_path / "f", audit=0).audit
    assert figures["counted"]["texts"] == 30
    assert figures["answers"] == {"itself": 0, "equals": 0, "nothing": 0, "too_long": 0}
