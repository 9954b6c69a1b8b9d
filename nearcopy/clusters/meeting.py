"""Candidates: documents that meet in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel.pairs import meet, meet_in_context

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Contexts = NDArray[np.uint16]

FAMILY = 1024
"""Documents of a bucket that are all compared with each other. Of more, each is compared with the `NEAR` that
come next in an order that does not depend on the archive's: no work grows with the square, and a family of
any size still holds together."""

NEAR = 64

EVIDENCE = 0.25
"""Of the fingerprints of the lesser document, times the containment that is asked for: what both must have.
On press releases it keeps 99.8 to 99.98% of the pairs with containments of 0.5 to 0.9 which share any, and
leaves 250,000 candidates of 1.7 million at 0.7."""

LOW = (1 << 32) - 1


def meetings(hashes: Hashes, numbers: Ints, contexts: Contexts | None = None) -> tuple[Ints, Ints, int]:
    """The documents that share a bucket, as sorted distinct keys (lesser number << 32 | greater one); in how
    many buckets each two meet; and how many buckets had more than `FAMILY`.

    ``hashes[i]`` is of document ``numbers[i]``; in the order in which the documents stand those of a crowded
    bucket follow each other. Fingerprints have ``contexts``, one byte of which must be equal.
    """
    by_hash = np.argsort(hashes, kind="stable")
    hashes, order = hashes[by_hash], numbers[by_hash]
    starts = np.flatnonzero(np.append(np.ones(len(hashes[:1]), np.bool_), hashes[1:] != hashes[:-1]))
    starts = np.append(starts, len(hashes))
    if contexts is None:
        told = _written(partial(meet, order, starts, FAMILY, NEAR))
    else:
        told = _written(partial(meet_in_context, order, contexts[by_hash], starts, FAMILY, NEAR))
    keys, counts = np.unique(told, return_counts=True)
    return keys, counts, int(np.count_nonzero(np.diff(starts) > FAMILY))


def enough(keys: Ints, counts: Ints, prints: Ints, containment: float) -> Ints:
    """Of documents that meet in so many fingerprints those that may hold each other: ``prints`` int64[n] is
    how many each document has. An edited copy keeps fewer of them than of its words."""
    a, b = halves(keys)
    return keys[counts >= EVIDENCE * containment * np.minimum(prints[a], prints[b])]


def _written(call: Callable[[Ints], int]) -> Ints:
    """What a kernel writes that first says how much that is."""
    out = np.empty(0, dtype=np.int64)
    if count := call(out):
        out = np.empty(count, dtype=np.int64)
        call(out)
    return out


def halves(keys: Ints) -> tuple[Ints, Ints]:
    """The lesser and the greater number of each key."""
    return keys >> 32, keys & LOW
