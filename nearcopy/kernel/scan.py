"""Code points in, words and paragraphs out."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.mixing import WORD_START, WORD_STEP, mix

SMALL_I, DOT_ABOVE = np.uint32(0x69), np.uint64(230 << 32 | 0x307)
IOTA, IOTA_BELOW = np.uint64(0x3B9), np.uint64(0x345)

MARKS = 64
"""Marks on one character that are put in canonical order; what is stacked higher stays as it came."""


@inlined
def _flush(state, marks, count, base):
    """Hash the ordered marks on ``base``. The dot above an i, which Turkish and Lithuanian capitals bring
    along, is its own; the iota below, always the last, is the letter that it is in capitals."""
    for k in range(1 if count and base == SMALL_I and marks[0] == DOT_ABOVE else 0, count):
        mark = marks[k] & np.uint64(0x1FFFFF)
        state = (state ^ (IOTA if mark == IOTA_BELOW else mark)) * WORD_STEP
    return state


@inlined
def _insert(marks, count, mark, order):
    """Canonical ordering (Unicode 3.11, D109): a stable sort of the marks by combining class."""
    entry = np.uint64(order) << np.uint64(32) | np.uint64(mark)
    place = count
    while place > 0 and (marks[place - 1] >> np.uint64(32)) > np.uint64(order):
        marks[place] = marks[place - 1]
        place -= 1
    marks[place] = entry
    return count + 1


@kernel("Tuple((int64, int64))(uint32[::1], int64, int64, uint32[::1], uint32[::1], uint8[::1], "
        "uint64[::1], int32[::1], int32[::1], int64, int32[:, ::1], int64)")
def scan_text(codes, begin, end, entries, expansions, orders, hashes, starts, ends, words, lines, line):
    """Words and lines of the one text ``codes[begin:end]``, appended from ``words`` and ``line`` on.

    Of each word the hash of its fold and its offsets in the text; of each line that holds anything but space
    its start, its end, its first word and whether a blank line or a paragraph separator stood before it.
    Returns the new counts of words and lines.
    """
    marks = np.empty(MARKS, dtype=np.uint64)
    state, count, word_start, word_end, kind_open, base = WORD_START, 0, 0, 0, 0, np.uint32(0)
    newlines, in_line, carriage = 0, False, False
    position = begin - 1
    while position + 1 < end:
        position += 1
        code = codes[position]
        entry = entries[code] if code < np.uint32(0x110000) else np.uint32(0)
        kind = (entry >> np.uint32(21)) & np.uint32(7)
        if kind == 4:
            carriage = False
            continue
        here = position - begin
        if kind < 4:
            if not in_line:
                lines[line, 0], lines[line, 2], lines[line, 3] = here, words, newlines > 1
                line += 1
                in_line, newlines = True, 0
            lines[line - 1, 1] = here + 1
        if kind in (1, 2, 3):
            if kind_open != 0 and (kind == 2 or (kind_open == 2 and kind == 1)):
                hashes[words] = mix(_flush(state, marks, count, base))
                starts[words], ends[words] = word_start, word_end
                words += 1
                kind_open = 0
            if kind_open == 0:
                state, count, word_start, base = WORD_START, 0, here, np.uint32(0)
                kind_open = 2 if kind == 2 else 1
            if entry >> np.uint32(21) == np.uint32(1) and count == 0:
                # The plain run of letters that most words are: nothing to decompose, order or look up twice.
                while entry >> np.uint32(21) == np.uint32(1):
                    base = entry & np.uint32(0x1FFFFF)
                    state = (state ^ np.uint64(base)) * WORD_STEP
                    position += 1
                    if position == end or codes[position] >= np.uint32(0x110000):
                        break
                    entry = entries[codes[position]]
                position -= 1
                word_end = position + 1 - begin
                lines[line - 1, 1] = word_end
                continue
            word_end = here + 1
            first, last = np.int64(entry & np.uint32(0x1FFFFF)), np.int64(-1)
            if entry & np.uint32(0x1000000):
                last = first + np.int64(expansions[first])
                first += 1
            while True:
                folded = np.uint32(first) if last < 0 else expansions[first]
                order = orders[folded]
                if order == 0:
                    if count:
                        state = _flush(state, marks, count, base)
                        count = 0
                    state, base = (state ^ np.uint64(folded)) * WORD_STEP, folded
                else:
                    if count == MARKS:
                        state = _flush(state, marks, count, base)
                        count, base = 0, np.uint32(0)
                    count = _insert(marks, count, folded, order)
                first += 1
                if last < 0 or first > last:
                    break
        elif kind_open != 0:
            hashes[words] = mix(_flush(state, marks, count, base))
            starts[words], ends[words] = word_start, word_end
            words += 1
            kind_open = 0
        if kind >= 6:
            if not (code == np.uint32(10) and carriage):
                newlines += 2 if kind == 7 else 1
            in_line = False
            carriage = code == np.uint32(13)
        else:
            carriage = False
    if kind_open != 0:
        hashes[words] = mix(_flush(state, marks, count, base))
        starts[words], ends[words] = word_start, word_end
        words += 1
    return words, line


@kernel("Tuple((int64, int64))(uint32[::1], int64[::1], uint32[::1], uint32[::1], uint8[::1], uint64[::1], "
        "int32[::1], int32[::1], int32[:, ::1], int32[:, ::1], int64[::1], int64[::1])")
def scan(codes, bounds, entries, expansions, orders, hashes, starts, ends, lines, spans, text_words,
         text_spans):
    """Words and paragraphs of a batch of texts laid end to end; text t is ``codes[bounds[t]:bounds[t+1]]``.

    Writes the words as `scan_text` does, ``spans[p] = (start, end, first word, end word)`` of every paragraph
    with a word in it, and where the words and paragraphs of each text begin. Paragraphs are divided by blank
    lines; in a text that has none, every line is one. Returns the counts of words and paragraphs.
    """
    words, paragraphs = 0, 0
    for text in range(bounds.size - 1):
        text_words[text], text_spans[text] = words, paragraphs
        done, count = scan_text(codes, bounds[text], bounds[text + 1], entries, expansions, orders,
                                hashes, starts, ends, words, lines, 0)
        blank = False
        for line in range(1, count):
            blank = blank or lines[line, 3] != 0
        line = 0
        while line < count:
            last = line
            while last + 1 < count and blank and lines[last + 1, 3] == 0:
                last += 1
            stop = done if last + 1 == count else np.int64(lines[last + 1, 2])
            if stop > lines[line, 2]:
                spans[paragraphs, 0], spans[paragraphs, 1] = lines[line, 0], lines[last, 1]
                spans[paragraphs, 2], spans[paragraphs, 3] = lines[line, 2], stop
                paragraphs += 1
            line = last + 1
        words = done
    text_words[bounds.size - 1], text_spans[bounds.size - 1] = words, paragraphs
    return words, paragraphs
