"""The list of common runs, which skips what stands once: as one that looks at every place has it."""

from __future__ import annotations

import numpy as np
import pytest

from nearcopy.kernel.align import FEW, MORE_PAIRS, PAIRS, common_runs, sieve_for, slots_for, sort_down, survey
from nearcopy.kernel.sign import gram_hashes

SEED = 4
DRAW = np.random.default_rng(11)


def edited(words: list[int]) -> list[int]:
    """A copy with some words changed, left out, put in, and a piece of it once more."""
    kept = [[word] if draw > 2 else [[], [900], [900, word]][draw] for word, draw in
            zip(words, DRAW.integers(0, 30, len(words)).tolist(), strict=True)]
    copy = [word for some in kept for word in some]
    first, end = sorted(DRAW.integers(0, len(words), 2).tolist())
    return [*copy, *words[first:end]]


def drawn(vocabulary: int, words: int) -> list[int]:
    return DRAW.integers(0, vocabulary, words).tolist()


BASES = [drawn(1000, 90), drawn(12, 90), drawn(3, 60), drawn(1000, 20) * 4, [1] * 30 + drawn(50, 60)]
ONCE = [list(range(first, first + 6)) for first in range(1000, 1240, 6)]
PAIRS_OF_TEXTS = [
    *((base, edited(base)) for base in BASES for _ in range(4)),
    *((one, two) for one in BASES for two in BASES),
    # One has just too many pairs, the next one not
    *(([1] * 88 + list(range(1000, 1240 + more)), [1] * 88 + [word for run in ONCE for word in [*run, 7]])
      for more in range(10)),
    ([1] * 150, [1] * 150), ([1, 2] * 70, [2, 1] * 80), (BASES[0], [7]), ([7], BASES[0]),
]


def listed(a: list[int], b: list[int], room: int) -> list[list[int]] | None:
    """The runs, or None where there are too many."""
    words, other = (np.array(text, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) for text in (a, b))
    grams, grams_b = np.empty(len(a), dtype=np.uint64), np.empty(len(b), dtype=np.uint64)
    gram_hashes(words, 0, len(a), SEED, grams)
    gram_hashes(other, 0, len(b), SEED, grams_b)
    heads, following, lone = (np.empty(size, dtype=np.int64) for size in (slots_for(len(a)), len(a), len(a)))
    sieve, runs = np.empty(sieve_for(len(heads)), dtype=np.uint64), np.empty((room, 3), dtype=np.int64)
    survey(grams, len(a) - SEED + 1, heads, following, lone, sieve)
    count = common_runs(words, other, grams, grams_b, lone, sieve, heads, following, SEED, runs)
    return None if count < 0 else runs[:count].tolist()


def expected(a: list[int], b: list[int], room: int) -> list[list[int]] | None:
    """Place by place."""
    left, found = PAIRS * (len(a) + len(b)) + MORE_PAIRS, []
    places: dict[tuple[int, ...], list[int]] = {}
    for i in range(len(a) - SEED + 1):
        places.setdefault(tuple(a[i : i + SEED]), []).append(i)
    for j in range(len(b) - SEED + 1):
        for i in places.get(tuple(b[j : j + SEED]), []):
            left -= 1
            if left < 0 or len(found) == room:
                return None
            if i == 0 or j == 0 or a[i - 1] != b[j - 1]:
                size = SEED
                while i + size < len(a) and j + size < len(b) and a[i + size] == b[j + size]:
                    size += 1
                found.append([j, i, size])
                left -= size
    return found


@pytest.mark.parametrize("room", [1, 4, 1000])
def test_runs_are_those_that_stand_at_any_place(room: int) -> None:
    outcomes = [(listed(a, b, room), expected(a, b, room)) for a, b in PAIRS_OF_TEXTS]
    assert all(one == other for one, other in outcomes)
    assert {other is None for _, other in outcomes} == {True, False}


@pytest.mark.parametrize("count", [0, 1, 2, FEW - 1, FEW, FEW + 1, 2 * FEW, 3 * FEW + 5, 1000])
@pytest.mark.parametrize("kinds", [2, 50, 10**9])
def test_a_stable_order_from_the_greatest_down(count: int, kinds: int) -> None:
    values = DRAW.integers(-kinds, kinds, count)
    for drawn_values in values, np.sort(values), np.sort(values)[::-1].copy():
        order = np.full(count + 3, -1, dtype=np.int64)
        sort_down(drawn_values, order)
        assert order[:count].tolist() == sorted(range(count), key=lambda k: -drawn_values[k])
        assert (order[count:] == -1).all()
