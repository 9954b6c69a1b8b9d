"""Word alignment of one text with many, and exact counts of shared shingles.

1. Every run of ``seed`` or more equal words that can be extended on neither side is found, by a hash table of
   the first text's runs of ``seed`` words.
2. Runs are chained, in the manner of sparse dynamic programming (Eppstein, Galil, Giancarlo, Italiano 1992):
   a run follows another where both texts go on within ``gap`` words. A chain's worth is its equal words less
   a word for each by which it drifts.
3. The best chains are taken one after the other. A chain is kept where it has ``least`` equal words, or holds
   a run as long. What lies between the runs of a chain are edits.

A text that repeats itself thousands of times would have a square number of runs. Past a bound, runs of
``least`` words are followed greedily instead: still every word in a common run of that length is covered.
"""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.sign import gram_hashes

ACTIVE = 128
"""Runs that a run may follow; more than a few reach the same place only in texts that repeat themselves."""

CROWD = 64
"""Places of one text with the same ``seed`` words beyond which the text counts as repeating itself."""


@kernel("void(uint64[::1], int64, int64[::1], int64[::1])")
def index_grams(grams, count, heads, following):  # type: ignore[no-untyped-def]
    """A chained hash table of ``grams[:count]``: ``heads`` (a power of two of -1s) and ``following``, which
    lead through the places of equal slots in ascending order."""
    mask = np.uint64(heads.size - 1)
    for place in range(count - 1, -1, -1):
        slot = np.int64(grams[place] & mask)
        following[place] = heads[slot]
        heads[slot] = place


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], int64, uint64[::1], int64, int64[::1], int64[::1], int64, int64[:, ::1])")
def common_runs(a, b, grams_a, count_a, grams_b, count_b, heads, following, seed, runs):  # type: ignore[no-untyped-def]
    """All maximal runs of ``seed`` or more words, as rows (start in b, start in a, words), by start in b and a.

    Returns their number, or -1 where the texts repeat themselves so much that they were not all listed.
    """
    mask, found = np.uint64(heads.size - 1), 0
    for j in range(count_b):
        i, met = heads[np.int64(grams_b[j] & mask)], 0
        while i >= 0:
            if grams_a[i] == grams_b[j]:
                met += 1
                if not (i > 0 and j > 0 and a[i - 1] == b[j - 1]):
                    size = seed
                    while i + size < a.size and j + size < b.size and a[i + size] == b[j + size]:
                        size += 1
                    if found == runs.shape[0]:
                        return -1
                    runs[found, 0], runs[found, 1], runs[found, 2] = j, i, size
                    found += 1
                if met > CROWD:
                    return -1
            i = following[i]
    return found


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], int64, uint64[::1], int64, int64[::1], int64[::1], int64, int64[:, ::1])")
def greedy_runs(a, b, grams_a, count_a, grams_b, count_b, heads, following, least, runs):  # type: ignore[no-untyped-def]
    """Runs of ``least`` or more words that cover every word of both texts that lies in one: each word of b is
    followed at its first place in a, and so is, with the parts exchanged, each word of a."""
    mask, found = np.uint64(heads.size - 1), 0
    for turn in range(2):
        heads[:] = -1
        index_grams(grams_a, count_a, heads, following)
        j = 0
        while j < count_b:
            i = heads[np.int64(grams_b[j] & mask)]
            while i >= 0 and grams_a[i] != grams_b[j]:
                i = following[i]
            size = 1
            if i >= 0:
                size = least
                while i + size < a.size and j + size < b.size and a[i + size] == b[j + size]:
                    size += 1
                if found == runs.shape[0]:
                    return found
                runs[found, 0], runs[found, 1] = (j, i) if turn == 0 else (i, j)
                runs[found, 2] = size
                found += 1
                size -= least - 1
            j += size
        a, b, grams_a, grams_b, count_a, count_b = b, a, grams_b, grams_a, count_b, count_a
    return found


@inlined
def _trim(runs, before, after):  # type: ignore[no-untyped-def]
    """Words of a run that the one before it already holds, in either text."""
    over_b = runs[before, 0] + runs[before, 2] - runs[after, 0]
    over_a = runs[before, 1] + runs[before, 2] - runs[after, 1]
    return max(over_a, over_b, 0)


