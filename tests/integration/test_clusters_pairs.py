"""The pairs of an archive: their figures are the oracle's and a check's, and whatever way they are made."""

from __future__ import annotations

import json
import os
import random
import signal
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from nearcopy.check import compare
from nearcopy.clusters.meeting import EVIDENCE
from nearcopy.clusters.pairs import Members, Pairs
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.lsh import fingerprints_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from tests import naive
from tests.integration.searching import (
    CONTAINMENT,
    THRESHOLD,
    articles,
    at,
    edited,
    family,
    searched,
    words,
    written,
)
from worker.clusters import Found
from worker.pool import pool

ARCHIVE = articles(150)


def table(found: Found) -> dict[tuple[str, str], tuple[float, ...]]:
    """The figures of each pair, by the ids."""
    ids, pairs = found.members.ids, found.pairs
    names = "a", "b", "resemblance", "a_in_b", "b_in_a", "shared"
    columns = (getattr(pairs, name).tolist() for name in names)
    return {(ids[a], ids[b]): tuple(figures) for a, b, *figures in zip(*columns, strict=True)}


def resemblances(archive: list[Document]) -> dict[tuple[str, str], float]:
    """By the oracle, of every two."""
    read = {one.id: [word.fold for word in naive.words(one.text)] for one in archive}
    return {(a, b): naive.resemblance(read[a], read[b], 3) for a, b in combinations(read, 2)}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("archive") / "a.jsonl", ARCHIVE)


