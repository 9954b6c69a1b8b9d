"""Word alignment of one text with many.

1. Every run of ``seed`` or more equal words that can be extended on neither side is found, by a hash table of
   the first text's runs of ``seed`` words.
2. Runs are chained, in the manner of sparse dynamic programming (Eppstein, Galil, Giancarlo, Italiano 1992):
   a run follows another where both texts go on within ``gap`` words. Of several that it could follow it takes
   the one for which the chain has most equal words, less a word for each by which the texts drift apart.
3. The best chains are taken one after the other. A chain is kept where it has ``least`` equal words, or holds
   a run as long. What lies between the runs of a chain are edits.

Texts that repeat themselves thousands of times would share a square number of runs. Past a bound, runs of
``least`` words are followed greedily instead: still every word in a common run of that length is covered.
"""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.sign import gram_hashes

ACTIVE = 128
"""Runs that a run may follow; more than a few reach the same place only in texts that repeat themselves."""

PAIRS = 16
"""Pairs of equal places looked at, for each word of both texts, past which they count as texts that repeat
themselves. Two laws of 100,000 words may have one phrase 1,500 times each."""

MORE_PAIRS = 4096
"""What short texts may have beside: two tables of 64 rows that all begin alike."""

RUNS = 4
"""Runs that are listed, for each word of both texts."""


@kernel("void(uint64[::1], int64, int64[::1], int64[::1])")
def index_grams(grams, count, heads, following):
    """A chained hash table of ``grams[:count]``: ``heads`` (a power of two of -1s) and ``following``, which
    lead through the places of equal slots in ascending order."""
    mask = np.uint64(heads.size - 1)
    for place in range(count - 1, -1, -1):
        slot = np.int64(grams[place] & mask)
        following[place] = heads[slot]
        heads[slot] = place


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], uint64[::1], int64, int64[::1], int64[::1], int64, "
        "int64[:, ::1])")
def common_runs(a, b, grams_a, grams_b, count_b, heads, following, seed, runs):
    """All maximal runs of ``seed`` or more words, as rows (start in b, start in a, words), in that order.

    Returns their number, or -1 where the texts repeat themselves so much that they were not all listed.
    """
    mask, found = np.uint64(heads.size - 1), 0
    pairs = PAIRS * (a.size + b.size) + MORE_PAIRS
    for j in range(count_b):
        i = heads[np.int64(grams_b[j] & mask)]
        while i >= 0:
            if grams_a[i] == grams_b[j]:
                pairs -= 1
                if pairs < 0 or found == runs.shape[0]:
                    return -1
                if not (i > 0 and j > 0 and a[i - 1] == b[j - 1]):
                    size = seed
                    while i + size < a.size and j + size < b.size and a[i + size] == b[j + size]:
                        size += 1
                    runs[found, 0], runs[found, 1], runs[found, 2] = j, i, size
                    found += 1
                    pairs -= size
            i = following[i]
    return found


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], int64, uint64[::1], int64, int64[::1], int64[::1], "
        "int64, int64[:, ::1])")
def greedy_runs(a, b, grams_a, count_a, grams_b, count_b, heads, following, least, runs):
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
            step = 1
            if i >= 0:
                size = least
                while i + size < a.size and j + size < b.size and a[i + size] == b[j + size]:
                    size += 1
                runs[found, 0], runs[found, 1] = (j, i) if turn == 0 else (i, j)
                runs[found, 2] = size
                found += 1
                step = size - least + 1
            j += step
        a, b, grams_a, grams_b, count_a, count_b = b, a, grams_b, grams_a, count_b, count_a
    return found


@kernel("int64[::1](int64[::1])")
def ascending(values):
    """The places of ``values`` from the least to the greatest."""
    return np.argsort(values, kind="mergesort")


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], uint64[::1], int64[::1], int64[::1], int64, int64, "
        "int64[:, ::1])")
def crowded_runs(a, b, grams_a, grams_b, heads, following, seed, least, runs):
    """`greedy_runs` in the order and at the place of `common_runs`; leaves the table of ``a`` as it was."""
    gram_hashes(a, 0, a.size, least, grams_a)
    gram_hashes(b, 0, b.size, least, grams_b)
    count = greedy_runs(a, b, grams_a, a.size - least + 1, grams_b, b.size - least + 1,
                        heads, following, least, runs)
    listed, keys = runs[:count].copy(), np.empty(count, dtype=np.int64)
    for k in range(count):
        keys[k] = listed[k, 0] * (a.size + 1) + listed[k, 1]
    order = ascending(keys)
    for k in range(count):
        for column in range(3):
            runs[k, column] = listed[order[k], column]
    gram_hashes(a, 0, a.size, seed, grams_a)
    heads[:] = -1
    index_grams(grams_a, a.size - seed + 1, heads, following)
    return count


