"""Pairs of documents: those that meet in a bucket, and how much of each other they hold."""

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
from nearcopy.kernel.jit import kernel
from nearcopy.kernel.resemble import _slot
from nearcopy.kernel.sign import gram_hashes


@kernel("int64(int64[::1], int64[::1], int64, int64, int64[::1])")
def meet(order, starts, cap, near, out):
    """The pairs of every bucket, as lesser number << 32 | greater one.

    Bucket k is ``order[starts[k]:starts[k + 1]]``. One of more than ``cap`` pairs each only with the ``near``
    that follow. Returns how many there are; none is written where ``out`` is empty.
    """
    found = 0
    for bucket in range(starts.size - 1):
        first, end = starts[bucket], starts[bucket + 1]
        reach = end - first if end - first <= cap else near
        for i in range(first, end - 1):
            last = min(i + reach, end - 1)
            if out.size == 0:
                found += last - i
                continue
            for j in range(i + 1, last + 1):
                low, high = min(order[i], order[j]), max(order[i], order[j])
                out[found] = low << 32 | high
                found += 1
    return found


@kernel("int64(int64[::1], uint16[::1], int64[::1], int64, int64, int64[::1])")
def meet_in_context(order, contexts, starts, cap, near, out):
    """`meet`, of fingerprints: only documents whose entries have one byte of the context in common; one that
    is twice in a bucket does not meet itself."""
    found = 0
    for bucket in range(starts.size - 1):
        first, end = starts[bucket], starts[bucket + 1]
        reach = end - first if end - first <= cap else near
        for i in range(first, end - 1):
            for j in range(i + 1, min(i + reach, end - 1) + 1):
                differ = contexts[i] ^ contexts[j]
                if order[i] == order[j] or (differ & 0xFF and differ >> 8):
                    continue
                if out.size:
                    low, high = min(order[i], order[j]), max(order[i], order[j])
                    out[found] = low << 32 | high
                found += 1
    return found


@kernel("int64(uint64[::1], uint64[::1], int64[::1])")
def _fill(grams, table, marks):
    """Put shingles into a table, which is emptied first; returns how many are distinct."""
    marks[:], distinct = 0, 0
    for g in range(grams.size):
        place = _slot(table, marks, grams[g])
        if marks[place] == 0:
            table[place], marks[place] = grams[g], 1
            distinct += 1
    return distinct


@kernel("void(uint64[::1], int64[::1], int64, int64[::1], int64[::1], float64[::1])")
def resemble(words, bounds, size, left, right, out):
    """``out[k]``: the Jaccard resemblance of texts ``left[k]`` and ``right[k]`` by their sets of shingles of
    ``size`` words, as `nearcopy.kernel.resemble.best_units` has it. Text t is
    ``words[bounds[t]:bounds[t + 1]]`` and has a word at least. Fast where pairs of one ``left`` follow each
    other: its table is made once.
    """
    texts, longest = bounds.size - 1, 1
    grams, distinct = np.empty(words.size, dtype=np.uint64), np.empty(texts, dtype=np.int64)
    ends, rooms = np.empty(texts, dtype=np.int64), np.empty(texts, dtype=np.int64)
    for text in range(texts):
        length = bounds[text + 1] - bounds[text]
        longest = max(longest, length)
        ends[text] = bounds[text] + max(length - size + 1, 1)
        rooms[text] = 16
        while rooms[text] < 2 * length:
            rooms[text] *= 2
    slots, used = np.empty(4 * longest + 16, np.uint64), np.empty(4 * longest + 16, np.int64)
    for text in range(texts):
        gram_hashes(words, bounds[text], bounds[text + 1], size, grams[bounds[text] :])
        room = rooms[text]
        distinct[text] = _fill(grams[bounds[text] : ends[text]], slots[:room], used[:room])
    current, table, marks = -1, slots[:16], used[:16]
    for k in range(left.size):
        a, b, shared = left[k], right[k], 0
        if a != current:
            current, table, marks = a, slots[: rooms[a]], used[: rooms[a]]
            _fill(grams[bounds[a] : ends[a]], table, marks)
        for g in range(bounds[b], ends[b]):
            place = _slot(table, marks, grams[g])
            # 1: of the left text; k + 2: met in this right one already
            if marks[place] != 0 and marks[place] != k + 2:
                marks[place] = k + 2
                shared += 1
        out[k] = shared / (distinct[a] + distinct[b] - shared)


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
