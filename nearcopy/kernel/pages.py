"""Finding records in packed pages."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import kernel


@kernel("int64(uint8[::1], int64[::1], uint64[::1], uint8[::1], int64[::1], int64[::1])")
def find_records(blob, bounds, wanted, widths, out_page, out_number):
    """The numbers of all records with the wanted hash, page by page.

    ``blob[bounds[i]:bounds[i+1]]`` is page i: records of ``widths[i]`` bytes of hash and 3 of number, the
    most significant byte first; ``wanted[i]`` is the hash looked for in it. Number 0 marks a removed record.
    Writes the page and the number of each find and returns how many there are; no more than the arrays hold.
    """
    found = 0
    for page in range(wanted.size):
        want, hash_bytes = wanted[page], np.int64(widths[page])
        low = np.uint8(want & np.uint64(0xFF))
        for at in range(bounds[page], bounds[page + 1] - hash_bytes - 2, hash_bytes + 3):
            if blob[at + hash_bytes - 1] != low:
                continue
            value = np.uint64(0)
            for k in range(hash_bytes):
                value = value << np.uint64(8) | np.uint64(blob[at + k])
            if value != want:
                continue
            number = np.int64(blob[at + hash_bytes]) << 16
            number |= np.int64(blob[at + hash_bytes + 1]) << 8 | np.int64(blob[at + hash_bytes + 2])
            if number and found < out_page.size:
                out_page[found], out_number[found] = page, number
                found += 1
    return found