@inlined
def _trim(runs, before, after):
    """Words of a run that the one before it already holds, in either text."""
    over_b = runs[before, 0] + runs[before, 2] - runs[after, 0]
    over_a = runs[before, 1] + runs[before, 2] - runs[after, 1]
    return max(over_a, over_b, 0)


@kernel("void(int64[:, ::1], int64, int64, int64[::1], int64[::1])")
def link(runs, count, gap, worth, previous):
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
            # Worth more than either alone: drift chooses between places to follow, and divides nothing.
            value = max(worth[p] + runs[r, 2] - trim - drift, worth[p] + 1, runs[r, 2] + 1)
            if value > worth[r]:
                worth[r], previous[r] = value, p
        if kept < ACTIVE:
            active[kept] = r
            size = kept + 1
        else:
            active[np.argmin(worth[active])] = r


@kernel("int64(uint64[::1], uint64[::1], int64[::1])")
def equal_words(a, b, row):
    """The most words that both have in one order (Wagner, Fischer 1974); ``row``: room for ``b.size + 1``."""
    row[: b.size + 1] = 0
    for i in range(a.size):
        diagonal = 0
        for j in range(b.size):
            above = row[j + 1]
            row[j + 1] = diagonal + 1 if a[i] == b[j] else max(above, row[j])
            diagonal = above
    return row[b.size]


@kernel("int64(uint64[::1], uint64[::1], int64[:, ::1], int64, int64[::1], int64[::1], int64, int64, "
        "int64[:, ::1], int64, uint8[::1])")
def take_chains(a, b, runs, count, worth, previous, least, text, out, found, same):
    """Write the kept chains as rows (text, start in a, end, start in b, end, equal words), from ``found`` on,
    and mark the words of a that stand in their runs; returns the number of rows."""
    row = np.empty(b.size + 1, dtype=np.int64)
    taken, keys = np.zeros(count, dtype=np.bool_), np.empty(count, dtype=np.int64)
    for k in range(count):
        keys[k] = -worth[k]
    order = ascending(keys)
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
            trim = _trim(runs, p, first)
            equal += runs[first, 2] - trim
            # What an edit leaves alone is equal too, though too short for a run of its own.
            equal += equal_words(a[runs[p, 1] + runs[p, 2] : runs[first, 1] + trim],
                                 b[runs[p, 0] + runs[p, 2] : runs[first, 0] + trim], row)
            first = p
        if equal >= least or longest >= least:
            r = last
            while True:
                same[runs[r, 1] : runs[r, 1] + runs[r, 2]] = 1
                if r == first:
                    break
                r = previous[r]
            out[found, 0] = text
            out[found, 1], out[found, 2] = runs[first, 1], runs[last, 1] + runs[last, 2]
            out[found, 3], out[found, 4] = runs[first, 0], runs[last, 0] + runs[last, 2]
            out[found, 5] = equal
            found += 1
    return found


@kernel("int64[:, ::1](uint64[::1], uint64[::1], int64[::1], int64, int64, int64, uint8[:, ::1])")
def align(a, words, bounds, seed, gap, least, same):
    """The passages that text ``a`` shares with each text ``words[bounds[t]:bounds[t+1]]``.

    ``int64[passages, 6]``: text, start and end in a, start and end in the text (words), equal words.
    ``same[t, word]`` (zeroed by the caller): the words of a that stand in a run of ``seed`` or more there.
    """
    longest = 1
    for text in range(bounds.size - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    room = RUNS * (a.size + longest)
    runs, worth = np.empty((room, 3), dtype=np.int64), np.empty(room, dtype=np.int64)
    previous = np.empty(room, dtype=np.int64)
    slots = 64
    while slots < 2 * max(a.size, longest):
        slots *= 2
    heads, following = np.full(slots, -1, dtype=np.int64), np.empty(max(a.size, longest), dtype=np.int64)
    grams_a, grams_b = np.empty(max(a.size, 1), dtype=np.uint64), np.empty(longest, dtype=np.uint64)
    gram_hashes(a, 0, a.size, seed, grams_a)
    index_grams(grams_a, a.size - seed + 1, heads, following)
    out, found = np.empty((64, 6), dtype=np.int64), 0
    for text in range(bounds.size - 1):
        b = words[bounds[text] : bounds[text + 1]]
        if b.size < seed:
            continue
        gram_hashes(b, 0, b.size, seed, grams_b)
        count = common_runs(a, b, grams_a, grams_b, b.size - seed + 1, heads, following, seed, runs)
        if count < 0:
            count = crowded_runs(a, b, grams_a, grams_b, heads, following, seed, least, runs)
        if found + count > out.shape[0]:
            grown = np.empty((2 * (found + count), 6), dtype=np.int64)
            grown[:found] = out[:found]
            out = grown
        link(runs, count, gap, worth, previous)
        found = take_chains(a, b, runs, count, worth, previous, least, text, out, found, same[text])
    return out[:found].copy()


@kernel("void(int64[:, ::1], uint8[:, ::1], int64[::1], int64[::1])")
def cover(rows, covered, bounds, contained):
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
