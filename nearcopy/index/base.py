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

    def net(kind: str, hashes: Hashes, owners: Ints, width: int = 2, band: int = 0) -> tuple[Keys, Contents]:
        pages = page_numbers(hashes, shape.base[kind])
        parts = [big_endian(hashes, width), _number_bytes(owners)]
        if kind == "f":
            parts.insert(1, big_endian(postings.contexts.astype(np.uint64), 2))
        return _packed(names, generation, kind.encode(), band, pages, np.concatenate(parts, axis=1), width)

    for band in range(postings.bands.shape[1]):
        yield net("p", np.ascontiguousarray(postings.bands[:, band]), numbers, band=band)
        yield net(
            "d", np.ascontiguousarray(postings.document_bands[:, band]), postings.document_numbers, band=band
        )
    yield net("f", postings.fingerprints, postings.fingerprint_numbers)
    yield net("x", postings.runs, numbers, 6)
    paragraphs, documents = postings.holders[:, 0], postings.holders[:, 1]
    low = (paragraphs & (1 << OWNER_BITS) - 1).astype(np.uint8)
    records = np.concatenate([low[:, None], _number_bytes(documents)], axis=1)
    yield _packed(names, generation, b"o", 0, (paragraphs >> OWNER_BITS).astype(np.uint64), records, 1)


def _number_bytes(numbers: Ints) -> Bytes:
    return big_endian(numbers.astype(np.uint64), 3)


def _packed(
    names: PartitionKeys, generation: bytes, letter: bytes, band: int, pages: NDArray[np.uint64],
    records: Bytes, hash_bytes: int,
) -> tuple[Keys, Contents]:
    """Keys and contents of the pages of one band; what a bucket holds beyond its cap is left out."""
    heads = np.zeros((len(records), 8), dtype=np.uint8)
    heads[:, 8 - hash_bytes :] = records[:, :hash_bytes]
    buckets = heads.view(">u8").ravel()
    order = np.lexsort((buckets, pages))
    order = order[_within_cap(pages[order], buckets[order])]
    pages = pages[order]
    blob, width = records[order].tobytes(), records.shape[1]
    starts = np.flatnonzero(np.diff(pages, prepend=np.uint64(2**63)))
    bounds = [*(starts * width).tolist(), len(blob)]
    bands = np.full(len(starts), band, dtype=np.uint8)
    keys = names.pages(generation, letter, page_suffixes(bands, pages[starts]))
    return keys, [blob[first:end] for first, end in itertools.pairwise(bounds)]


def _within_cap(pages: NDArray[np.uint64], heads: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Of sorted postings, which are among the first `BUCKET_CAP` of their bucket."""
    if not len(pages):
        return np.empty(0, dtype=np.bool_)
    new = np.ones(len(pages), dtype=np.bool_)
    new[1:] = (pages[1:] != pages[:-1]) | (heads[1:] != heads[:-1])
    starts = np.flatnonzero(new)
    place = np.arange(len(pages)) - np.repeat(starts, np.diff(starts, append=len(pages)))
    return np.asarray(place < BUCKET_CAP)
