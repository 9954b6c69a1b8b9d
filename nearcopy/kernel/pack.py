"""Records sorted into pages: counted, then each written where its page has room, so that nothing is moved.
And which of a text's postings repeat."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import inlined, kernel
from nearcopy.kernel.mixing import mix

HEADS = 1 << 16
"""Buckets of one page that can be told apart by two bytes of hash, which is all that a cap is counted by."""


@inlined
def _write(blob, at, value, width):
    """The low ``width`` bytes of a value, the most significant first."""
    for k in range(width):
        blob[at + k] = np.uint8(value >> np.uint64(8 * (width - 1 - k)) & np.uint64(0xFF))


@kernel("void(uint64[::1], uint64[::1], uint64[::1], int64, int64, int64[::1], uint8[::1])")
def pack_records(pages, heads, tails, head_bytes, tail_bytes, bounds, blob):
    """Write record i, the low ``head_bytes`` of ``heads[i]`` and ``tail_bytes`` of ``tails[i]``, to page
    ``pages[i]``; those of one page stay in their order. Page p is ``blob[bounds[p]:bounds[p + 1]]`` then.
    """
    width = head_bytes + tail_bytes
    bounds[:] = 0
    for i in range(pages.size):
        bounds[np.int64(pages[i]) + 1] += width
    for k in range(1, bounds.size):
        bounds[k] += bounds[k - 1]
    at = bounds[:-1].copy()
    for i in range(pages.size):
        page = np.int64(pages[i])
        _write(blob, at[page], heads[i], head_bytes)
        _write(blob, at[page] + head_bytes, tails[i], tail_bytes)
        at[page] += width


@kernel("int64(int64[::1], uint8[::1], int64, int64, int64)")
def cap_buckets(bounds, blob, head_bytes, width, cap):
    """Keep the first ``cap`` records of each bucket of every page, in place; ``head_bytes`` is 1 or 2.
    Returns how many bytes are left.
    """
    held, end, begin = np.zeros(HEADS, dtype=np.int64), 0, bounds[0]
    for page in range(bounds.size - 1):
        first, stop = begin, bounds[page + 1]
        begin, crowded = stop, stop - first > cap * width
        bounds[page] = end
        for at in range(first, stop, width):
            if crowded:
                head = np.int64(blob[at])
                if head_bytes == 2:
                    head = head << 8 | np.int64(blob[at + 1])
                held[head] += 1
                if held[head] > cap:
                    continue
            if end < at:
                blob[end : end + width] = blob[at : at + width]
            end += width
        if crowded:
            held[:] = 0
    bounds[-1] = end
    return end


@kernel("void(uint64[::1], uint16[::1], int64[::1], boolean[::1])")
def first_of_each(hashes, contexts, bounds, out):
    """``out[i]``: whether no equal pair of hash and context stands before i in the same text; those of text t
    begin at ``bounds[t]``. In the table, what is left of earlier texts counts as empty.
    """
    longest, size = 0, 64
    for text in range(bounds.size - 1):
        longest = max(longest, bounds[text + 1] - bounds[text])
    while size < 2 * longest:
        size *= 2
    table = np.full(size, -1, dtype=np.int64)
    for text in range(bounds.size - 1):
        first = bounds[text]
        for i in range(first, bounds[text + 1]):
            slot = np.int64(mix(hashes[i] ^ np.uint64(contexts[i]))) & (size - 1)
            out[i] = True
            while table[slot] >= first:
                if hashes[table[slot]] == hashes[i] and contexts[table[slot]] == contexts[i]:
                    out[i] = False
                    break
                slot = (slot + 1) & (size - 1)
            if out[i]:
                table[slot] = i