@kernel("void(int64[:, ::1], int64, int64, int64[::1], int64[::1])")
def link(runs, count, gap, worth, previous):  # type: ignore[no-untyped-def]
    """For every run the worth of the best chain that ends with it, and the run before it there, or -1."""
    active, size = np.empty(ACTIVE, dtype=np.int64), 0
    for r in range(count):
        worth[r], previous[r] = runs[r, 2], -1
        kept = 0
        for k in range(size):
            p = active[k]
            if runs[p, 0] + runs[p, 2] + gap < runs[r, 0]:
                continue
            active[kept] = p
            kept += 1
            if runs[p, 0] >= runs[r, 0] or runs[p, 1] >= runs[r, 1]:
                continue
            trim = _trim(runs, p, r)
            if trim >= runs[r, 2] or runs[r, 1] + trim - runs[p, 1] - runs[p, 2] > gap:
                continue
            if runs[r, 0] + trim - runs[p, 0] - runs[p, 2] > gap:
                continue
            drift = abs((runs[r, 1] - runs[r, 0]) - (runs[p, 1] - runs[p, 0]))
            value = worth[p] + runs[r, 2] - trim - drift
            if value > worth[r]:
                worth[r], previous[r] = value, p
        size = kept
        if size == ACTIVE:
            active[:-1] = active[1:].copy()
            size -= 1
        active[size] = r
        size += 1


@kernel("int64(int64[:, ::1], int64, int64[::1], int64[::1], int64, int64, int64[:, ::1], int64)")
def take_chains(runs, count, worth, previous, least, text, out, found):  # type: ignore[no-untyped-def]
    """Write the kept chains as rows (text, start in a, end, start in b, end, equal words) from ``found`` on."""
    taken = np.zeros(count, dtype=np.bool_)
    order = np.argsort(-worth[:count], kind="mergesort")
    for k in range(count):
        last = order[k]
        if taken[last]:
            continue
        first, equal, longest = last, 0, 0
        while True:
            taken[first] = True
            longest = max(longest, runs[first, 2])
            p = previous[first]
            if p < 0 or taken[p]:
                equal += runs[first, 2]
                break
            equal += runs[first, 2] - _trim(runs, p, first)
            first = p
        if equal >= least or longest >= least:
            out[found, 0] = text
            out[found, 1], out[found, 2] = runs[first, 1], runs[last, 1] + runs[last, 2]
            out[found, 3], out[found, 4] = runs[first, 0], runs[last, 0] + runs[last, 2]
            out[found, 5] = equal
            found += 1
    return found


@kernel("int64[:, ::1](uint64[::1], uint64[::1], int64[::1], int64, int64, int64)")
def align(a, words, bounds, seed, gap, least):  # type: ignore[no-untyped-def]
    """The passages that text ``a`` shares with each text ``words[bounds[t]:bounds[t+1]]``.

    ``int64[passages, 6]``: text, start and end in a, start and end in the text (words), equal words.
    """
    longest = 1
    for text in range(bounds.size - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    room = 4 * (a.size + longest) + 64
    runs, worth = np.empty((room, 3), dtype=np.int64), np.empty(room, dtype=np.int64)
    previous = np.empty(room, dtype=np.int64)
    slots = 64
    while slots < 2 * max(a.size, longest):
        slots *= 2
    heads, following = np.full(slots, -1, dtype=np.int64), np.empty(max(a.size, longest) + 1, dtype=np.int64)
    grams_a, grams_b = np.empty(max(a.size, 1), dtype=np.uint64), np.empty(longest, dtype=np.uint64)
    gram_hashes(a, 0, a.size, seed, grams_a)
    index_grams(grams_a, max(a.size - seed + 1, 0), heads, following)
    out, found = np.empty((64, 6), dtype=np.int64), 0
    for text in range(bounds.size - 1):
        b = words[bounds[text] : bounds[text + 1]]
        if b.size == 0:
            continue
        gram_hashes(b, 0, b.size, seed, grams_b)
        count = common_runs(a, b, grams_a, a.size - seed + 1, grams_b, b.size - seed + 1,
                            heads, following, seed, runs)
        if count < 0:
            gram_hashes(a, 0, a.size, least, grams_a)
            gram_hashes(b, 0, b.size, least, grams_b)
            count = greedy_runs(a, b, grams_a, a.size - least + 1, grams_b, b.size - least + 1,
                                heads, following, least, runs)
            gram_hashes(a, 0, a.size, seed, grams_a)
            heads[:] = -1
            index_grams(grams_a, max(a.size - seed + 1, 0), heads, following)
            listed = runs[:count].copy()
            order = np.argsort(listed[:, 0] * (a.size + 1) + listed[:, 1], kind="mergesort")
            for k in range(count):
                runs[k] = listed[order[k]]
        if found + count > out.shape[0]:
            grown = np.empty((2 * (found + count), 6), dtype=np.int64)
            grown[:found] = out[:found]
            out = grown
        link(runs, count, gap, worth, previous)
        found = take_chains(runs, count, worth, previous, least, text, out, found)
    return out[:found].copy()


@kernel("int64(uint64[::1], int64, uint64[::1], int64)")
def insert_distinct(values, count, slots, extra):  # type: ignore[no-untyped-def]
    """Put ``values[:count]`` into the open-addressed set ``slots`` (a power of two, 0 empty); how many were new.

    ``extra`` is what the value 0 is stored as."""
    mask, new = np.uint64(slots.size - 1), 0
    for k in range(count):
        value = values[k] if values[k] != 0 else np.uint64(extra)
        slot = value & mask
        while slots[slot] != 0 and slots[slot] != value:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] == 0:
            slots[slot] = value
            new += 1
    return new


