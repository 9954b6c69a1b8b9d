"""Pairs of documents: how much they resemble and hold each other."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.align import (
    RUNS,
    align,
    link,
    listed_runs,
    longest_of,
    sieve_for,
    slots_for,
    sort_down,
    survey,
    take_chains,
)
from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.sign import gram_hashes


@inlined
def _place(grams, table, gram):
    """The slot of ``gram`` in an open-addressed table of places in ``grams``, counted from 1; or the empty
    slot where it would be."""
    mask = np.uint64(table.size - 1)
    slot = gram & mask
    while table[slot] != 0 and grams[np.int64(table[slot]) - 1] != gram:
        slot = (slot + np.uint64(1)) & mask
    return slot


@kernel("int64(uint64[::1], uint32[::1])")
def _distinct(grams, table):
    """Move the distinct grams to the front, in their order, and their places into a table, which is emptied
    first; returns how many they are."""
    count = 0
    table[:] = 0
    for k in range(grams.size):
        slot = _place(grams, table, grams[k])
        if table[slot] == 0:
            grams[count] = grams[k]
            count += 1
            table[slot] = count
    return count


@kernel("int64(float64, int64)")
def _needed(least, both):
    """How many shingles two texts must share, of so many that ``both`` have together, to resemble each other
    by ``least``: in the very numbers that are compared with it."""
    shared = min(int(least * both / (1 + least)), both // 2)
    while shared > 0 and (shared - 1) / (both - shared + 1) >= least:
        shared -= 1
    while shared / (both - shared) < least:
        shared += 1
    return shared


@kernel("int64(uint64[::1], uint32[::1], uint64[::1], int64)")
def _shared(grams, table, others, needed):
    """How many of the distinct ``others`` are among the distinct grams of a table; or, once it is certain
    that fewer are than are ``needed``, some lesser number."""
    shared, missed, after = 0, others.size - needed, np.int64(0)
    for k in range(others.size):
        # Where one is shared, most often the next one of both is as well.
        if after == grams.size or grams[after] != others[k]:
            slot = _place(grams, table, others[k])
            if table[slot] == 0:
                missed -= 1
                if missed < 0:
                    return shared
                continue
            after = np.int64(table[slot]) - 1
        after += 1
        shared += 1
    return shared


@kernel("void(uint64[::1], int64[::1], int64, int64[::1], int64[::1], float64, float64[::1])")
def resemble(words, bounds, size, left, right, least, out):
    """``out[k]``: the Jaccard resemblance of texts ``left[k]`` and ``right[k]`` by their sets of shingles of
    ``size`` words, as `nearcopy.kernel.resemble.best_units` has it; or, where that is below ``least``,
    anything below. Text t is ``words[bounds[t]:bounds[t + 1]]`` and has a word at least. ``left`` rises, and
    each ``right`` is greater than its ``left``.
    """
    grams, distinct = np.empty(words.size, dtype=np.uint64), np.empty(bounds.size - 1, dtype=np.int64)
    slots, k = np.empty(2 * slots_for(longest_of(bounds)), dtype=np.uint32), left.size - 1
    # From the last on: the right ones are known when a left one is, in whose table they are looked up.
    for text in range(bounds.size - 2, -1, -1):
        first, end = bounds[text], bounds[text + 1]
        gram_hashes(words, first, end, size, grams[first:])
        table = slots[: 2 * slots_for(end - first)]
        distinct[text] = _distinct(grams[first : first + max(end - first - size + 1, 1)], table)
        mine = grams[first : first + distinct[text]]
        while k >= 0 and left[k] == text:
            begin, both = bounds[right[k]], distinct[text] + distinct[right[k]]
            others, needed = grams[begin : begin + distinct[right[k]]], _needed(least, both)
            shared = 0
            if needed <= min(mine.size, others.size):
                shared = _shared(mine, table, others, needed)
            out[k] = shared / (both - shared)
            k -= 1


@kernel("int64(int64[:, ::1], int64, int64, int64[::1], int64[::1])")
def _united(rows, count, column, starts, order):
    """How many words lie in the spans of some rows, which begin and end as a column and the next say;
    ``starts``, ``order``: room for as many."""
    words, reached = 0, 0
    for k in range(count):
        starts[k] = -rows[k, column]
    sort_down(starts[:count], order)
    for place in range(count):
        begin, end = rows[order[place], column], rows[order[place], column + 1]
        words += max(end - max(begin, reached), 0)
        reached = max(reached, end)
    return words


@kernel("void(uint64[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64, int64[::1], int64[::1])")
def contain(words, bounds, left, right, seed, gap, least, shared, contained):
    """How many words of text ``left[k]`` lie in passages that it shares with ``right[k]``, and how many of
    the latter's: what `nearcopy.kernel.align.align` and ``cover`` say of the two alone. ``least`` bounds a
    passage, but where a text has fewer words. Fast where pairs of one ``left`` follow each other.
    """
    longest = longest_of(bounds)
    grams = np.empty(words.size, dtype=np.uint64)
    for text in range(bounds.size - 1):
        if bounds[text + 1] > bounds[text]:
            gram_hashes(words, bounds[text], bounds[text + 1], seed, grams[bounds[text] :])
    room, slots = 2 * RUNS * longest, slots_for(longest)
    runs, worth = np.empty((room, 3), dtype=np.int64), np.empty(room, dtype=np.int64)
    previous, order = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    rows = np.empty((room, 6), dtype=np.int64)
    table, following = np.empty(slots, dtype=np.int64), np.empty(longest, dtype=np.int64)
    lone, bits = np.empty(longest, dtype=np.int64), np.empty(sieve_for(slots), dtype=np.uint64)
    same, indexed, heads, sieve = np.zeros(longest, dtype=np.uint8), -1, table, bits
    for k in range(left.size):
        first, end = bounds[left[k]], bounds[left[k] + 1]
        a, grams_a = words[first:end], grams[first:end]
        first, end = bounds[right[k]], bounds[right[k] + 1]
        b, grams_b = words[first:end], grams[first:end]
        shortest = min(least, a.size, b.size)
        if shortest < seed:
            cut = np.array([0, b.size])
            few = align(a, b, cut, shortest, gap, shortest, same[: a.size].reshape(1, a.size))
            shared[k] = _united(few, few.shape[0], 1, worth, order)
            contained[k] = _united(few, few.shape[0], 3, worth, order)
            continue
        if indexed != left[k]:
            indexed, heads = left[k], table[: slots_for(a.size)]
            sieve = bits[: sieve_for(heads.size)]
            survey(grams_a, a.size - seed + 1, heads, following, lone, sieve)
        count = listed_runs(a, b, grams_a, grams_b, lone, sieve, heads, following, seed, shortest,
                            runs[: RUNS * (a.size + b.size)])
        link(runs, count, gap, worth, previous)
        found = take_chains(a, b, runs, count, worth, previous, order, shortest, 0, False, rows, 0, same)
        shared[k] = _united(rows, found, 1, worth, order)
        contained[k] = _united(rows, found, 3, worth, order)
