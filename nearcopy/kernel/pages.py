"""Finding records in packed pages."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import kernel


@kernel("int64(uint8[::1], int64[::1], uint64[::1], uint8[::1], int32[::1], int64[::1], int64[::1], "
        "int64[::1])")
def find_records(blob, bounds, wanted, widths, contexts, out_page, out_number, out_held):
    """The numbers of all records with the wanted hash, page by page.

    ``blob[bounds[i]:bounds[i+1]]`` is page i: records of ``widths[i]`` bytes of hash, two of context unless
    ``contexts[i]`` is -1, and 3 of number, the most significant byte first; ``wanted[i]`` is the hash looked
    for in it. A record with a context is a hit where either byte of it is equal. Number 0: a removed one.
    Writes the page and the number of each hit, and of each page how many records have the hash,
    ``out_held[i]``; returns how many hits there are.
    """
    found = 0
    out_held[:] = 0
    for page in range(wanted.size):
        want, hash_bytes, context = wanted[page], np.int64(widths[page]), contexts[page]
        width = hash_bytes + (3 if context < 0 else 5)
        low = np.uint8(want & np.uint64(0xFF))
        for at in range(bounds[page], bounds[page + 1] - width + 1, width):
            if blob[at + hash_bytes - 1] != low:
                continue
            value = np.uint64(0)
            for k in range(hash_bytes):
                value = value << np.uint64(8) | np.uint64(blob[at + k])
            if value != want:
                continue
            out_held[page] += 1
            last = at + width - 3
            if context >= 0 and blob[last - 2] != context >> 8 and blob[last - 1] != context & 0xFF:
                continue
            number = np.int64(blob[last]) << 16
            number |= np.int64(blob[last + 1]) << 8 | np.int64(blob[last + 2])
            if number:
                out_page[found], out_number[found] = page, number
                found += 1
    return found
