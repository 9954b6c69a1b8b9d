"""Groups of vertices of a weighted graph: those that are connected, and those that hold together."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import kernel

VISITS = 8
"""How often a vertex is looked at before it stays where it is. Most need two."""

GAIN = 1e-9
"""What a move must gain: less is the rounding of sums."""


@kernel("void(int64[::1], int64[::1], int64[::1])")
def connect(a, b, out):
    """``out[v]``: the least vertex that the edges ``(a[e], b[e])`` connect v with, which may be v itself.

    A forest in which each vertex points to a lesser one, or itself; paths are halved as they are walked.
    """
    for v in range(out.size):
        out[v] = v
    for e in range(a.size):
        low, high = a[e], b[e]
        while out[low] != low:
            out[low] = out[out[low]]
            low = out[low]
        while out[high] != high:
            out[high] = out[out[high]]
            high = out[high]
        out[max(low, high)] = min(low, high)
    for v in range(out.size):
        out[v] = out[out[v]]


@kernel("Tuple((int64[::1], int64[::1], float64[::1]))(int64[::1], int64[::1], float64[::1], int64)")
def _edges_of(a, b, weights, count):
    """The edges of each vertex v from ``starts[v]`` on: the vertices there, rising, and the weights."""
    starts = np.zeros(count + 1, dtype=np.int64)
    for e in range(a.size):
        starts[a[e] + 1] += 1
        starts[b[e] + 1] += 1
    starts = np.cumsum(starts)
    place = starts[:-1].copy()
    others, out = np.empty(2 * a.size, dtype=np.int64), np.empty(2 * a.size)
    for here, there in ((b, a), (a, b)):
        for e in range(a.size):
            others[place[here[e]]], out[place[here[e]]] = there[e], weights[e]
            place[here[e]] += 1
    return starts, others, out


@kernel("int64(int64[::1], int64[::1], float64[::1], int64[::1], float64, int64[::1])")
def move(a, b, weights, sizes, hold, groups):
    """Move each vertex to the group where it gains most, as long as any gains (Blondel et al. 2008, under the
    constant Potts model); returns how often one moved.

    Edge e joins ``a[e]`` and ``b[e]`` with ``weights[e]``, above 0; edges are in the order of both. Of two
    groups a vertex v gains more by the one with more weight to it, less ``hold`` for each of the pairs that
    its ``sizes[v]`` documents make with those there.
    ``groups`` (numbers less than that of vertices) is changed in place. Vertices are looked at in their
    order, then those whose neighbours moved: what happens in one component does not depend on others.
    """
    count, moved = sizes.size, 0
    starts, neighbours, to_them = _edges_of(a, b, weights, count)
    held, inside = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for v in range(count):
        held[groups[v]] += sizes[v]
        inside[groups[v]] += 1
    empty, free = np.empty(count, dtype=np.int64), 0
    for g in range(count):
        if inside[g] == 0:
            empty[free] = g
            free += 1
    queue, queued = np.arange(count), np.ones(count, dtype=np.uint8)
    visits, to, met = np.zeros(count, dtype=np.int64), np.zeros(count), np.empty(count, dtype=np.int64)
    head, waiting = 0, count
    while waiting > 0:
        v = queue[head]
        head, waiting, queued[v] = (head + 1) % count, waiting - 1, 0
        visits[v] += 1
        own, seen = groups[v], 0
        for e in range(starts[v], starts[v + 1]):
            g = groups[neighbours[e]]
            if to[g] == 0.0:
                met[seen] = g
                seen += 1
            to[g] += to_them[e]
        best, most = own, to[own] - hold * sizes[v] * (held[own] - sizes[v])
        if most < -GAIN and free > 0:
            best, most = empty[free - 1], 0.0
        for k in range(seen):
            g = met[k]
            gain = to[g] - hold * sizes[v] * held[g]
            if g != own and gain > most + GAIN:
                best, most = g, gain
            to[g] = 0.0
        if best == own:
            continue
        if inside[best] == 0:
            free -= 1
        groups[v] = best
        held[own], held[best] = held[own] - sizes[v], held[best] + sizes[v]
        inside[own], inside[best] = inside[own] - 1, inside[best] + 1
        if inside[own] == 0:
            empty[free] = own
            free += 1
        moved += 1
        for e in range(starts[v], starts[v + 1]):
            u = neighbours[e]
            if groups[u] != best and queued[u] == 0 and visits[u] < VISITS:
                queue[(head + waiting) % count] = u
                waiting, queued[u] = waiting + 1, 1
    return moved
