"""Finding records in packed pages."""

from __future__ import annotations

import numpy as np

from nearcopy.kernel.jit import kernel

TABLE = 1 << 17
"""Slots for the numbers that share a band with one paragraph: 36 full buckets fill half of them."""


@kernel("int64(uint8[::1], int64[::1], int64[::1], uint64[::1], uint8[::1], int32[::1], int64[::1], "
        "int64[::1], int64[::1])")
def find_records(blob, bounds, pages, wanted, widths, contexts, out_entry, out_number, out_held):
    """The numbers of all records that are hits, entry by entry.

    ``blob[bounds[i]:bounds[i+1]]`` is page i: records of some bytes of hash, perhaps two of context, and 3 of
    number, the most significant byte first. Entry e looks into page ``pages[e]`` for ``widths[e]`` bytes of
    hash ``wanted[e]`` and, unless ``contexts[e]`` is -1, a context of which either byte is equal. Number 0: a
    removed record. Writes the entry and the number of each hit, and of each entry how many records have the
    hash, ``out_held[e]``; returns how many hits there are.
    """
    found = 0
    for entry in range(pages.size):
        want, hash_bytes, context = wanted[entry], np.int64(widths[entry]), contexts[entry]
        width = hash_bytes + (3 if context < 0 else 5)
        low, held = np.uint8(want & np.uint64(0xFF)), 0
        for at in range(bounds[pages[entry]], bounds[pages[entry] + 1] - width + 1, width):
            if blob[at + hash_bytes - 1] != low:
                continue
            value = np.uint64(0)
            for k in range(hash_bytes):
                value = value << np.uint64(8) | np.uint64(blob[at + k])
            last = at + width - 3
            number = np.int64(blob[last]) << 16 | np.int64(blob[last + 1]) << 8 | np.int64(blob[last + 2])
            if value != want or number == 0:
                continue
            held += 1
            if context < 0 or blob[last - 2] == context >> 8 or blob[last - 1] == context & 0xFF:
                out_entry[found], out_number[found] = entry, number
                found += 1
        out_held[entry] = held
    return found


@kernel("Tuple((int64, boolean))(uint8[::1], int64[::1], int64[:, ::1], uint64[::1], int64, int64, int64, "
        "int64[::1], int64[::1], int64[::1])")
def find_neighbours(blob, bounds, pages, wanted, bands, most, cap, out_query, out_number, out_hits):
    """For each paragraph the numbers that share most of its bands, at most ``most``.

    Entry ``q * bands + band`` looks into the pages ``pages[:, entry]`` (records as in `find_records`, 2 bytes
    of hash) for the hash ``wanted[entry]``. Writes paragraph, number and bands shared; returns how many, and
    whether a number was left out or a bucket has ``cap`` records. Constant memory, linear time.
    """
    largest, size, full, found = 0, 64, False, 0
    for query in range(wanted.size // bands):
        records = 0
        for entry in range(query * bands, (query + 1) * bands):
            for layer in range(pages.shape[0]):
                records += (bounds[pages[layer, entry] + 1] - bounds[pages[layer, entry]]) // 5
        largest = max(largest, records)
    while size < 2 * largest and size < TABLE:
        size *= 2
    keys, stamps = np.empty(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    hits, last = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    slots, of_hits = np.empty(size, dtype=np.int64), np.empty(bands + 1, dtype=np.int64)
    for query in range(wanted.size // bands):
        count = 0
        for band in range(bands):
            entry = query * bands + band
            high, low = np.uint8(wanted[entry] >> np.uint64(8)), np.uint8(wanted[entry] & np.uint64(0xFF))
            held = 0
            for layer in range(pages.shape[0]):
                page = pages[layer, entry]
                for at in range(bounds[page], bounds[page + 1] - 4, 5):
                    if blob[at + 1] != low or blob[at] != high:
                        continue
                    number = np.int64(blob[at + 2]) << 16 | np.int64(blob[at + 3]) << 8
                    number |= np.int64(blob[at + 4])
                    if number == 0:
                        continue
                    held += 1
                    slot = (number * 0x9E3779B1 >> 8) & (size - 1)
                    while stamps[slot] == query + 1 and keys[slot] != number:
                        slot = (slot + 1) & (size - 1)
                    if stamps[slot] != query + 1:
                        if count == size // 2:
                            full = True
                            continue
                        keys[slot], stamps[slot], hits[slot], last[slot] = number, query + 1, 0, -1
                        slots[count] = slot
                        count += 1
                    if last[slot] != band:
                        last[slot] = band
                        hits[slot] += 1
            full = full or held >= cap
        of_hits[:] = 0
        for k in range(count):
            of_hits[hits[slots[k]]] += 1
        least, kept = bands, 0
        while least > 0 and kept + of_hits[least] <= most:
            kept += of_hits[least]
            least -= 1
        left = most - kept
        full = full or count > most
        for k in range(count):
            slot = slots[k]
            if hits[slot] > least or (hits[slot] == least and left > 0):
                left -= hits[slot] == least
                out_query[found], out_number[found], out_hits[found] = query, keys[slot], hits[slot]
                found += 1
    return found, full
