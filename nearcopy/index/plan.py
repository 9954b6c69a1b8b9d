"""Which pages a submission's buckets fall into, and which of their records are hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.keys import big_endian, page_numbers
from nearcopy.index.packing import band_numbers
from nearcopy.index.store import Partition
from nearcopy.kernel.pages import find_records
from nearcopy.lsh import Buckets

Ints = NDArray[np.int64]

KINDS = ("p", "x", "d", "f")
WIDTHS = (2, 6, 2, 2)
"""Bytes of hash in the records of each kind."""

NUMBER = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """The buckets of one submission in one row of N entries, kind by kind in the order of `KINDS`.

    - ``hashes`` uint64[N], ``bands`` uint8[N], ``widths`` uint8[N], ``wanted`` uint64[N]: what a record holds
    - ``sizes`` int64[4]: entries of each kind
    """

    hashes: NDArray[np.uint64]
    bands: NDArray[np.uint8]
    widths: NDArray[np.uint8]
    wanted: NDArray[np.uint64]
    sizes: Ints

    @classmethod
    def of(cls, buckets: Buckets) -> Plan:
        """The buckets of the one text that was signed."""
        parts = (buckets.bands, buckets.runs, buckets.document_bands, buckets.fingerprints)
        sizes = np.array([part.size for part in parts], dtype=np.int64)
        hashes = np.concatenate([part.ravel() for part in parts])
        bands = np.zeros(len(hashes), dtype=np.uint8)
        width = buckets.bands.shape[1]
        bands[: sizes[0]] = band_numbers(len(buckets.bands), width)
        bands[sizes[:2].sum() : sizes[:3].sum()] = band_numbers(len(buckets.document_bands), width)
        widths = np.repeat(np.array(WIDTHS, dtype=np.uint8), sizes)
        wanted = hashes & ((np.uint64(1) << widths.astype(np.uint64) * np.uint64(8)) - np.uint64(1))
        return cls(hashes, bands, widths, wanted, sizes)

    def names(self, part: Partition) -> list[bytes]:
        """The keys of all its pages: the base pages, where there are any, and then the delta pages."""
        names: list[bytes] = []
        for letters, pages in (("pxdf", part.shape.base), ("PXDF", part.shape.delta)):
            counts = np.array([pages[kind] for kind in KINDS], dtype=np.uint64)
            if counts.all():
                rows = np.empty((len(self.hashes), 5), dtype=np.uint8)
                rows[:, 0] = np.repeat(np.frombuffer(letters.encode(), dtype=np.uint8), self.sizes)
                rows[:, 1] = self.bands
                rows[:, 2:] = big_endian(page_numbers(self.hashes, np.repeat(counts, self.sizes)), 3)
                names += part.keys.pages(part.generation, b"", rows)
        return names

    def hits(self, pages: Sequence[bytes | None]) -> list[tuple[Ints, Ints]]:
        """For each kind the hits: entry, counted within the kind, and number; ascending, each pair once."""
        entries = len(self.hashes)
        times = len(pages) // max(entries, 1)
        found, numbers = records(pages, np.tile(self.wanted, times), np.tile(self.widths, times))
        packed = np.unique(found % entries << 24 | numbers)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        cuts = np.searchsorted(packed, starts << 24)
        return [
            ((packed[cuts[k] : cuts[k + 1]] >> 24) - starts[k], packed[cuts[k] : cuts[k + 1]] & NUMBER)
            for k in range(len(KINDS))
        ]


def records(
    pages: Sequence[bytes | None], wanted: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> tuple[Ints, Ints]:
    """Page and number of every record with the hash, of that many bytes, that is wanted in its page."""
    parts = [page or b"" for page in pages]
    bounds = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=bounds[1:])
    blob = np.frombuffer(bytearray().join(parts), dtype=np.uint8)
    room = blob.size // 4 + 1
    index, number = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    count = find_records(blob, bounds, wanted, widths, index, number)
    return index[:count], number[:count]
