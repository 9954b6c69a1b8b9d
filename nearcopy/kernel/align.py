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

FEW = 32
"""Values that are sorted by insertion."""

SIEVE = 32
"""Bits for each word of a text, of which each of its runs of ``seed`` words sets one."""


@kernel("int64(int64)")
def slots_for(count):
    """How many slots the table of so many grams has."""
    slots = 64
    while slots < 2 * count:
        slots *= 2
    return slots


@kernel("void(uint64[::1], int64, int64[::1], int64[::1])")
def index_grams(grams, count, heads, following):
    """A chained hash table of ``grams[:count]``: ``heads`` (a power of two of -1s) and ``following``, which
    lead through the places of equal slots in ascending order."""
    mask = np.uint64(heads.size - 1)
    for place in range(count - 1, -1, -1):
        slot = np.int64(grams[place] & mask)
        following[place] = heads[slot]
        heads[slot] = place


@kernel("int64(int64)")
def sieve_for(slots):
    """Of how many bits' words the sieve beside so many slots is."""
    return slots * SIEVE // 128


@kernel("void(uint64[::1], int64, int64[::1], int64[::1], int64[::1], uint64[::1])")
def survey(grams, count, heads, following, lone, sieve):
    """`index_grams`, and what `common_runs` skips by.

    ``lone[i]``: so many grams, one after the other from place i on, stand at one place only. ``sieve`` (its
    size a power of two): bits, of which each gram sets one, by its upper half.
    """
    bits = np.uint64(64 * sieve.size - 1)
    heads[:], sieve[:], lone[:count] = -1, 0, 1
    index_grams(grams, count, heads, following)
    for place in range(count):
        bit = grams[place] >> np.uint64(32) & bits
        sieve[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
        later = following[place]
        while later >= 0 and grams[later] != grams[place]:
            later = following[later]
        if later >= 0:
            lone[place] = lone[later] = 0
    for place in range(count - 2, -1, -1):
        if lone[place]:
            lone[place] += lone[place + 1]


@inlined
def _held(sieve, bits, gram):
    """Whether a gram may be among those of a sieve."""
    bit = gram >> np.uint64(32) & bits
    return sieve[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & np.uint64(1) != np.uint64(0)


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], uint64[::1], int64[::1], uint64[::1], int64[::1], "
        "int64[::1], int64, int64[:, ::1])")
def common_runs(a, b, grams_a, grams_b, lone, sieve, heads, following, seed, runs):
    """All maximal runs of ``seed`` or more words, as rows (start in b, start in a, words), in that order.

    Returns their number, or -1 where the texts repeat themselves so much that they were not all listed.
    """
    mask, bits, found = np.uint64(heads.size - 1), np.uint64(64 * sieve.size - 1), 0
    pairs = PAIRS * (a.size + b.size) + MORE_PAIRS
    # Up to ``end`` b goes on as a does, which is ``ahead`` there.
    j, stop, end, ahead = 0, b.size - seed + 1, 0, 0
    while j < stop:
        if j + seed <= end and lone[j + ahead] > 0:
            # What stands once in a is the run that goes on: no other begins with it.
            step = min(lone[j + ahead], end - seed + 1 - j)
            pairs -= step
            if pairs < 0 or found == runs.shape[0]:
                return -1
            j += step
            continue
        while j < stop and not _held(sieve, bits, grams_b[j]):
            j += 1
        if j == stop:
            break
        gram = grams_b[j]
        i = heads[np.int64(gram & mask)]
        while i >= 0:
            if grams_a[i] == gram:
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
                    if j + size > end:
                        end, ahead = j + size, i - j
            i = following[i]
        j += 1
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


