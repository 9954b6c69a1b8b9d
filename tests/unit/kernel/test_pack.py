"""Records sorted into pages, against the same done record by record."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from nearcopy.kernel.pack import cap_buckets, first_of_each, pack_records

WIDTHS = [(1, 3), (2, 3), (2, 5), (6, 3)]


def drawn(count: int, pages: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pages, heads and tails; some buckets have many more records than others."""
    draw = np.random.default_rng(seed)
    heads = draw.integers(0, 2**63, count, dtype=np.uint64)
    heads[draw.random(count) < 0.5] &= np.uint64(0x0103)
    return (
        np.sort(draw.integers(0, pages, count, dtype=np.uint64) % np.uint64(pages))[draw.permutation(count)],
        heads,
        draw.integers(0, 2**63, count, dtype=np.uint64),
    )


def packed(
    pages: np.ndarray, heads: np.ndarray, tails: np.ndarray, head_bytes: int, tail_bytes: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.empty(count + 1, dtype=np.int64)
    blob = np.empty(len(pages) * (head_bytes + tail_bytes), dtype=np.uint8)
    pack_records(pages, heads, tails, head_bytes, tail_bytes, bounds, blob)
    return bounds, blob


def contents(bounds: np.ndarray, blob: np.ndarray) -> dict[int, bytes]:
    return {page: blob[bounds[page] : bounds[page + 1]].tobytes() for page in range(len(bounds) - 1)}


def slowly(
    pages: np.ndarray, heads: np.ndarray, tails: np.ndarray, head_bytes: int, tail_bytes: int, cap: int
) -> dict[int, bytes]:
    found: dict[int, bytes] = defaultdict(bytes)
    held: Counter[tuple[int, bytes]] = Counter()
    for page, head, tail in zip(pages.tolist(), heads.tolist(), tails.tolist(), strict=True):
        bucket = head.to_bytes(8, "big")[8 - head_bytes :]
        held[page, bucket] += 1
        if held[page, bucket] <= cap:
            found[page] += bucket + tail.to_bytes(8, "big")[8 - tail_bytes :]
    return found


@pytest.mark.parametrize(("head_bytes", "tail_bytes"), WIDTHS)
@pytest.mark.parametrize(("count", "pages"), [(0, 3), (1, 1), (700, 1), (3000, 40)])
def test_each_record_is_on_its_page_in_order(
    head_bytes: int, tail_bytes: int, count: int, pages: int
) -> None:
    records = drawn(count, pages, count)
    found = contents(*packed(*records, head_bytes, tail_bytes, pages))
    expected = slowly(*records, head_bytes, tail_bytes, cap=count)
    assert found == {page: expected[page] for page in range(pages)}


@pytest.mark.parametrize(("head_bytes", "tail_bytes"), WIDTHS[:3])
@pytest.mark.parametrize("cap", [1, 5, 100, 5000])
def test_a_bucket_keeps_its_first_records(head_bytes: int, tail_bytes: int, cap: int) -> None:
    pages, heads, tails = drawn(4000, 3, cap)
    pages[pages == 1] = 2
    bounds, blob = packed(pages, heads, tails, head_bytes, tail_bytes, 3)
    size = cap_buckets(bounds, blob, head_bytes, head_bytes + tail_bytes, cap)
    expected = slowly(pages, heads, tails, head_bytes, tail_bytes, cap)
    assert contents(bounds, blob) == {page: expected[page] for page in range(3)}
    assert size == bounds[-1] == sum(map(len, expected.values()))
    assert (size < len(blob)) == (cap < 1000)


def test_the_first_of_equal_pairs_in_a_text() -> None:
    draw = np.random.default_rng(3)
    hashes = draw.integers(0, 40, 3000, dtype=np.uint64) << np.uint64(50)
    contexts = draw.integers(0, 3, 3000, dtype=np.uint16)
    bounds = np.array([0, 0, 1, 900, 900, 1000, 2990, 3000])
    expected = np.zeros(3000, dtype=np.bool_)
    for first, end in pairwise(bounds.tolist()):
        pairs = list(zip(hashes[first:end].tolist(), contexts[first:end].tolist(), strict=True))
        expected[[first + pairs.index(pair) for pair in set(pairs)]] = True
    found = np.empty(3000, dtype=np.bool_)
    first_of_each(hashes, contexts, bounds, found)
    np.testing.assert_array_equal(found, expected)
    assert 300 < expected.sum() < 600
