"""The plain stretches of a text, which are most of it, scanned without a branch that depends on its words.

Where a word ends no processor can foresee, and a wrong guess costs as much as hashing a word. So every place
of a block is written down as if a word ended there, and the count goes on only if one did. A block is plain
where all its characters are letters that fold to one letter, spaces within a line, or divide words.
"""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import kernel
from nearcopy.kernel.mixing import WORD_START, WORD_STEP

BLOCK = 16
"""Code points that are plain or not together. Larger ones gain nothing in English, and lose where every
second word has an accent."""

FOLDED, SPACE = np.uint32(0x1FFFFF), np.uint32(5)
LETTER, NOT_PLAIN = np.uint32(1 << 25), np.uint32(1 << 26)
"""Parts of a table entry, as `nearcopy.text.folding` describes them."""


@kernel("Tuple((int64, int64, uint64, int64, int64, int64, int64, int64))(Array(uint32, 1, 'C', True), "
        "int64, int64, int64, uint32[::1], uint32[::1], uint64[::1], int32[::1], int32[::1], int64, uint64, "
        "int64, int64, int64, int64)")
def scan_plain(codes, begin, position, end, entries, block, hashes, starts, ends, words, state, is_open,
               word_start, word_end, line_end):
    """Scan blocks of ``codes[position:end]``, of a text that began at ``begin``, up to the first not plain.

    Words are written as `scan_text` does, their hashes not yet mixed; ``block`` is room for one. Takes and
    returns the state of the scan: the position, (from which on it may go on here,) the open word's hash, the
    words, whether one is open, its start and end, the end of the line.
    """
    go_on, word = end, np.uint64(words)
    while position + BLOCK <= end:
        piece, here, flags = codes[position : position + BLOCK], position - begin, np.uint32(0)
        for k in range(BLOCK):
            block[k] = entries[piece[k]]
            flags |= block[k]
        last = BLOCK - 1
        if flags & NOT_PLAIN:
            while not block[last] & NOT_PLAIN:
                last -= 1
            go_on = position + last + 1
            break
        while last >= 0 and block[last] >> np.uint32(21) == SPACE:
            last -= 1
        if last >= 0:
            line_end = here + last + 1
        if is_open and not block[0] & LETTER:
            hashes[word], starts[word], ends[word] = state, word_start, word_end
            word += np.uint64(1)
            is_open = 0
        if not is_open:
            state, word_start = WORD_START, here
        was_open, start, at = np.uint64(is_open), np.int32(word_start), np.int32(here)
        for k in range(BLOCK):
            entry = block[k]
            letter = np.uint64(entry >> np.uint32(25)) & np.uint64(1)
            hashes[word], starts[word], ends[word] = state, start, at
            word += was_open & ~letter
            at += np.int32(1)
            more = (state ^ np.uint64(entry & FOLDED)) * WORD_STEP
            state = more if letter else WORD_START
            start = start if letter else at
            was_open = letter
        position += BLOCK
        is_open, word_start = np.int64(was_open), np.int64(start)
        if is_open:
            word_end = position - begin
    return position, go_on, state, np.int64(word), is_open, word_start, word_end, line_end
