"""Exact comparison of a text with others, word by word: passages, and what they cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel import align as kernels
from nearcopy.kernel.differ import mark_same
from nearcopy.report import Passage
from nearcopy.text.scanning import Scanned

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

SEED = 4
"""Equal words in a row that may begin or continue a passage. Runs of three are idioms."""

GAP = 8
"""Words that an edit inside a passage may take in either text; more divides it."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The passages that text A shares with each of T others, in words of each.

    - ``rows`` int64[n, 6]: text, start and end in A, start and end in the text, equal words; by text
    - ``bounds`` int64[T + 1]: where the rows of each text begin
    - ``covered`` bool[T, words of A]: which words of A lie in a passage with that text
    - ``same`` bool[T, words of A]: which of them stand there word for word, in runs of `SEED` or more
    - ``contained`` int64[T]: how many words of the text lie in one
    """

    rows: Ints
    bounds: Ints
    covered: NDArray[np.bool_]
    same: NDArray[np.bool_]
    contained: Ints

    def told(self, text: int) -> list[list[int]]:
        """The passages with one text that a report lists (start and end in A, in the text, equal words): the
        longest first chosen, none whose words are all listed already in both texts; in the order of A."""
        rows = self.rows[self.bounds[text] : self.bounds[text + 1], 1:]
        seen = np.zeros(self.covered.shape[1], dtype=np.bool_)
        seen_there = np.zeros(rows[:, 3].max(initial=0), dtype=np.bool_)
        kept = []
        for row in sorted(rows.tolist(), key=lambda row: (-row[4], row[0], row[2])):
            first, end, first_there, end_there, _ = row
            if not (seen[first:end].all() and seen_there[first_there:end_there].all()):
                seen[first:end] = seen_there[first_there:end_there] = True
                kept.append(row)
        return sorted(kept)


def align(scanned: Scanned, text: int, others: Scanned, min_words: int) -> Aligned:
    """Text ``text`` of one batch against every text of another.

    Every common run of ``min_words`` or more words lies in a passage; runs that go on within `GAP` words of
    each other are one passage.
    """
    a = np.ascontiguousarray(scanned.hashes[scanned.words_of(text)])
    count = len(others.text_words) - 1
    covered, same = np.zeros((2, count, len(a)), dtype=np.uint8)
    contained = np.empty(count, dtype=np.int64)
    rows = kernels.align(a, others.hashes, others.text_words, min(SEED, min_words), GAP, min_words, same)
    kernels.cover(rows, covered, others.text_words, contained)
    bounds = np.searchsorted(rows[:, 0], np.arange(count + 1))
    return Aligned(rows, bounds, covered.view(np.bool_), same.view(np.bool_), contained)


def passages(
    aligned: Aligned, scanned: Scanned, text: int, others: Scanned, other: int
) -> tuple[Passage, ...]:
    """The passages as a report lists them, with offsets in both texts."""
    a, b = scanned.words_of(text).start, others.words_of(other).start
    return tuple(
        Passage(
            start=int(scanned.starts[a + first]),
            end=int(scanned.ends[a + end - 1]),
            source_start=int(others.starts[b + first_b]),
            source_end=int(others.ends[b + end_b - 1]),
            words=end - first,
            similarity=equal / max(end - first, end_b - first_b),
        )
        for first, end, first_b, end_b, equal in aligned.told(other)
    )


def differences(a: Words, b: Words) -> tuple[Mask, Mask]:
    """Which words of a passage differ, of its words in both texts (hashes, uint64): ``bool[words of a]`` and
    ``bool[words of b]``. The others are equal, in one order."""
    same_a, same_b = np.zeros(len(a), dtype=np.uint8), np.zeros(len(b), dtype=np.uint8)
    mark_same(np.ascontiguousarray(a), np.ascontiguousarray(b), SEED, 2 * GAP, same_a, same_b)
    return same_a == 0, same_b == 0
