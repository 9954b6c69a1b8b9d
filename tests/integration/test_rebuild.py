"""A rebuilt collection is the one that its documents make, put one by one."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.errors import Busy, InputError
from nearcopy.report import Report
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph
from tests.integration.rebuilding import articles, at, rebuilt, written

ARCHIVE = articles(150)


@pytest.fixture(scope="module")
def four() -> Iterator[Executor]:
    """Four processes that share nothing with this one."""
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        yield pool


def submissions() -> list[str]:
    """Copies, parts and mixtures of the archive, and texts of nobody."""
    texts = [one.text for one in ARCHIVE[:20]]
    texts += [ARCHIVE[n].text[100:] + "\n\n" + ARCHIVE[n + 1].text[:300] for n in range(20, 35)]
    texts += [ARCHIVE[n].text.replace("a", "e", 8) for n in range(40, 50)]
    return texts + [paragraph(10_000 + n, 40) for n in range(5)]


def reports(archive: Archive) -> list[Report]:
    """Without candidates: two hashes that are equal by chance count only on one page, and delta pages are
    others than base pages."""
    same = {"generation": "", "took_ms": 0.0, "candidates": 0, "verified": 0}
    return [replace(archive.check(text, limit=100), **same) for text in submissions()]


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_rebuild_answers_as_documents_put_one_by_one_do(
    redis_url: str, collection: str, tmp_path: Path, partitions: int
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with (
        Archive.open(redis_url, collection + "-put", partitions=partitions) as put,
        Archive.open(redis_url, collection, partitions=partitions) as archive,
    ):
        list(put.put_many(ARCHIVE))
        archive.put(document("gone", [1, 2, 3]))
        summary = rebuilt(archive, path, tmp_path / "f")
        audit(archive, {one.id: one for one in ARCHIVE})
        assert (summary.documents, summary.rejects, summary.replayed) == (150, 0, 0)
        assert len(reports(archive)) == 50
        assert reports(archive) == reports(put)
        stats = archive.stats()
        assert (stats["documents"], stats["paragraphs"]) == (150, summary.paragraphs)
        assert summary.paragraphs + summary.repeats == sum(one.text.count("\n\n") + 1 for one in ARCHIVE)
        # Live afterwards as any other
        archive.put(document("new", [1, 500]))
        archive.delete("d7")
        rest = {one.id: one for one in ARCHIVE if one.id != "d7"}
        audit(archive, {**rest, "new": document("new", [1, 500])})
    assert sorted(one.name for one in (tmp_path / "f").iterdir()) == ["lock", "rejects.jsonl"]


def test_one_process_and_four_make_the_same_pages(
    archive: Archive, tmp_path: Path, four: Executor
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    made: list[dict[str, bytes]] = []
    with ThreadPoolExecutor(1) as one:
        for number, executor in enumerate((one, four)):
            folder = tmp_path / str(number)

            def keep(folder: Path = folder) -> None:
                made.append({file.name: file.read_bytes() for file in folder.glob("*.part")})

            rebuilt(archive, path, folder, executor, progress=at("send", 0, keep))
    assert made[0].keys() == made[1].keys()
    stages = Counter(name.partition("-")[0] for name in made[0])
    assert stages.keys() == {"signed", "numbers.part", "distinct", "placed", "pages"}
    assert min(stages["signed"], stages["distinct"], stages["placed"]) > 1
    assert stages["pages"] > 2 * 36 + 3
    assert made[0] == made[1]
    audit(archive, {one.id: one for one in ARCHIVE})


def test_the_same_archive_twice_gives_the_same_generation(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    rebuilt(archive, path, tmp_path / "f")
    before = reports(archive)
    rebuilt(archive, path, tmp_path / "f")
    assert archive.stats()["generation"] == "3"
    assert reports(archive) == before
    audit(archive, {one.id: one for one in ARCHIVE})


def test_what_cannot_be_used_is_listed_and_the_rest_is_there(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", [*ARCHIVE[:60], document("d3", [9001]), document("last", [9002])])
    with open(path, "a") as file:
        file.write('{"id": "x"}\nno JSON\n')
    summary = rebuilt(archive, path, tmp_path / "f")
    lines = (tmp_path / "f" / "rejects.jsonl").read_text().splitlines()
    assert summary.rejects == len(lines) == 3
    assert "d3" in "".join(lines)
    assert "a.jsonl:63" in "".join(lines)
    audit(archive, {one.id: one for one in [*ARCHIVE[:60], document("last", [9002])]})


def test_an_archive_without_a_document_leaves_all_as_it_is(archive: Archive, tmp_path: Path) -> None:
    kept = document("kept", [1])
    archive.put(kept)
    for content, reason in ("", "there is nothing"), ('{"id": "x", "text": "a\\u0000"}\n', "see rejects"):
        (tmp_path / "a.jsonl").write_text(content)
        with pytest.raises(InputError, match=reason):
            rebuilt(archive, tmp_path / "a.jsonl", tmp_path / "f")
    audit(archive, {"kept": kept})


def test_two_rebuilds_of_a_collection_or_in_a_folder_are_refused(
    archive: Archive, redis_url: str, collection: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE[:5])
    refused = []

    def again() -> None:
        with pytest.raises(Busy, match=archive.store.collection):
            rebuilt(archive, path, tmp_path / "g")
        with (
            Archive.open(redis_url, collection + "-other") as other,
            pytest.raises(InputError, match="a rebuild runs in"),
        ):
            rebuilt(other, path, tmp_path / "f")
        refused.append(True)

    rebuilt(archive, path, tmp_path / "f", progress=at("pack", 0, again))
    assert refused
