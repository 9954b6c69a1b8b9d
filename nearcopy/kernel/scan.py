"""Code points in, words and paragraphs out."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.mixing import WORD_START, WORD_STEP, mix
from nearcopy.kernel.plain import BLOCK, FOLDED, scan_plain

SMALL_I, DOT_ABOVE = np.uint32(0x69), np.uint64(230 << 32 | 0x307)
IOTA, IOTA_BELOW = np.uint64(0x3B9), np.uint64(0x345)

LETTER, SINGLE, MARK, IGNORED, NEWLINE, BREAK = 1, 2, 3, 4, 6, 7
EXPANDS = np.uint32(1 << 24)
"""Kinds and parts of a table entry, as `nearcopy.text.folding` describes them."""

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


@inlined
def _take(entry, expansions, orders, marks, state, count, base):
    """One character more of a word: its letters are hashed, after the marks before them; its marks wait."""
    first, last = np.int64(entry & FOLDED), np.int64(-1)
    if entry & EXPANDS:
        last = first + np.int64(expansions[first])
        first += 1
    while True:
        folded = np.uint32(first) if last < 0 else expansions[first]
        order = orders[folded]
        if order == 0:
            state = (_flush(state, marks, count, base) ^ np.uint64(folded)) * WORD_STEP
            count, base = 0, folded
        else:
            if count == MARKS:
                state = _flush(state, marks, count, base)
                count, base = 0, np.uint32(0)
            count = _insert(marks, count, folded, order)
        first += 1
        if last < 0 or first > last:
            break
    return state, count, base


@kernel("Tuple((int64, int64))(Array(uint32, 1, 'C', True), int64, int64, uint32[::1], uint32[::1], "
        "uint8[::1], uint64[::1], int32[::1], int32[::1], int64, int32[:, ::1], int64)")
def scan_text(codes, begin, end, entries, expansions, orders, hashes, starts, ends, words, lines, line):
    """Words and lines of the one text ``codes[begin:end]``, appended from ``words`` and ``line`` on.

    Of each word the hash of its fold and its offsets in the text; of each line that holds anything but space
    its start, its end, its first word and whether a blank line or a paragraph separator stood before it.
    Returns the new counts of words and lines.
    """
    marks, block = np.empty(MARKS, dtype=np.uint64), np.empty(BLOCK, dtype=np.uint32)
    state, count, word_start, word_end, kind_open, base = WORD_START, 0, 0, 0, 0, np.uint32(0)
    newlines, in_line, carriage, first_word = 0, False, False, words
    position, go_on = begin, begin
    while position < end:
        if position >= go_on and in_line and kind_open != SINGLE and count == 0:
            came = position
            position, go_on, state, words, kind_open, word_start, word_end, lines[line - 1, 1] = scan_plain(
                codes, begin, position, end, entries, block, hashes, starts, ends, words, state, kind_open,
                word_start, word_end, lines[line - 1, 1])
            if position > came:
                base, carriage = entries[codes[position - 1]] & FOLDED, False
            if position == end:
                break
        code, here = codes[position], position - begin
        entry = entries[code]
        kind = (entry >> np.uint32(21)) & np.uint32(7)
        position += 1
        if kind == IGNORED:
            carriage = False
            continue
        if kind < IGNORED:
            if not in_line:
                lines[line, 0], lines[line, 2], lines[line, 3] = here, words, newlines > 1
                line += 1
                in_line, newlines = True, 0
            lines[line - 1, 1] = here + 1
        if kind_open != 0 and kind != MARK and (kind != LETTER or kind_open == SINGLE):
            hashes[words] = _flush(state, marks, count, base)
            starts[words], ends[words] = word_start, word_end
            words += 1
            kind_open, count = 0, 0
        if kind in (LETTER, SINGLE, MARK):
            if kind_open == 0:
                state, count, word_start, base = WORD_START, 0, here, np.uint32(0)
                kind_open = SINGLE if kind == SINGLE else LETTER
            word_end = here + 1
            state, count, base = _take(entry, expansions, orders, marks, state, count, base)
        carriage_before, carriage = carriage, code == np.uint32(13)
        if kind >= NEWLINE:
            if not (code == np.uint32(10) and carriage_before):
                newlines += 2 if kind == BREAK else 1
            in_line = False
    if kind_open != 0:
        hashes[words] = _flush(state, marks, count, base)
        starts[words], ends[words] = word_start, word_end
        words += 1
    for word in range(first_word, words):
        hashes[word] = mix(hashes[word])
    return words, line


@kernel("Tuple((int64, int64))(Array(uint32, 1, 'C', True), int64[::1], uint32[::1], uint32[::1], "
        "uint8[::1], uint64[::1], int32[::1], int32[::1], int32[:, ::1], int32[:, ::1], int64[::1], "
        "int64[::1], int64, int64)")
def scan(codes, bounds, entries, expansions, orders, hashes, starts, ends, lines, spans, text_words,
         text_spans, words, paragraphs):
    """Words and paragraphs of texts laid end to end, appended to so many; text t is
    ``codes[bounds[t] - bounds[0]:bounds[t + 1] - bounds[0]]``.

    Writes the words as `scan_text` does, ``spans[p] = (start, end, first word, end word)`` of every paragraph
    with a word in it, and where the words and paragraphs of each text begin. Paragraphs are divided by blank
    lines; in a text that has none, every line is one. Returns the new counts of words and paragraphs.
    """
    for text in range(bounds.size - 1):
        text_words[text], text_spans[text] = words, paragraphs
        begin, end = bounds[text] - bounds[0], bounds[text + 1] - bounds[0]
        done, count = scan_text(codes, begin, end, entries, expansions, orders,
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
