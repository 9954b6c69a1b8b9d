"""Exact resemblance of units (paragraphs, or whole texts) by the shingles that they share.

The shingles of all units of text A stand in one hash table, each with the units that hold it. Every shingle
of another text is looked up once, so the work is linear in both texts, however many pairs of units there are.
"""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.sign import gram_hashes


@inlined
def _slot(slots, used, value):
    """Where ``value`` stands in the open-addressed table, or the empty slot where it would."""
    mask = np.int64(slots.size - 1)
    place = np.int64(value & np.uint64(slots.size - 1))
    while used[place] != 0 and slots[place] != value:
        place = (place + 1) & mask
    return place


@kernel("void(uint64[::1], int64[:, ::1], int64, uint64[::1], int64[::1], int64[::1], int64[::1], "
        "int64[::1])")
def index_units(words, bounds, size, slots, heads, unit_of, following, sizes):
    """Fill the table of shingles: ``heads[slot] - 1`` leads through entries of ``unit_of`` and ``following``.

    ``sizes[u]``: distinct shingles of unit u; none where it has no words.
    """
    longest, entries = 1, 0
    for unit in range(bounds.shape[0]):
        longest = max(longest, bounds[unit, 1] - bounds[unit, 0])
    grams = np.empty(longest, dtype=np.uint64)
    for unit in range(bounds.shape[0]):
        sizes[unit] = 0
        length = bounds[unit, 1] - bounds[unit, 0]
        if length == 0:
            continue
        gram_hashes(words, bounds[unit, 0], bounds[unit, 1], size, grams)
        for k in range(max(length - size + 1, 1)):
            place = _slot(slots, heads, grams[k])
            slots[place] = grams[k]
            entry = heads[place] - 1
            if entry >= 0 and unit_of[entry] == unit:
                continue
            unit_of[entries], following[entries] = unit, entry
            entries += 1
            heads[place] = entries
            sizes[unit] += 1


@kernel("void(uint64[::1], int64[:, ::1], uint64[::1], int64[:, ::1], int64[:, ::1], int64, float64[:, ::1], "
        "int64[:, ::1])")
def best_units(a, bounds_a, b, bounds_b, texts_b, size, out, out_unit):
    """For each unit of A and each text of B the unit of that text which resembles it most.

    A unit is ``a[bounds_a[u, 0]:bounds_a[u, 1]]``; one of fewer words than ``size`` has one shingle. The
    units of text t are ``texts_b[t, 0]:texts_b[t, 1]``. Writes ``out[t, u]``, the Jaccard resemblance, and
    ``out_unit[t, u]``, the first unit of B that has it; 0 and -1 where no shingle is shared.
    """
    units, longest = bounds_a.shape[0], 1
    for v in range(bounds_b.shape[0]):
        longest = max(longest, bounds_b[v, 1] - bounds_b[v, 0])
    room, room_b = 16, 16
    while room < 2 * a.size:
        room *= 2
    while room_b < 2 * longest:
        room_b *= 2
    slots, heads = np.empty(room, dtype=np.uint64), np.zeros(room, dtype=np.int64)
    unit_of, following = np.empty(a.size + 1, dtype=np.int64), np.empty(a.size + 1, dtype=np.int64)
    sizes, shared = np.empty(units, dtype=np.int64), np.zeros(units, dtype=np.int64)
    touched, grams = np.empty(units, dtype=np.int64), np.empty(longest, dtype=np.uint64)
    seen, stamps = np.empty(room_b, dtype=np.uint64), np.zeros(room_b, dtype=np.int64)
    index_units(a, bounds_a, size, slots, heads, unit_of, following, sizes)
    out[:], out_unit[:] = 0.0, -1
    for text in range(texts_b.shape[0]):
        for v in range(texts_b[text, 0], texts_b[text, 1]):
            length = bounds_b[v, 1] - bounds_b[v, 0]
            if length == 0:
                continue
            gram_hashes(b, bounds_b[v, 0], bounds_b[v, 1], size, grams)
            distinct, count = 0, 0
            for k in range(max(length - size + 1, 1)):
                place, mask = np.int64(grams[k] & np.uint64(room_b - 1)), room_b - 1
                while stamps[place] == v + 1 and seen[place] != grams[k]:
                    place = (place + 1) & mask
                if stamps[place] == v + 1:
                    continue
                seen[place], stamps[place] = grams[k], v + 1
                distinct += 1
                entry = heads[_slot(slots, heads, grams[k])] - 1
                while entry >= 0:
                    unit = unit_of[entry]
                    if shared[unit] == 0:
                        touched[count] = unit
                        count += 1
                    shared[unit] += 1
                    entry = following[entry]
            for k in range(count):
                unit = touched[k]
                alike = shared[unit] / (sizes[unit] + distinct - shared[unit])
                if alike > out[text, unit]:
                    out[text, unit], out_unit[text, unit] = alike, v
                shared[unit] = 0