@pytest.fixture(scope="module")
def found(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return searched(path, tmp_path_factory.mktemp("found"))


def test_pairs_are_those_of_the_oracle(found: Found) -> None:
    pairs, expected = table(found), resemblances(ARCHIVE)
    sought = {pair: s for pair, s in expected.items() if s >= THRESHOLD}
    assert {pair: figures[0] for pair, figures in pairs.items()} == {pair: expected[pair] for pair in pairs}
    assert pairs.keys() <= sought.keys()
    chances = [1 - (1 - s**3) ** 35 for s in sought.values()]
    assert len(pairs) >= sum(chances) - 5
    assert len(sought) > 80


def test_figures_are_those_of_a_check(found: Found) -> None:
    texts = {one.id: one.text for one in ARCHIVE}
    for (a, b), (_, a_in_b, b_in_a, shared) in table(found).items():
        lengths = len(naive.words(texts[a])), len(naive.words(texts[b]))
        ranks = found.members.ids.index(a), found.members.ids.index(b)
        digests = [found.members.digests[rank].tobytes() for rank in ranks]
        turned = (lengths[1], digests[1]) < (lengths[0], digests[0])
        told = compare(*(texts[b], texts[a]) if turned else (texts[a], texts[b]), Parameters())
        figures = told.containment_a, told.containment_b
        assert (a_in_b, b_in_a) == (figures[::-1] if turned else figures)
        assert shared == told.matched_words_a


def test_containment_makes_pairs_too(path: Path, found: Found, tmp_path: Path) -> None:
    more = table(searched(path, tmp_path, containment=CONTAINMENT))
    assert table(found).items() <= more.items()
    added = {pair: figures for pair, figures in more.items() if figures[0] < THRESHOLD}
    assert len(added) > 10
    assert all(max(a_in_b, b_in_a) >= CONTAINMENT for _, a_in_b, b_in_a, _ in added.values())


def test_what_stands_in_a_long_document_is_a_pair_by_containment(tmp_path: Path) -> None:
    draw = random.Random(1)
    long = [words(draw, 900) for _ in range(20)]
    parts = [edited(draw, text[300:380], 0.03) for text in long]
    archive = [Document(f"l{n}", " ".join(text)) for n, text in enumerate(long)]
    archive += [Document(f"s{n}", " ".join(text)) for n, text in enumerate(parts)]
    path = written(tmp_path / "a.jsonl", archive)
    assert not table(searched(path, tmp_path / "f"))
    found = table(searched(path, tmp_path / "g", containment=0.7))
    assert found.keys() == {(f"l{n}", f"s{n}") for n in range(20)}
    assert all(figures[2] >= 0.7 for figures in found.values())


def test_a_rewritten_excerpt_is_a_pair_by_its_paragraphs(tmp_path: Path) -> None:
    """Every sixth word is another, so few fingerprints are left, and the long document holds much else."""
    draw = random.Random(6)
    long = [[words(draw, 40) for _ in range(20)] for _ in range(10)]
    rewritten = [[[f"x{k}" if k % 6 == 5 else word for k, word in enumerate(part)] for part in text[4:9]]
                 for text in long]
    archive = [Document(f"l{n}", paragraphs(*text)) for n, text in enumerate(long)]
    archive += [Document(f"s{n}", paragraphs(*text)) for n, text in enumerate(rewritten)]
    prints = [set(fingerprints_of(scan_texts([one.text]), Parameters())[0].tolist()) for one in archive]
    common = [len(prints[n] & prints[n + 10]) / len(prints[n + 10]) for n in range(10)]
    assert sum(share < EVIDENCE * CONTAINMENT for share in common) >= 4
    found = table(searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f", containment=CONTAINMENT))
    assert found.keys() == {(f"l{n}", f"s{n}") for n in range(10)}


def test_short_paragraphs_in_another_order_are_a_pair_by_themselves(tmp_path: Path) -> None:
    """Equal ones of eight words, each beside others: few fingerprints lie within one."""
    draw = random.Random(7)
    items = [words(draw, 8) for _ in range(30)]
    others = [words(draw, 8) for _ in range(300)]
    mixed = [one for k, item in enumerate(items[::-1]) for one in (item, *others[10 * k : 10 * k + 10])]
    archive = [Document("list", paragraphs(*items)), Document("all", paragraphs(*mixed))]
    found = table(searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f", containment=0.95))
    assert found.keys() == {("list", "all")}


def paragraphs(*texts: list[str]) -> str:
    return "\n\n".join(" ".join(text) for text in texts)


@pytest.mark.parametrize(("lines", "own", "threshold"), [([90], 15, 0.5), ([20, 20, 20], 70, 0.2)])
def test_boilerplate_alone_makes_no_pair(
    tmp_path: Path, lines: list[int], own: int, threshold: float
) -> None:
    """One long paragraph, or several that travel together; nothing else is shared."""
    draw = random.Random(2)
    notice = [words(draw, count) for count in lines]
    archive = [Document(f"n{n}", paragraphs(words(draw, own), *notice)) for n in range(40)]
    assert min(resemblances(archive).values()) >= threshold
    found = searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f", threshold=threshold)
    assert len(found.pairs) == 0
    assert found.boilerplate > 700


def test_a_story_that_many_ran_is_no_boilerplate(tmp_path: Path) -> None:
    draw = random.Random(3)
    story = [words(draw, 30) for _ in range(4)]
    archive = [Document(f"s{n}", paragraphs(words(draw, 10), *story)) for n in range(30)]
    found = searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f")
    assert len(found.pairs) == 30 * 29 // 2


def test_documents_that_are_nothing_but_one_common_paragraph_are_pairs(tmp_path: Path) -> None:
    notice = words(random.Random(4), 12)
    archive = [Document(f"e{n}", " ".join(notice)) for n in range(30)]
    archive.append(Document("other", paragraphs(notice, words(random.Random(5), 40))))
    found = searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f", containment=0.9)
    assert len(found.pairs) == 30 * 29 // 2
    assert not np.any(found.pairs.b == 30)


def test_pairs_are_in_order_and_each_once(found: Found) -> None:
    keys = found.pairs.a << 32 | found.pairs.b
    assert np.all(found.pairs.a < found.pairs.b)
    assert np.all(np.diff(keys) > 0)


def same(one: Found, other: Found) -> bool:
    arrays = [
        np.array_equal(getattr(one.pairs, name), getattr(other.pairs, name)) for name in Pairs.__slots__
    ]
    told = [
        np.array_equal(getattr(one.members, name), getattr(other.members, name)) for name in Members.__slots__
    ]
    return all(arrays) and all(told)


def test_processes_make_no_difference(path: Path, found: Found, tmp_path: Path) -> None:
    with pool(2) as executor:
        assert same(found, searched(path, tmp_path, executor))


def test_memory_decides_nothing_but_how_parts_are_cut(path: Path, found: Found, tmp_path: Path) -> None:
    assert same(found, searched(path, tmp_path, memory=100 << 10))


def test_another_order_gives_the_same_pairs(found: Found, tmp_path: Path) -> None:
    turned = searched(written(tmp_path / "b.jsonl", ARCHIVE[::-1]), tmp_path / "f")
    expected = {
        (b, a): (alike, b_in_a, a_in_b, shared)
        for (a, b), (alike, a_in_b, b_in_a, shared) in table(found).items()
    }
    assert table(turned) == expected


def test_a_family_of_hundreds_has_all_its_pairs(tmp_path: Path) -> None:
    archive = family(300)
    pairs = table(searched(written(tmp_path / "a.jsonl", archive), tmp_path / "f"))
    assert len(pairs) == 300 * 299 // 2


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


POINTS = [("sign", 2), ("meet", 3), ("compare", 1), ("judge", 1), ("strip", 0)]


@pytest.mark.parametrize(("stage", "done"), POINTS)
def test_a_search_that_was_killed_goes_on(
    path: Path, found: Found, tmp_path: Path, stage: str, done: int
) -> None:
    arguments = {"progress": at(stage, done, kill)}
    died = get_context("fork").Process(target=searched, args=(path, tmp_path), kwargs=arguments)
    died.start()
    died.join(60)
    assert died.exitcode == -signal.SIGKILL
    noted = (tmp_path / "journal.jsonl").read_text()
    kept = {
        one: one.stat().st_mtime_ns for one in tmp_path.glob("*.part") if f'"{one.stem}"' in noted
    }
    assert kept
    assert same(found, searched(path, tmp_path))
    assert {one: one.stat().st_mtime_ns for one in kept} == kept


def test_a_damaged_part_is_made_again(path: Path, found: Found, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        searched(path, tmp_path, progress=at("compare", 0, lambda: print(1 // 0)))
    part = tmp_path / "signed-000001.part"
    data = bytearray(part.read_bytes())
    data[-1] ^= 1
    part.write_bytes(data)
    assert same(found, searched(path, tmp_path))


def test_what_cannot_be_used_is_told_and_the_rest_compared(tmp_path: Path) -> None:
    archive = written(tmp_path / "a.jsonl", ARCHIVE[:30])
    lines = archive.read_text().splitlines()
    again = json.dumps({"id": "d0", "text": "another text of the same id"})
    archive.write_text("\n".join(["{", *lines, again, '{"id": "x", "text": "--"}']) + "\n")
    found = searched(archive, tmp_path)
    assert found.members.ids == [one.id for one in ARCHIVE[:30]]
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert found.rejects == len(rejects) == 3
    assert [one["place"].rsplit(":", 1)[1].strip() for one in rejects if "earlier" in one["reason"]] == ["d0"]
    with pytest.raises(InputError, match="more than 2 records"):
        searched(archive, tmp_path / "f", max_rejects=2)


def test_nothing_to_compare_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "x", "text": "--"}\n')
    with pytest.raises(InputError, match="no document can be used"):
        searched(path, tmp_path / "f")


def test_texts_can_be_read_again_where_they_were_kept(path: Path, tmp_path: Path) -> None:
    kept = searched(path, tmp_path, texts=True)
    assert [kept.document(number) for number in (0, 77, 149)] == [ARCHIVE[0], ARCHIVE[77], ARCHIVE[149]]
