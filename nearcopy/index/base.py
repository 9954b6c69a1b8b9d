"""Base pages: what a generation begins with, packed from arrays of postings that are sorted only here.

A page is the concatenation of its records in the order of their numbers; `keys` has the layout of each kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.keys import OWNER_BITS, PartitionKeys, big_endian, page_numbers, page_suffixes
from nearcopy.index.packing import Bytes
from nearcopy.index.shape import BUCKET_CAP, Shape

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
        packed = pack(
            kind, page_numbers(hashes, shape.base[kind]), records_of(kind, hashes, owners, postings.contexts)
        )
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


def records_of(
    kind: str, hashes: Hashes, owners: Ints, contexts: NDArray[np.uint16] | None = None
) -> Bytes:
    """The records of one band, uint8[N, width], as `keys` describes those of that kind ("p", "d", "f", "x");
    only fingerprints have ``contexts``."""
    parts = [big_endian(hashes, HASH_BYTES[kind]), _number_bytes(owners)]
    if kind == "f" and contexts is not None:
        parts.insert(1, big_endian(contexts.astype(np.uint64), 2))
    return np.concatenate(parts, axis=1)


def holder_records(holders: Ints) -> tuple[NDArray[np.uint64], Bytes]:
    """The page of each pair of paragraph and document, int64[N, 2], and its record."""
    paragraphs = holders[:, 0]
    low = (paragraphs & (1 << OWNER_BITS) - 1).astype(np.uint8)
    records = np.concatenate([low[:, None], _number_bytes(holders[:, 1])], axis=1)
    return (paragraphs >> OWNER_BITS).astype(np.uint64), records


def pack(kind: str, pages: NDArray[np.uint64], records: Bytes) -> Packed:
    """The pages of one band from its records, uint8[N, width], and the page of each; what a bucket holds
    beyond its cap is left out."""
    heads = np.zeros((len(records), 8), dtype=np.uint8)
    heads[:, 8 - HASH_BYTES[kind] :] = records[:, : HASH_BYTES[kind]]
    buckets = heads.view(">u8").ravel()
    order = np.lexsort((buckets, pages))
    order = order[_within_cap(pages[order], buckets[order])]
    pages = pages[order]
    starts = np.flatnonzero(np.diff(pages, prepend=np.uint64(2**63)))
    bounds = np.append(starts, len(pages)).astype(np.int64) * records.shape[1]
    return Packed(pages[starts], bounds, records[order].ravel())


def named(
    names: PartitionKeys, generation: bytes, kind: str, band: int, packed: Packed
) -> tuple[Keys, Contents]:
    """Keys and contents of the pages of one band in a generation."""
    bands = np.full(len(packed.pages), band, dtype=np.uint8)
    keys = names.pages(generation, kind.encode(), page_suffixes(bands, packed.pages))
    blob = packed.blob.tobytes()
    return keys, [blob[first:end] for first, end in itertools.pairwise(packed.bounds.tolist())]


def _number_bytes(numbers: Ints) -> Bytes:
    return big_endian(numbers.astype(np.uint64), 3)


def _within_cap(pages: NDArray[np.uint64], heads: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Of sorted postings, which are among the first `BUCKET_CAP` of their bucket."""
    if not len(pages):
        return np.empty(0, dtype=np.bool_)
    new = np.ones(len(pages), dtype=np.bool_)
    new[1:] = (pages[1:] != pages[:-1]) | (heads[1:] != heads[:-1])
    starts = np.flatnonzero(new)
    place = np.arange(len(pages)) - np.repeat(starts, np.diff(starts, append=len(pages)))
    return np.asarray(place < BUCKET_CAP)
