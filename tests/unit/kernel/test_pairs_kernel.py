"""Many pairs in a call: each as the oracle has it, and as an alignment of the two alone."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from nearcopy.align import GAP, SEED, align
from nearcopy.kernel.pairs import contain, resemble
from nearcopy.text.scanning import scan_texts
from tests import naive

DRAW = np.random.default_rng(7)
LONG = [DRAW.choice(list("abcdefgh"), 60).tolist() for _ in range(3)]
TEXTS = [
    " ".join(words) for words in (
        *LONG, LONG[0][:30] + LONG[1][10:], LONG[0][5:40], LONG[0],
        ["a", "b"], ["a", "b", "a", "b", "c"], ["x"],
        # Of short runs alone; of edits that leave words between two of them; of one run many times
        [word if k % 6 else "z" for k, word in enumerate(LONG[1])],
        [*LONG[2][:5], "z", *LONG[2][6:7], "z", *LONG[2][8:12], *LONG[1][:7]], LONG[0][:9] * 7,
        ["a"] * 150, ["a"] * 160,
    )
]
SCANNED = scan_texts(TEXTS)
LEFT, RIGHT = np.array(list(permutations(range(len(TEXTS)), 2))).T.copy()


def resemblances(least: float) -> list[float]:
    """Of all pairs in their order, the left one always the lesser."""
    left, right = np.array(list(combinations(range(len(TEXTS)), 2))).T.copy()
    out = np.empty(len(left))
    resemble(SCANNED.hashes, SCANNED.text_words, 3, left, right, least, out)
    return out.tolist()


def test_resemblances_are_the_oracles() -> None:
    read = [[word.fold for word in naive.words(text)] for text in TEXTS]
    expected = [naive.resemblance(a, b, 3) for a, b in combinations(read, 2)]
    assert resemblances(0.0) == expected
    assert any(0 < one < 1 for one in expected)
    for least in {*expected, 0.3, 0.7}:
        bounded = resemblances(least)
        assert [one for one in bounded if one >= least] == [one for one in expected if one >= least]
        below = [one for one, exact in zip(bounded, expected, strict=True) if exact < least]
        assert max(below, default=-1) < least


def test_shared_words_are_those_of_single_alignments() -> None:
    shared, contained = np.empty((2, len(LEFT)), dtype=np.int64)
    contain(SCANNED.hashes, SCANNED.text_words, LEFT, RIGHT, SEED, GAP, 8, shared, contained)
    for a, b, of_a, of_b in zip(LEFT, RIGHT, shared, contained, strict=True):
        least = min(8, len(TEXTS[a].split()), len(TEXTS[b].split()))
        alone = align(SCANNED, int(a), scan_texts([TEXTS[b]]), least)
        assert (of_a, of_b) == (alone.covered[0].sum(), alone.contained[0])
    assert shared.max() == 160
