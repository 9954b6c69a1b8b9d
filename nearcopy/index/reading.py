"""Looking a submission up: one round trip for its buckets, one for the documents of the paragraphs found.

A third, `fetch`, brings the documents themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import pipeline, steady
from nearcopy.document import Document
from nearcopy.index import documents, keys
from nearcopy.index.keys import OWNER_BITS, big_endian, page_numbers, page_suffixes
from nearcopy.index.packing import band_numbers
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store
from nearcopy.kernel.pages import find_records
from nearcopy.lsh import Buckets

Ints = NDArray[np.int64]

PAGES_A_CALL = 5000
"""Keys of one MGET, about 64 paragraphs': Redis serves nobody else while it answers one."""

NEIGHBOURS = 64
"""Paragraphs followed of those that share bands with one of the submission's, the most alike first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a submission's buckets hold in one partition.

    - ``documents`` int64[D] and ``words`` float64[D]: candidates, and how many of the submission's words each
      may share, by the hits in all three nets; the most first
    - ``copies``: for each indexed paragraph of the submission the numbers of the documents that hold it
    - ``bounded``: a bucket was full
    """

    documents: Ints
    words: NDArray[np.float64]
    copies: list[Ints]
    bounded: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """Pages of one kind to look into: which query each belongs to, in which band, for which hash."""

    names: list[bytes]
    query: Ints
    band: Ints
    wanted: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Hits:
    query: Ints
    band: Ints
    number: Ints


def look_up(store: Store, buckets: Buckets, paragraph_words: Ints, total_words: int) -> list[Found]:
    """The candidates of the one submission that ``buckets`` is of, in every partition.

    ``paragraph_words`` int64[P]: the length of each indexed paragraph. Raises `StorageUnavailable`.
    """
    return store.each_partition(lambda number: _look_up(store, number, buckets, paragraph_words, total_words))


def fetch(store: Store, partition: int, numbers: Ints) -> list[Document | None]:
    """The documents of those numbers; None where one was removed."""
    part = store.partitions[partition]
    names = [part.keys.text(int(number)) for number in numbers]
    stored = steady(lambda: store.client.mget(names)) if names else []
    return [documents.unpacked(item)[0] if item is not None else None for item in stored]


def _look_up(store: Store, number: int, buckets: Buckets, paragraph_words: Ints, total_words: int) -> Found:
    while True:
        part = store.partitions[number]
        kinds = [_pages(part, kind, buckets) for kind in ("p", "x", "d", "f")]
        pages = _read(store, [[part.keys.pointer], *(kind.names for kind in kinds)])
        if pages[0][0] == part.generation:
            break
        store.refresh(number)
    paragraphs, exact, alike, verbatim = (
        _find(kind, page, 6 if index == 1 else 2)
        for index, (kind, page) in enumerate(zip(kinds, pages[1:], strict=True))
    )
    query, found, hits = _neighbours(paragraphs, exact, store.parameters.bands)
    owners = _owners(store, part, np.unique(np.concatenate([found, exact.number])))
    words = _Evidence(store, total_words)
    words.paragraphs(query, found, hits, owners, paragraph_words)
    words.alike(alike)
    words.verbatim(verbatim)
    copies = [
        _documents_of(owners, exact.number[exact.query == index]) for index in range(len(paragraph_words))
    ]
    full = any(_is_full(kind) for kind in (paragraphs, alike, verbatim)) or any(
        len(numbers) >= BUCKET_CAP for numbers in copies
    )
    return Found(*words.ranked(), copies, full)


def _pages(part: Partition, kind: str, buckets: Buckets) -> _Page:
    """The base and delta pages of one kind that the submission's hashes fall into."""
    hashes = {
        "p": buckets.bands, "x": buckets.runs[:, None],
        "d": buckets.document_bands, "f": buckets.fingerprints[:, None],
    }[kind]
    units, width = hashes.shape
    flat = hashes.ravel()
    bands, query = band_numbers(units, width), np.repeat(np.arange(units), width)
    names: list[bytes] = []
    letters = [(kind.encode(), part.shape.base[kind]), (kind.upper().encode(), part.shape.delta[kind])]
    used = [(letter, pages) for letter, pages in letters if pages]
    for letter, pages in used:
        names += part.keys.pages(part.generation, letter, page_suffixes(bands, page_numbers(flat, pages)))
    low = flat & np.uint64(0xFFFFFFFFFFFF if kind == "x" else 0xFFFF)
    times = len(used)
    return _Page(names, np.tile(query, times), np.tile(bands.astype(np.int64), times), np.tile(low, times))


def _read(store: Store, groups: Sequence[list[bytes]]) -> list[list[bytes | None]]:
    """The strings of all keys in one round trip, group by group."""
    names = [name for group in groups for name in group]
    if len(names) <= PAGES_A_CALL:
        values = steady(lambda: store.client.mget(names))
    else:
        def send() -> list[bytes | None]:
            batch = pipeline(store.client)
            for start in range(0, len(names), PAGES_A_CALL):
                batch.mget(names[start : start + PAGES_A_CALL])
            return [value for part in batch.execute() for value in part]

        values = steady(send)
    out, start = [], 0
    for group in groups:
        out.append(values[start : start + len(group)])
        start += len(group)
    return out