@kernel("void(uint64[::1], int64[:, ::1], uint64[::1], int64[:, ::1], int64[:, ::1], int64, int64[:, ::1])")
def shared_shingles(a, bounds_a, b, bounds_b, pairs, size, out):  # type: ignore[no-untyped-def]
    """For every pair (unit of a, unit of b) the distinct shingles of both: ``out[k] = (of a, of b, of either)``.

    A unit is ``a[bounds_a[u, 0]:bounds_a[u, 1]]``; one of fewer words than ``size`` has one shingle, one
    without words none.
    """
    longest = 1
    for k in range(pairs.shape[0]):
        u, v = pairs[k, 0], pairs[k, 1]
        longest = max(longest, bounds_a[u, 1] - bounds_a[u, 0], bounds_b[v, 1] - bounds_b[v, 0])
    grams = np.empty(longest, dtype=np.uint64)
    for k in range(pairs.shape[0]):
        u, v = pairs[k, 0], pairs[k, 1]
        size_a, size_b = bounds_a[u, 1] - bounds_a[u, 0], bounds_b[v, 1] - bounds_b[v, 0]
        slots = 16
        while slots < 2 * (size_a + size_b):
            slots *= 2
        for part in range(2):
            # The set of one unit alone, then what the other adds to it: |A or B| = |A| + new of B.
            seen = np.zeros(slots, dtype=np.uint64)
            if part == 0 and size_b:
                gram_hashes(b, bounds_b[v, 0], bounds_b[v, 1], size, grams)
                out[k, 1] = insert_distinct(grams, max(size_b - size + 1, 1), seen, 1)
            elif part == 0:
                out[k, 1] = 0
            else:
                out[k, 0] = 0
                if size_a:
                    gram_hashes(a, bounds_a[u, 0], bounds_a[u, 1], size, grams)
                    out[k, 0] = insert_distinct(grams, max(size_a - size + 1, 1), seen, 1)
                out[k, 2] = out[k, 0]
                if size_b:
                    gram_hashes(b, bounds_b[v, 0], bounds_b[v, 1], size, grams)
                    out[k, 2] += insert_distinct(grams, max(size_b - size + 1, 1), seen, 1)


@kernel("void(int64[:, ::1], uint8[:, ::1], int64[::1], int64[::1])")
def cover(rows, covered, bounds, contained):  # type: ignore[no-untyped-def]
    """From the passages of `align` which words of a each text covers, ``covered[t, word]`` (zeroed by the
    caller), and how many of its own words lie in one, ``contained[t]``; ``bounds`` are the texts' words."""
    longest = 1
    for text in range(bounds.size - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    seen = np.full(longest, -1, dtype=np.int64)
    contained[:] = 0
    for k in range(rows.shape[0]):
        text = rows[k, 0]
        covered[text, rows[k, 1] : rows[k, 2]] = 1
        for word in range(rows[k, 3], rows[k, 4]):
            if seen[word] != text:
                seen[word] = text
                contained[text] += 1
