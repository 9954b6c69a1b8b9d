"""Where two texts differ inside a passage, word by word.

A passage is made of runs of `align.SEED` or more equal words, with edits of at most `align.GAP` words of
either text between them. So from the end of a run the next one is near, and what differs is found by walking:
no matrix over a passage of ten thousand words.
"""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from nearcopy.align import GAP, SEED

Words = NDArray[np.uint64]
Ranges = list[tuple[int, int]]

AHEAD = 2 * GAP
"""Words of either text in which the next run is looked for: what it shares with the one before it is cut off
its beginning."""

MOST = 400
"""Words of either text that are compared with all of the other's, where no run follows."""


def differences(a: Words, b: Words) -> tuple[Ranges, Ranges]:
    """The words of ``a``, and those of ``b``, that are not equal to one of the other in the same order, as
    ranges. Both are the hashes of a passage's words, uint64."""
    runs = _runs(a, b)
    return _between([(i, i + size) for i, _, size in runs], len(a)), _between(
        [(j, j + size) for _, j, size in runs], len(b)
    )


def _runs(a: Words, b: Words) -> list[tuple[int, int, int]]:
    """Equal words: start in a, start in b, how many."""
    found, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        size = _equal(a[i:], b[j:])
        if size:
            found.append((i, j, size))
            i, j = i + size, j + size
        skip_a, skip_b = _to_next_run(a[i:], b[j:])
        found += _inside(a[i : i + skip_a], b[j : j + skip_b], i, j)
        i, j = i + skip_a, j + skip_b
    return found


def _equal(a: Words, b: Words) -> int:
    """How many words both begin with."""
    size = min(len(a), len(b))
    other = np.flatnonzero(a[:size] != b[:size])
    return int(other[0]) if len(other) else size


def _to_next_run(a: Words, b: Words) -> tuple[int, int]:
    """Words of each before they go on alike; all that is left of both where they do not."""
    least = min(SEED, len(a), len(b))
    for skipped in range(1, 2 * AHEAD + 1):
        for skip_a in range(max(0, skipped - AHEAD), min(skipped, AHEAD, len(a)) + 1):
            skip_b = skipped - skip_a
            if skip_b <= len(b) and _goes_on(a[skip_a:], b[skip_b:], least):
                return skip_a, skip_b
    return len(a), len(b)


def _goes_on(a: Words, b: Words, least: int) -> bool:
    if not len(a) or not len(b):
        return not len(a) and not len(b)
    least = min(least, len(a), len(b))
    return bool((a[:least] == b[:least]).all())


def _inside(a: Words, b: Words, i: int, j: int) -> list[tuple[int, int, int]]:
    """Words that are equal though too few for a run."""
    if not len(a) or not len(b) or max(len(a), len(b)) > MOST:
        return []
    blocks = SequenceMatcher(None, a.tolist(), b.tolist(), autojunk=False).get_matching_blocks()
    return [(i + block.a, j + block.b, block.size) for block in blocks if block.size]


def _between(equal: Ranges, end: int) -> Ranges:
    out, place = [], 0
    for first, last in [*equal, (end, end)]:
        if first > place:
            out.append((place, first))
        place = last
    return out