def _find(page: _Page, values: list[bytes | None], hash_bytes: int) -> _Hits:
    """The records of the wanted hashes, each number once per query and band."""
    index, number = _records(values, page.wanted, hash_bytes)
    packed = np.unique(page.query[index] << 32 | page.band[index] << 24 | number)
    return _Hits(packed >> 32, packed >> 24 & 0xFF, packed & 0xFFFFFF)


def _records(
    values: Sequence[bytes | None], wanted: NDArray[np.uint64], hash_bytes: int
) -> tuple[Ints, Ints]:
    """Page and number of every record with the hash wanted in its page."""
    parts = [value or b"" for value in values]
    bounds = np.zeros(len(parts) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)), out=bounds[1:])
    blob = np.frombuffer(bytearray(b"".join(parts)), dtype=np.uint8)
    room = blob.size // (hash_bytes + 3) + 1
    index, number = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    count = find_records(blob, bounds, np.ascontiguousarray(wanted), hash_bytes, index, number)
    return index[:count], number[:count]


def _neighbours(paragraphs: _Hits, exact: _Hits, bands: int) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Query, number and resemblance (estimated) of the paragraphs worth following, those equal among them.

    Of h of b bands shared the likeliest resemblance is ``(h / b) ** (1 / rows)``; here only h / b is needed.
    """
    pairs, hits = np.unique(paragraphs.query << 32 | paragraphs.number, return_counts=True)
    share = hits / bands
    share[np.isin(pairs, exact.query << 32 | exact.number)] = 1.0
    order = np.lexsort((-share, pairs >> 32))
    query = (pairs >> 32)[order]
    place = np.arange(len(order)) - np.searchsorted(query, query)
    kept = order[place < NEIGHBOURS]
    return (pairs >> 32)[kept], (pairs & 0xFFFFFF)[kept], share[kept]


def _owners(store: Store, part: Partition, numbers: Ints) -> tuple[Ints, Ints, Ints]:
    """The documents of paragraphs: ``numbers``, and as two arrays the index of each in them and a document."""
    if not len(numbers):
        return numbers, numbers, numbers
    suffixes = page_suffixes(np.zeros(len(numbers), np.uint8), (numbers >> OWNER_BITS).astype(np.uint64))
    letters = (b"o", b"O") if part.shape.base["p"] else (b"O",)
    names = [part.keys.pages(part.generation, letter, suffixes) for letter in letters]
    values = [value for group in _read(store, names) for value in group]
    low = (numbers & (1 << OWNER_BITS) - 1).astype(np.uint64)
    index, document = _records(values, np.tile(low, len(letters)), 1)
    packed = np.unique((index % len(numbers)) << 24 | document)
    return numbers, packed >> 24, packed & 0xFFFFFF


def _documents_of(owners: tuple[Ints, Ints, Ints], paragraphs: Ints) -> Ints:
    numbers, index, document = owners
    return np.unique(document[np.isin(index, np.searchsorted(numbers, paragraphs))])


def _is_full(hits: _Hits) -> bool:
    _, counts = np.unique(hits.query << 8 | hits.band, return_counts=True)
    return bool(counts.max(initial=0) >= BUCKET_CAP)


class _Evidence:
    """Adds up, for every candidate, how many of the submission's words it may share."""

    def __init__(self, store: Store, total_words: int) -> None:
        self.parameters = store.parameters
        self.total = total_words
        self.numbers: list[Ints] = []
        self.weights: list[NDArray[np.float64]] = []

    def paragraphs(
        self, query: Ints, found: Ints, share: NDArray[np.float64], owners: tuple[Ints, Ints, Ints], words: Ints
    ) -> None:
        """Each neighbour's documents may share as many words of the paragraph as its bands say."""
        numbers, index, document = owners
        if not len(found):
            return
        alike = share ** (1 / self.parameters.rows) * words[query]
        place = np.searchsorted(numbers, found)
        per_paragraph = np.zeros(len(numbers))
        np.add.at(per_paragraph, place, alike)
        self._add(document, per_paragraph[index])

    def alike(self, hits: _Hits) -> None:
        """Document bands: the share of all words that the resemblance makes likely."""
        numbers, counts = np.unique(hits.number, return_counts=True)
        self._add(numbers, (counts / self.parameters.bands) ** (1 / self.parameters.rows) * self.total)

    def verbatim(self, hits: _Hits) -> None:
        """Fingerprints: each stands for as many words as two of them lie apart, (window + 1) / 2."""
        numbers, counts = np.unique(hits.number, return_counts=True)
        self._add(numbers, counts * (self.parameters.window + 1) / 2)

    def _add(self, numbers: Ints, weights: NDArray[np.float64]) -> None:
        self.numbers.append(numbers)
        self.weights.append(weights)

    def ranked(self) -> tuple[Ints, NDArray[np.float64]]:
        """All candidates and their words, the most first, the earlier stored first among equals."""
        if not self.numbers:
            return np.empty(0, dtype=np.int64), np.empty(0)
        numbers, index = np.unique(np.concatenate(self.numbers), return_inverse=True)
        weights = np.bincount(index, np.concatenate(self.weights), minlength=len(numbers))
        order = np.lexsort((numbers, -weights))
        return numbers[order], weights[order]
