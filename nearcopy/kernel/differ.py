"""Where two texts differ inside a passage, word by word.

A passage is made of runs of equal words, with short edits between them (`nearcopy.kernel.align`). So from the
end of a run the next one is near, and what is equal is found by walking from one to the next: in a passage of
a hundred thousand words, too. Inside an edit, the most words that stand in one order are equal (Wagner,
Fischer 1974).
"""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel

MOST = 200
"""Words of either text that are compared with each of the other's, where no run follows."""


@inlined
def _goes_on(a, b, i, j, seed):
    """Whether both texts go on alike from there, for ``seed`` words, or to the end of both."""
    left = min(a.size - i, b.size - j)
    same = left >= seed or a.size - i == b.size - j
    for k in range(min(seed, left)):
        same = same and a[i + k] == b[j + k]
    return same


@kernel("void(uint64[::1], uint64[::1], uint8[::1], uint8[::1])")
def mark_equal(a, b, same_a, same_b):
    """Mark the words of an edit that are equal, the most of them that stand in one order."""
    if a.size > MOST or b.size > MOST:
        return
    most = np.zeros((a.size + 1, b.size + 1), dtype=np.int32)
    for i in range(a.size - 1, -1, -1):
        for j in range(b.size - 1, -1, -1):
            most[i, j] = most[i + 1, j + 1] + 1 if a[i] == b[j] else max(most[i + 1, j], most[i, j + 1])
    i = j = 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            same_a[i] = same_b[j] = 1
            i, j = i + 1, j + 1
        elif most[i + 1, j] >= most[i, j + 1]:
            i += 1
        else:
            j += 1


@kernel("void(uint64[::1], uint64[::1], int64, int64, uint8[::1], uint8[::1])")
def mark_same(a, b, seed, ahead, same_a, same_b):
    """``same_a[word]``, ``same_b[word]`` (zeroed by the caller): 1 where a word of one has an equal in the
    other, all in one order. The next run of ``seed`` words is looked for ``ahead`` words in either text."""
    i = j = 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            same_a[i] = same_b[j] = 1
            i, j = i + 1, j + 1
            continue
        next_i, next_j = a.size, b.size
        found = False
        for skipped in range(1, 2 * ahead + 1):
            for skip in range(max(0, skipped - ahead), min(skipped, ahead, a.size - i) + 1):
                other = skipped - skip
                if not found and j + other <= b.size and _goes_on(a, b, i + skip, j + other, seed):
                    next_i, next_j = i + skip, j + other
                    found = True
            if found:
                break
        mark_equal(a[i:next_i], b[j:next_j], same_a[i:next_i], same_b[j:next_j])
        i, j = next_i, next_j
