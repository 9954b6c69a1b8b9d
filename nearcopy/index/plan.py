"""Which pages a submission's buckets fall into, and which of their records are hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.keys import big_endian, page_numbers
from nearcopy.index.packing import band_numbers
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition
from nearcopy.kernel.pages import find_records
from nearcopy.lsh import Buckets

Ints = NDArray[np.int64]
Hits = tuple[Ints, Ints]

KINDS = ("p", "x", "d", "f")
WIDTHS = (2, 6, 2, 2)
"""Bytes of hash in the records of each kind."""

NUMBER = (1 << 24) - 1
NO_CONTEXT = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """The buckets of one submission in one row of N entries, kind by kind in the order of `KINDS`.

    - ``hashes`` uint64[N] and ``bands`` uint8[N]: they choose the page
    - ``wanted`` uint64[N], ``widths`` uint8[N], ``contexts`` int32[N]: what a record must hold to be a hit
    - ``sizes`` int64[4]: entries of each kind
    """

    hashes: NDArray[np.uint64]
    bands: NDArray[np.uint8]
    wanted: NDArray[np.uint64]
    widths: NDArray[np.uint8]
    contexts: NDArray[np.int32]
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
        contexts = np.full(len(hashes), NO_CONTEXT, dtype=np.int32)
        contexts[sizes[:3].sum() :] = buckets.contexts
        return cls(hashes, bands, wanted, widths, contexts, sizes)

    def names(self, part: Partition, delta: bool) -> list[bytes]:
        """The keys of all its pages: the base pages, where there are any, and then the delta pages, if they
        are asked for."""
        names: list[bytes] = []
        for letters, pages in (("pxdf", part.shape.base), ("PXDF", part.shape.delta))[: 1 + delta]:
            counts = np.array([pages[kind] for kind in KINDS], dtype=np.uint64)
            if counts.all():
                rows = np.empty((len(self.hashes), 5), dtype=np.uint8)
                rows[:, 0] = np.repeat(np.frombuffer(letters.encode(), dtype=np.uint8), self.sizes)
                rows[:, 1] = self.bands
                rows[:, 2:] = big_endian(page_numbers(self.hashes, np.repeat(counts, self.sizes)), 3)
                names += part.keys.pages(part.generation, b"", rows)
        return names

    def hits(self, pages: Sequence[bytes | None]) -> tuple[list[Hits], bool]:
        """For each kind the hits: entry, counted within the kind, and number; ascending, each pair once. And
        whether a bucket was full."""
        entries = len(self.hashes)
        times = len(pages) // max(entries, 1)
        found, numbers, full = records(
            pages, np.tile(self.wanted, times), np.tile(self.widths, times), np.tile(self.contexts, times)
        )
        packed = np.unique(found % entries << 24 | numbers)
        starts = np.concatenate([[0], np.cumsum(self.sizes)])
        cuts = np.searchsorted(packed, starts << 24)
        parts = [packed[cuts[k] : cuts[k + 1]] for k in range(len(KINDS))]
        return [((part >> 24) - starts[k], part & NUMBER) for k, part in enumerate(parts)], full


def records(
    pages: Sequence[bytes | None],
    wanted: NDArray[np.uint64],
    widths: NDArray[np.uint8],
    contexts: NDArray[np.int32],
) -> tuple[Ints, Ints, bool]:
    """Page and number of every record that is a hit for what is wanted in its page, and whether a bucket was
    full; see `find_records`."""
    parts = [page or b"" for page in pages]
    bounds = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=bounds[1:])
    blob = np.frombuffer(bytearray().join(parts), dtype=np.uint8)
    room = blob.size // 4 + 1
    index, number = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    held = np.empty(len(parts), dtype=np.int64)
    count = find_records(blob, bounds, wanted, widths, contexts, index, number, held)
    return index[:count], number[:count], bool(held.max(initial=0) >= BUCKET_CAP)
