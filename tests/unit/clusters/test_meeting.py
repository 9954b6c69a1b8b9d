"""Candidates: who meets in a bucket, and how much of them is compared at a time."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from nearcopy.clusters.meeting import (
    FAMILY,
    NEAR,
    distinct,
    enough,
    halves,
    meetings,
    meetings_beside,
    stable_order,
)
from worker.clusters.pairing import chunks


def met(keys: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(*(side.tolist() for side in halves(keys)), strict=True))


def test_documents_of_a_bucket_meet_each_once_and_the_lesser_number_comes_first() -> None:
    hashes = np.array([7, 9, 7, 8, 7, 9], dtype=np.uint64)
    numbers = np.array([5, 0, 3, 1, 4, 2])
    keys, counts, crowded = meetings(hashes, numbers)
    assert met(keys) == [(0, 2), (3, 4), (3, 5), (4, 5)]
    assert counts.tolist() == [1, 1, 1, 1]
    assert crowded == 0


def test_nobody_meets_where_there_is_nobody() -> None:
    keys, counts, crowded = meetings(np.empty(0, np.uint64), np.empty(0, np.int64))
    assert (len(keys), len(counts), crowded) == (0, 0, 0)


@pytest.mark.parametrize(("size", "pairs", "crowds"), [
    (FAMILY, FAMILY * (FAMILY - 1) // 2, 0),
    (FAMILY + 1, (FAMILY + 1) * NEAR - NEAR * (NEAR + 1) // 2, 1),
])
def test_a_crowd_is_compared_with_its_neighbours_alone(size: int, pairs: int, crowds: int) -> None:
    order = np.random.default_rng(1).permutation(size)
    keys, _, crowded = meetings(np.full(size, 3, dtype=np.uint64), order)
    assert (len(keys), crowded) == (pairs, crowds)
    chain = np.stack([order[:-1], order[1:]])
    assert np.isin(chain.min(axis=0) << 32 | chain.max(axis=0), keys).all()


def test_fingerprints_meet_where_one_byte_of_their_contexts_is_equal() -> None:
    contexts = np.array([0x0102, 0x0199, 0x7702, 0x5555, 0x0102], dtype=np.uint16)
    numbers = np.array([0, 1, 2, 3, 0])  # 0 twice: it does not meet itself
    keys, counts, _ = meetings(np.full(5, 3, dtype=np.uint64), numbers, contexts)
    assert met(keys) == [(0, 1), (0, 2)]
    assert counts.tolist() == [2, 2]


def test_paragraphs_meet_beside_equal_ones_with_the_words_of_the_shorter() -> None:
    hashes = np.array([3, 3, 3, 3, 9, 9], dtype=np.uint64)
    runs = np.array([1, 1, 2, 5, 6, 7], dtype=np.uint64)  # the first two are equal
    numbers, words = np.array([4, 1, 0, 4, 4, 0]), np.array([10, 10, 30, 12, 8, 9])
    keys, together, crowded = meetings_beside(hashes, numbers, runs, words)
    # 4 and 0 by three pairs of paragraphs; 4 does not meet itself
    assert met(keys) == [(0, 1), (0, 4), (1, 4)]
    assert (together.tolist(), crowded) == ([10, 10 + 12 + 8, 10], 0)
    keys, together, _ = meetings_beside(hashes[:0], numbers[:0], runs[:0], words[:0])
    assert (len(keys), len(together)) == (0, 0)


def test_enough_is_a_quarter_of_what_is_asked_of_the_lesser_one() -> None:
    prints = np.array([40, 1000, 40])
    keys = np.array([0 << 32 | 1, 0 << 32 | 2, 1 << 32 | 2])
    assert met(enough(keys, np.array([8, 7, 9]), prints, 0.8)) == [(0, 1), (1, 2)]


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_sorting(size: int) -> None:
    values = np.random.default_rng(3).integers(0, 1 << 64, 400, dtype=np.uint64)
    values = np.random.default_rng(4).choice(values, size)
    assert stable_order(values).tolist() == np.argsort(values, kind="stable").tolist()
    assert distinct(values).tolist() == sorted(set(values.tolist()))


@pytest.mark.parametrize("most", [1, 50, 300, 10**6])
def test_no_more_words_are_in_memory_than_may_be_but_those_of_one_pair(most: int) -> None:
    lengths = np.random.default_rng(2).integers(1, 60, 40)
    keys = np.array([a << 32 | b for a, b in combinations(range(40), 2)])
    found = list(chunks(keys, lengths, most))
    assert np.array_equal(np.concatenate([some for some, _ in found]), keys)
    for some, numbers in found:
        assert numbers.tolist() == sorted({number for pair in met(some) for number in pair})
        assert len(some) == 1 or lengths[numbers].sum() <= most
