"""Pairs to groups: what verified pairs connect, cut where it hangs together by weak bridges only.

Connected components glue: a roundup that quotes two stories makes one heap of both and of all their copies.
So they are cut under the constant Potts model (Traag, Van Dooren, Nesterov 2011): a group gains by each pair
of its documents the pair's weight less `HOLD`, so parts stay together where the weights between them are
`HOLD` on average; a pair that is missing counts 0. The model has no resolution limit: whether a group is cut
does not depend on what else there is. The best cut is sought as Louvain does (Blondel et al. 2008), in
kernels: vertices move, groups become vertices, and both again until nothing moves.

- The weight of a pair is the cube of the lesser of its two containments. A story that is a quarter of a
  roundup weighs 0.016, though it lies in it whole.
- Documents that resemble each other by `CORE` or more are one vertex, and between vertices stands the mean
  weight for each pair of their documents: of a hundred thousand copies not all are compared with each other.
- A document that is left alone goes to what holds it, or pairs off with another alone (`_paired_off`).

Vertices are numbered by the digests of documents and nothing is drawn at random, so neither the order of an
archive nor documents far away change anything.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearcopy.clusters.pairs import Ints, Members, Pairs, Shares
from nearcopy.kernel.groups import connect, move

HOLD = 0.15
"""The weight from which a pair holds: each of the two has 0.53 of its words in the other."""

CORE = 0.9
"""The resemblance from which nothing is cut."""

HELD = 0.8
"""The containment from which a document is held by another: that of a copy in a check."""

NONE = -1
"""The group of a document that is in none."""

ROUNDS = 2
"""How often vertices move on their own again after their groups did."""

Bools = NDArray[np.bool_]


def groups_of(members: Members, pairs: Pairs) -> Ints:
    """``int64[n]``: the group of each document, `NONE` for those in none. Groups have two documents or more,
    and are numbered in the order of their least digests."""
    rank = ranks(members)
    a, b = rank[pairs.a], rank[pairs.b]
    turned = a > b
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.argsort(low << 32 | high)
    low, high = low[order], high[order]
    weights = np.minimum(pairs.a_in_b, pairs.b_in_a)[order] ** 3
    parts = _parts(len(rank), low, high, weights, pairs.resemblance[order] >= CORE)
    low_held = np.where(turned, pairs.b_in_a, pairs.a_in_b)[order] >= HELD
    high_held = np.where(turned, pairs.a_in_b, pairs.b_in_a)[order] >= HELD
    parts = _paired_off(parts, low, high, weights, low_held, high_held)
    return _numbered(parts, least=2)[rank]


def ranks(members: Members) -> Ints:
    """``int64[n]``: the place of each document in the order of the digests."""
    order = np.lexsort(members.digests.view(">u4").astype(np.uint32).T[::-1])
    out = np.empty(len(order), dtype=np.int64)
    out[order] = np.arange(len(order))
    return out


def _parts(count: int, a: Ints, b: Ints, weights: Shares, core: Bools) -> Ints:
    """The part of each vertex; edges a < b in their order."""
    cores = _numbered(_connected(count, a[core], b[core]))
    sizes = np.bincount(cores)
    low, high, total, number = _between(cores[a], cores[b], weights)
    mean = total / np.maximum(number, 1)
    parts = _best(low, high, mean * sizes[low] * sizes[high], sizes)
    together = parts[low] == parts[high]
    return _connected(len(sizes), low[together], high[together])[cores]


def _best(a: Ints, b: Ints, weights: Shares, sizes: Ints) -> Ints:
    """The part of each vertex of a graph, so that no vertex and no part gains by moving elsewhere."""
    parts = np.arange(len(sizes))
    for _ in range(ROUNDS):
        moved = move(a, b, weights, sizes, HOLD, parts)
        parts = _numbered(parts)
        while moved:
            low, high, total, _ = _between(parts[a], parts[b], weights)
            wholes = np.arange(parts.max(initial=-1) + 1)
            moved = move(low, high, total, np.bincount(parts, sizes).astype(np.int64), HOLD, wholes)
            parts = _numbered(wholes[parts])
            if not moved:
                break
        else:
            return parts
    return parts


def _between(a: Ints, b: Ints, weights: Shares) -> tuple[Ints, Ints, Shares, Ints]:
    """The edges between different vertices, each once and its lesser one first; the sum of the weights and
    the number of what became one."""
    apart = a != b
    keys = np.minimum(a, b)[apart] << 32 | np.maximum(a, b)[apart]
    keys, which, number = np.unique(keys, return_inverse=True, return_counts=True)
    total = np.bincount(which, weights[apart], len(keys)).astype(np.float64)
    return keys >> 32, keys & 0xFFFFFFFF, total, number


def _connected(count: int, a: Ints, b: Ints) -> Ints:
    out = np.empty(count, dtype=np.int64)
    connect(np.ascontiguousarray(a), np.ascontiguousarray(b), out)
    return out


def _paired_off(parts: Ints, a: Ints, b: Ints, weights: Shares, a_held: Bools, b_held: Bools) -> Ints:
    """The parts, after documents that were left alone have gone to others, the strongest pair first: to a
    group where one holds them, or to another alone. Such a pair takes no third: two stories that lie in one
    roundup do not meet in it."""
    alone = np.bincount(parts)[parts] == 1
    goes = np.flatnonzero((alone[a] & (a_held | alone[b])) | (alone[b] & b_held))
    out, paired = parts.copy(), np.zeros(len(parts), dtype=np.bool_)
    for edge in goes[np.argsort(-weights[goes], kind="stable")].tolist():
        one, other = (a[edge], b[edge]) if alone[a[edge]] else (b[edge], a[edge])
        if not (paired[one] or paired[other]):
            out[one] = out[other]
            paired[one] = True
            paired[other] = alone[other]
    return out


def _numbered(parts: Ints, least: int = 1) -> Ints:
    """Parts numbered from 0 on as they first come; `NONE` where fewer than ``least`` are in one."""
    _, first, which, sizes = np.unique(parts, return_index=True, return_inverse=True, return_counts=True)
    enough = np.flatnonzero(sizes >= least)
    names = np.full(len(sizes), NONE, dtype=np.int64)
    names[enough[np.argsort(first[enough])]] = np.arange(len(enough))
    return names[which]
