"""Candidates: documents that meet in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel.meet import meet, meet_beside, meet_in_context

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

NONE = np.empty(0, dtype=np.int64)

LOW = (1 << 32) - 1


def meetings(hashes: Hashes, numbers: Ints, contexts: Contexts | None = None) -> tuple[Ints, Ints, int]:
    """The documents that share a bucket, as sorted distinct keys (lesser number << 32 | greater one); in how
    many buckets each two meet; and how many buckets had more than `FAMILY`.

    ``hashes[i]`` is of document ``numbers[i]``; in the order in which the documents stand those of a crowded
    bucket follow each other. Fingerprints have ``contexts``, one byte of which must be equal.
    """
    by_hash, starts = _buckets(hashes)
    order = numbers[by_hash]
    if contexts is None:
        told = _written(partial(meet, order, starts, FAMILY, NEAR))
    else:
        told = _written(partial(meet_in_context, order, contexts[by_hash], starts, FAMILY, NEAR))
    keys, counts = np.unique(told, return_counts=True)
    return keys, counts, _crowded(starts)


def meetings_beside(hashes: Hashes, numbers: Ints, runs: Hashes, words: Ints) -> tuple[Ints, Ints, int]:
    """`meetings` of paragraphs that share a bucket and are not equal: ``runs`` has the hash of all words of
    each, ``words`` how many they are. In place of the number of buckets it tells with how many words each two
    meet, of the shorter of two paragraphs."""
    by_hash, starts = _buckets(hashes)
    call = partial(meet_beside, numbers[by_hash], runs[by_hash], words[by_hash], starts, FAMILY, NEAR)
    met = np.empty(call(NONE, NONE), dtype=np.int64)
    shorter = np.empty_like(met)
    if len(met):
        call(met, shorter)
    keys, which = np.unique(met, return_inverse=True)
    together = np.bincount(which, shorter, minlength=len(keys)).astype(np.int64)
    return keys, together, _crowded(starts)


def _buckets(hashes: Hashes) -> tuple[Ints, Ints]:
    """The places of the hashes from the least to the greatest, and where there each bucket begins, and the
    last one ends."""
    by_hash = stable_order(hashes)
    return by_hash, np.append(np.flatnonzero(first_of(hashes[by_hash])), len(hashes))


def _crowded(starts: Ints) -> int:
    return int(np.count_nonzero(np.diff(starts) > FAMILY))


def enough(keys: Ints, counts: Ints, sizes: Ints, containment: float) -> Ints:
    """Of documents that meet in so many fingerprints, or with so many words, those that may hold each other:
    ``sizes`` int64[n] is how many each document has. An edited copy keeps fewer fingerprints than words, and
    not every edited paragraph meets in one band."""
    a, b = halves(keys)
    return keys[counts >= EVIDENCE * containment * np.minimum(sizes[a], sizes[b])]


def _written(call: Callable[[Ints], int]) -> Ints:
    """What a kernel writes that first says how much that is."""
    out = np.empty(0, dtype=np.int64)
    if count := call(out):
        out = np.empty(count, dtype=np.int64)
        call(out)
    return out


def distinct(values: Ints) -> Ints:
    """Each value once, rising. `np.unique` does so by hashing, which takes several times as long."""
    rising = np.sort(values, axis=None)
    return rising[first_of(rising)]


def stable_order(values: NDArray[Any]) -> Ints:
    """The places of up to 2^32 values from the least to the greatest, of equal ones in their order: by two
    sorts that numpy has instructions of the processor for, in half the time of its stable one."""
    order = np.argsort(values)
    return np.sort(np.cumsum(first_of(values[order])) << 32 | order) & LOW


def first_of(rising: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of sorted values are another than the one before."""
    return np.append(np.ones(len(rising[:1]), np.bool_), rising[1:] != rising[:-1])


def halves(keys: Ints) -> tuple[Ints, Ints]:
    """The lesser and the greater number of each key."""
    return keys >> 32, keys & LOW
