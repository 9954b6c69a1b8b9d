"""Candidates: documents that meet in a bucket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel.pairs import meet

Ints = NDArray[np.int64]

FAMILY = 1024
"""Documents of a bucket that are all compared with each other. Of more, each is compared with the `NEAR` that
come next in an order that does not depend on the archive's: no work grows with the square, and a family of
any size still holds together."""

NEAR = 64

LOW = (1 << 32) - 1


def meetings(hashes: NDArray[np.uint64], numbers: Ints) -> tuple[Ints, int]:
    """The documents that share a bucket, as sorted distinct keys (lesser number << 32 | greater one), and how
    many buckets had more than `FAMILY`. ``hashes[i]`` is of document ``numbers[i]``; the order of the
    documents is that in which those of a crowded bucket follow each other."""
    by_hash = np.argsort(hashes, kind="stable")
    hashes = hashes[by_hash]
    starts = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1])) if len(hashes) else by_hash
    starts = np.append(starts, len(hashes))
    order = numbers[by_hash]
    out = np.empty(0, dtype=np.int64)
    count = meet(order, starts, FAMILY, NEAR, out)
    if count:
        out = np.empty(count, dtype=np.int64)
        meet(order, starts, FAMILY, NEAR, out)
    return np.unique(out), int(np.count_nonzero(np.diff(starts) > FAMILY))


def halves(keys: Ints) -> tuple[Ints, Ints]:
    """The lesser and the greater number of each key."""
    return keys >> 32, keys & LOW
