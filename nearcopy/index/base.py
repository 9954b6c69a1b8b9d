"""Base pages: what a generation begins with, packed from arrays of postings.

A page is the concatenation of its records, in the order in which they came; `keys` has the layout of each
kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.keys import OWNER_BITS, PartitionKeys, page_numbers, page_suffixes
from nearcopy.index.packing import Bytes
from nearcopy.index.shape import BUCKET_CAP, Shape
from nearcopy.kernel import pack as kernels

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Keys = list[bytes]
Contents = list[bytes]

HASH_BYTES = {"p": 2, "d": 2, "f": 2, "x": 6, "o": 1}
"""Of a record, by kind of page: what tells the buckets of a page apart."""


@dataclass(frozen=True, slots=True)
class Postings:
    """All that one partition's documents leave in a generation; paragraphs are numbered from 1.

    - ``bands`` uint64[P, bands] and ``runs`` uint64[P] of every distinct paragraph
    - ``holders`` int64[H, 2]: paragraph and document, each pair once, by paragraph
    - ``document_bands`` uint64[D, bands], ``document_numbers`` int64[D]
    - ``fingerprints`` uint64[F], ``contexts`` uint16[F], ``fingerprint_numbers`` int64[F]: whose each is
    """

    bands: Hashes
    runs: Hashes
    holders: Ints
    document_bands: Hashes
    document_numbers: Ints
    fingerprints: Hashes
    contexts: NDArray[np.uint16]
    fingerprint_numbers: Ints

    def shape(self) -> Shape:
        """How many pages these postings are spread over."""
        return Shape.for_records(len(self.runs), len(self.document_numbers), len(self.fingerprints))


def base_pages(
    names: PartitionKeys, generation: bytes, postings: Postings, shape: Shape
) -> Iterator[tuple[Keys, Contents]]:
    """Keys and contents of every base page of a generation, band by band: paragraph and document bands,
    fingerprints, exact paragraphs, holders."""
    numbers = np.arange(1, len(postings.runs) + 1, dtype=np.int64)

    def net(kind: str, hashes: Hashes, owners: Ints, band: int = 0) -> tuple[Keys, Contents]:
        contexts = postings.contexts if kind == "f" else None
        packed = pack(kind, page_numbers(hashes, shape.base[kind]), hashes, owners, contexts)
        return named(names, generation, kind, band, packed)

    for band in range(postings.bands.shape[1]):
        yield net("p", np.ascontiguousarray(postings.bands[:, band]), numbers, band)
        bands = np.ascontiguousarray(postings.document_bands[:, band])
        yield net("d", bands, postings.document_numbers, band)
    yield net("f", postings.fingerprints, postings.fingerprint_numbers)
    yield net("x", postings.runs, numbers)
    yield named(names, generation, "o", 0, pack("o", *holder_records(postings.holders)))


@dataclass(frozen=True, slots=True)
class Packed:
    """The pages of one band: their numbers uint64[N], and ``blob`` uint8 with page i from ``bounds[i]`` on,
    ``bounds`` int64[N + 1]."""

    pages: NDArray[np.uint64]
    bounds: Ints
    blob: Bytes


def holder_records(holders: Ints) -> tuple[Hashes, Hashes, Ints]:
    """The page, the bucket and the document of each pair of paragraph and document, int64[N, 2]."""
    paragraphs = holders[:, 0].astype(np.uint64)
    return paragraphs >> np.uint64(OWNER_BITS), paragraphs & np.uint64((1 << OWNER_BITS) - 1), holders[:, 1]


def pack(
    kind: str, pages: Hashes, hashes: Hashes, owners: Ints, contexts: NDArray[np.uint16] | None = None
) -> Packed:
    """The pages of one band from all its records: the page, the bucket's hash and the owner of each, as
    `keys` describes those of that kind; only fingerprints have ``contexts``. Of one page they stay in their
    order; what a bucket holds beyond its cap is left out."""
    tails, tail_bytes = owners.astype(np.uint64), 3
    if contexts is not None:
        tails, tail_bytes = tails | contexts.astype(np.uint64) << np.uint64(24), 5
    head_bytes = HASH_BYTES[kind]
    first, last = (int(pages.min()), int(pages.max())) if len(pages) else (0, -1)
    bounds = np.empty(last - first + 2, dtype=np.int64)
    blob = np.empty(len(pages) * (head_bytes + tail_bytes), dtype=np.uint8)
    pages = pages - np.uint64(first)
    kernels.pack_records(pages, np.ascontiguousarray(hashes), tails, head_bytes, tail_bytes, bounds, blob)
    if kind != "x":  # an exact paragraph stands there once
        blob = blob[: kernels.cap_buckets(bounds, blob, head_bytes, head_bytes + tail_bytes, BUCKET_CAP)]
    there = np.flatnonzero(np.diff(bounds))
    return Packed((there + first).astype(np.uint64), np.append(bounds[there], len(blob)), blob)


def named(
    names: PartitionKeys, generation: bytes, kind: str, band: int, packed: Packed
) -> tuple[Keys, Contents]:
    """Keys and contents of the pages of one band in a generation."""
    bands = np.full(len(packed.pages), band, dtype=np.uint8)
    keys = names.pages(generation, kind.encode(), page_suffixes(bands, packed.pages))
    blob = packed.blob.tobytes()
    return keys, [blob[first:end] for first, end in itertools.pairwise(packed.bounds.tolist())]