@kernel("void(int64[::1], int64[::1])")
def sort_down(values, order):
    """Write the places of ``values`` from the greatest to the least, of equal ones in their order: a few by
    insertion, and these are merged. NumPy's sort takes seconds to compile, again in all who call this."""
    count = values.size
    for first in range(0, count, FEW):
        last = min(first + FEW, count) - 1
        # From the last on: the runs of one chain are worth ever more, and so each finds its place at once.
        for k in range(last, first - 1, -1):
            place = first + last - k
            while place > first and values[order[place - 1]] <= values[k]:
                order[place] = order[place - 1]
                place -= 1
            order[place] = k
    width = FEW
    while width < count:
        unmerged, width = order[:count].copy(), 2 * width
        for first in range(0, count, width):
            middle, stop = min(first + width // 2, count), min(first + width, count)
            left, right = first, middle
            for k in range(first, stop):
                if right == stop or (left < middle and values[unmerged[left]] >= values[unmerged[right]]):
                    order[k] = unmerged[left]
                    left += 1
                else:
                    order[k] = unmerged[right]
                    right += 1


@kernel("int64(uint64[::1], uint64[::1], int64, int64[:, ::1])")
def crowded_runs(a, b, least, runs):
    """`greedy_runs` in the order and at the place of `common_runs`."""
    longer = max(a.size, b.size)
    grams_a, grams_b = np.empty(a.size, dtype=np.uint64), np.empty(b.size, dtype=np.uint64)
    heads, following = np.empty(slots_for(longer), dtype=np.int64), np.empty(longer, dtype=np.int64)
    gram_hashes(a, 0, a.size, least, grams_a)
    gram_hashes(b, 0, b.size, least, grams_b)
    count = greedy_runs(a, b, grams_a, a.size - least + 1, grams_b, b.size - least + 1,
                        heads, following, least, runs)
    listed, keys = runs[:count].copy(), np.empty(count, dtype=np.int64)
    for k in range(count):
        keys[k] = -(listed[k, 0] * (a.size + 1) + listed[k, 1])
    order = np.empty(count, dtype=np.int64)
    sort_down(keys, order)
    for k in range(count):
        for column in range(3):
            runs[k, column] = listed[order[k], column]
    return count


@kernel("int64(uint64[::1], uint64[::1], uint64[::1], uint64[::1], int64[::1], uint64[::1], int64[::1], "
        "int64[::1], int64, int64, int64[:, ::1])")
def listed_runs(a, b, grams_a, grams_b, lone, sieve, heads, following, seed, least, runs):
    """The runs of both texts, `common_runs` or, where those are too many, `crowded_runs`."""
    count = common_runs(a, b, grams_a, grams_b, lone, sieve, heads, following, seed, runs)
    return count if count >= 0 else crowded_runs(a, b, least, runs)


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


@kernel("int64(uint64[::1], uint64[::1], int64[:, ::1], int64, int64, int64[::1])")
def equal_in_edits(a, b, runs, first, last, previous):
    """Words between the runs of a chain that are equal too, though too few in a row for a run."""
    row = np.empty(b.size + 1, dtype=np.int64)
    equal, r = 0, last
    while r != first:
        p = previous[r]
        trim = _trim(runs, p, r)
        equal += equal_words(a[runs[p, 1] + runs[p, 2] : runs[r, 1] + trim],
                             b[runs[p, 0] + runs[p, 2] : runs[r, 0] + trim], row)
        r = p
    return equal


@kernel("int64(uint64[::1], uint64[::1], int64[:, ::1], int64, int64[::1], int64[::1], int64[::1], int64, "
        "int64, bool, int64[:, ::1], int64, uint8[::1])")
def take_chains(a, b, runs, count, worth, previous, order, least, text, told, out, found, same):
    """Write the kept chains as rows (text, start in a, end, start in b, end, equal words), from ``found`` on,
    and mark the words of a that stand in their runs; returns the number of rows. ``worth`` and
    ``order`` are used up. Unless ``told``, neither equal words nor marks are asked for."""
    sort_down(worth[:count], order)
    for k in range(count):
        last = order[k]
        if worth[last] == 0:
            continue
        first, equal, longest = last, 0, 0
        while True:
            worth[first] = 0
            longest = max(longest, runs[first, 2])
            p = previous[first]
            if p < 0 or worth[p] == 0:
                equal += runs[first, 2]
                break
            equal += runs[first, 2] - _trim(runs, p, first)
            first = p
        if first != last and (told or (equal < least and longest < least)):
            equal += equal_in_edits(a, b, runs, first, last, previous)
        if equal >= least or longest >= least:
            r = last
            while told:
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


@kernel("int64(int64[::1])")
def longest_of(bounds):
    """The words of the longest text; one at least."""
    longest = 1
    for text in range(bounds.size - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    return longest


@kernel("int64[:, ::1](uint64[::1], uint64[::1], int64[::1], int64, int64, int64, uint8[:, ::1])")
def align(a, words, bounds, seed, gap, least, same):
    """The passages that text ``a`` shares with each text ``words[bounds[t]:bounds[t+1]]``.

    ``int64[passages, 6]``: text, start and end in a, start and end in the text (words), equal words.
    ``same[t, word]`` (zeroed by the caller): the words of a that stand in a run of ``seed`` or more there.
    """
    longest = longest_of(bounds)
    room = RUNS * (a.size + longest)
    runs, worth = np.empty((room, 3), dtype=np.int64), np.empty(room, dtype=np.int64)
    previous, order = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    heads, following = np.empty(slots_for(a.size), dtype=np.int64), np.empty(a.size, dtype=np.int64)
    lone, sieve = np.empty(a.size, dtype=np.int64), np.empty(sieve_for(heads.size), dtype=np.uint64)
    grams_a, grams_b = np.empty(max(a.size, 1), dtype=np.uint64), np.empty(longest, dtype=np.uint64)
    gram_hashes(a, 0, a.size, seed, grams_a)
    survey(grams_a, a.size - seed + 1, heads, following, lone, sieve)
    out, found = np.empty((64, 6), dtype=np.int64), 0
    for text in range(bounds.size - 1):
        b = words[bounds[text] : bounds[text + 1]]
        if b.size < seed:
            continue
        gram_hashes(b, 0, b.size, seed, grams_b)
        count = listed_runs(a, b, grams_a, grams_b, lone, sieve, heads, following, seed, least, runs)
        if found + count > out.shape[0]:
            grown = np.empty((2 * (found + count), 6), dtype=np.int64)
            grown[:found] = out[:found]
            out = grown
        link(runs, count, gap, worth, previous)
        found = take_chains(a, b, runs, count, worth, previous, order, least, text, True, out, found,
                            same[text])
    return out[:found].copy()


@kernel("void(int64[:, ::1], uint8[:, ::1], int64[::1], int64[::1])")
def cover(rows, covered, bounds, contained):
    """From the passages of `align` which words of a each text covers, ``covered[t, word]`` (zeroed by the
    caller), and how many of its own words lie in one, ``contained[t]``; ``bounds`` are the texts' words."""
    seen = np.full(longest_of(bounds), -1, dtype=np.int64)
    contained[:] = 0
    for k in range(rows.shape[0]):
        text = rows[k, 0]
        covered[text, rows[k, 1] : rows[k, 2]] = 1
        for word in range(rows[k, 3], rows[k, 4]):
            if seen[word] != text:
                seen[word] = text
                contained[text] += 1
