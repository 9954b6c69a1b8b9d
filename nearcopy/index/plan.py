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
from nearcopy.kernel.pages import find_neighbours, find_records
from nearcopy.lsh import Buckets

Ints = NDArray[np.int64]
Hits = tuple[Ints, Ints]
Pages = tuple[NDArray[np.uint8], Ints]

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
    - ``sizes`` int64[4]: entries of each kind; ``width``: bands of a paragraph
    - ``paragraphs`` int64[P]: which of the distinct paragraphs each of the submission's is
    """

    hashes: NDArray[np.uint64]
    bands: NDArray[np.uint8]
    wanted: NDArray[np.uint64]
    widths: NDArray[np.uint8]
    contexts: NDArray[np.int32]
    sizes: Ints
    paragraphs: Ints
    width: int

    @classmethod
    def of(cls, buckets: Buckets) -> Plan:
        """The buckets of the one text that was signed. What stands twice in it is asked for once."""
        _, first, paragraphs = np.unique(buckets.runs, return_index=True, return_inverse=True)
        once = _distinct_marks(buckets.fingerprints, buckets.contexts)
        prints, print_contexts = buckets.fingerprints[once], buckets.contexts[once]
        parts = (buckets.bands[first], buckets.runs[first], buckets.document_bands, prints)
        sizes = np.array([part.size for part in parts], dtype=np.int64)
        hashes = np.concatenate([part.ravel() for part in parts])
        bands = np.zeros(len(hashes), dtype=np.uint8)
        width = buckets.bands.shape[1]
        bands[: sizes[0]] = band_numbers(len(first), width)
        bands[sizes[:2].sum() : sizes[:3].sum()] = band_numbers(len(buckets.document_bands), width)
        widths = np.repeat(np.array(WIDTHS, dtype=np.uint8), sizes)
        wanted = hashes & ((np.uint64(1) << widths.astype(np.uint64) * np.uint64(8)) - np.uint64(1))
        contexts = np.full(len(hashes), NO_CONTEXT, dtype=np.int32)
        contexts[sizes[:3].sum() :] = print_contexts
        return cls(hashes, bands, wanted, widths, contexts, sizes, paragraphs, width)

    def pages(self, part: Partition, delta: bool) -> tuple[list[bytes], Ints]:
        """The keys of the pages, each once: the base pages, where there are any, and then the delta pages, if
        they are asked for. And int64[layers, N]: which of the keys each entry looks into."""
        names: list[bytes] = []
        layers: list[Ints] = []
        for letters, pages in (("pxdf", part.shape.base), ("PXDF", part.shape.delta))[: 1 + delta]:
            counts = np.array([pages[kind] for kind in KINDS], dtype=np.uint64)
            if counts.all():
                rows = np.zeros((len(self.hashes), 8), dtype=np.uint8)
                rows[:, 3] = np.repeat(np.frombuffer(letters.encode(), dtype=np.uint8), self.sizes)
                rows[:, 4] = self.bands
                rows[:, 5:] = big_endian(page_numbers(self.hashes, np.repeat(counts, self.sizes)), 3)
                each, which = np.unique(rows.view(">u8").ravel(), return_inverse=True)
                layers.append(which + len(names))
                names += part.keys.pages(part.generation, b"", each.view(np.uint8).reshape(-1, 8)[:, 3:])
        return names, np.array(layers, dtype=np.int64).reshape(len(layers), len(self.hashes))

    def neighbours(self, read: Pages, layers: Ints, most: int) -> tuple[Ints, Ints, Ints, bool]:
        """Of the paragraph bands: paragraph, number and bands shared, int64[n] each, at most ``most`` of a
        paragraph; and whether more were there."""
        entries = int(self.sizes[0])
        paragraphs = entries // self.width
        out = np.empty((3, paragraphs * most), dtype=np.int64)
        pages = np.ascontiguousarray(layers[:, :entries])
        found, full = find_neighbours(
            *read, pages, self.wanted[:entries], self.width, most, BUCKET_CAP, *out
        )
        return *out[:, :found], full

    def hits(self, read: Pages, layers: Ints, kind: str) -> tuple[Hits, bool]:
        """The hits of one kind: entry, counted within the kind, and number; ascending, each pair once. And
        whether a bucket was full."""
        first = int(self.sizes[: KINDS.index(kind)].sum())
        part = slice(first, first + int(self.sizes[KINDS.index(kind)]))
        entries, numbers, full = records(
            read, layers[:, part], self.wanted[part], self.widths[part], self.contexts[part]
        )
        packed = distinct(entries << 24 | numbers)
        return (packed >> 24, packed & NUMBER), full


def _distinct_marks(fingerprints: NDArray[np.uint64], contexts: NDArray[np.uint16]) -> Ints:
    """Where each fingerprint with its context stands first, in the order of the text."""
    order = np.lexsort((contexts, fingerprints))
    hashes, sides = fingerprints[order], contexts[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (hashes[1:] != hashes[:-1]) | (sides[1:] != sides[:-1])
    return np.sort(order[new])


def joined(pages: Sequence[bytes | None]) -> Pages:
    """The pages end to end, and where each begins."""
    parts = [page or b"" for page in pages]
    bounds = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=bounds[1:])
    return np.frombuffer(bytearray().join(parts), dtype=np.uint8), bounds


def records(
    read: Pages, layers: Ints, wanted: NDArray[np.uint64], widths: NDArray[np.uint8],
    contexts: NDArray[np.int32],
) -> tuple[Ints, Ints, bool]:
    """Entry and number of every record that is a hit, and whether a bucket was full; see `find_records`."""
    times, entries = layers.shape
    pages = layers.ravel()
    held = np.empty(len(pages), dtype=np.int64)
    room = int((read[1][pages + 1] - read[1][pages]).sum()) // 4 + 1
    index, number = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    asked = wanted, widths, contexts
    if times > 1:
        asked = np.tile(wanted, times), np.tile(widths, times), np.tile(contexts, times)
    count = find_records(*read, pages, *asked, index, number, held)
    return index[:count] % max(entries, 1), number[:count], bool(held.max(initial=0) >= BUCKET_CAP)


def distinct(values: Ints) -> Ints:
    """Each value once, ascending. numpy's own way hashes, and is ten times slower for millions."""
    values = np.sort(values)
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values
