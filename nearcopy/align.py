"""Exact comparison of a text with others: passages, resemblance, containment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel import align as kernels
from nearcopy.report import Passage
from nearcopy.text.scanning import Scanned

Ints = NDArray[np.int64]

SEED = 4
"""Equal words in a row that may begin or continue a passage. Runs of three are idioms."""

GAP = 8
"""Words that an edit inside a passage may take in either text; more divides it."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """The passages that text A shares with one text B, in words of each: ``rows`` int64[n, 5] are start and
    end in A, start and end in B, equal words."""

    rows: Ints
    words_a: int
    words_b: int

    def covered_a(self) -> NDArray[np.bool_]:
        """bool[words_a]: which words of A lie in a passage."""
        return _covered(self.rows[:, 0], self.rows[:, 1], self.words_a)

    def covered_b(self) -> NDArray[np.bool_]:
        """bool[words_b]: which words of B lie in a passage."""
        return _covered(self.rows[:, 2], self.rows[:, 3], self.words_b)

    def told(self) -> Ints:
        """The rows that a report lists: the longest first chosen, none whose words of A are all listed already;
        in the order of A."""
        seen = np.zeros(self.words_a, dtype=np.bool_)
        kept = []
        for row in self.rows[np.lexsort((self.rows[:, 2], self.rows[:, 0], -self.rows[:, 4]))]:
            if not seen[row[0] : row[1]].all():
                seen[row[0] : row[1]] = True
                kept.append(row)
        kept.sort(key=lambda row: (row[0], row[2]))
        return np.array(kept, dtype=np.int64).reshape(-1, 5)


def align(scanned: Scanned, text: int, others: Scanned, min_words: int) -> list[Aligned]:
    """Text ``text`` of one batch against every text of another.

    Every common run of ``min_words`` or more words lies in a passage; runs that go on within `GAP` words of
    each other are one passage.
    """
    a = np.ascontiguousarray(scanned.hashes[scanned.words_of(text)])
    rows = kernels.align(a, others.hashes, others.text_words, min(SEED, min_words), GAP, min_words)
    sizes = np.diff(others.text_words)
    bounds = np.searchsorted(rows[:, 0], np.arange(len(sizes) + 1))
    return [
        Aligned(rows[bounds[t] : bounds[t + 1], 1:], len(a), int(size)) for t, size in enumerate(sizes)
    ]


def passages(aligned: Aligned, scanned: Scanned, text: int, others: Scanned, other: int) -> tuple[Passage, ...]:
    """The passages as a report lists them, with offsets in both texts."""
    a, b = scanned.words_of(text).start, others.words_of(other).start
    return tuple(
        Passage(
            start=int(scanned.starts[a + first]),
            end=int(scanned.ends[a + end - 1]),
            source_start=int(others.starts[b + first_b]),
            source_end=int(others.ends[b + end_b - 1]),
            words=int(end - first),
            similarity=float(equal / max(end - first, end_b - first_b)),
        )
        for first, end, first_b, end_b, equal in aligned.told()
    )


def text_bounds(scanned: Scanned) -> Ints:
    """``int64[T, 2]``: first and end word of every text of the batch."""
    return np.stack([scanned.text_words[:-1], scanned.text_words[1:]], axis=1)


def resemblances(
    scanned: Scanned, bounds: Ints, others: Scanned, other_bounds: Ints, pairs: Ints, shingle: int
) -> NDArray[np.float64]:
    """``float64[n]``: the Jaccard resemblance of the shingle sets of each pair of units (Broder 1997), exactly.

    ``bounds`` int64[units, 2] are first and end words; ``pairs`` int64[n, 2] index both sides.
    """
    out = np.empty((len(pairs), 3), dtype=np.int64)
    kernels.shared_shingles(
        scanned.hashes, np.ascontiguousarray(bounds), others.hashes, np.ascontiguousarray(other_bounds),
        np.ascontiguousarray(pairs), shingle, out,
    )
    return (out[:, 0] + out[:, 1] - out[:, 2]) / np.maximum(out[:, 2], 1)


def _covered(starts: Ints, ends: Ints, size: int) -> NDArray[np.bool_]:
    steps = np.zeros(size + 1, dtype=np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, ends, -1)
    return np.cumsum(steps)[:-1] > 0
