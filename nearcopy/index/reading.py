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
from nearcopy.index import documents
from nearcopy.index.keys import OWNER_BITS, page_suffixes
from nearcopy.index.plan import NUMBER, Ints, Plan, records
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store
from nearcopy.lsh import Buckets
from nearcopy.parameters import Parameters

Floats = NDArray[np.float64]

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
    words: Floats
    copies: list[Ints]
    bounded: bool


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Indexed paragraphs worth following: the ``share`` of its bands that ``number`` has in common with
    paragraph ``query`` of the submission, 1 where they are equal."""

    query: Ints
    number: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class _Holders:
    """Who holds paragraphs: the documents of ``numbers[k]`` (ascending) are
    ``documents[bounds[k]:bounds[k + 1]]``."""

    numbers: Ints
    documents: Ints
    bounds: Ints

    def of(self, paragraphs: Ints) -> Ints:
        """The documents that hold any of these paragraphs, ascending."""
        places = np.searchsorted(self.numbers, paragraphs)
        parts = [self.documents[self.bounds[place] : self.bounds[place + 1]] for place in places]
        return parts[0] if len(parts) == 1 else np.unique(np.concatenate([self.documents[:0], *parts]))


def look_up(store: Store, buckets: Buckets, paragraph_words: Ints, total_words: int) -> list[Found]:
    """The candidates of the one submission that ``buckets`` is of, in every partition.

    ``paragraph_words`` int64[P]: the length of each indexed paragraph. Raises `StorageUnavailable`.
    """
    plan = Plan.of(buckets)
    return store.each_partition(lambda number: _look_up(store, number, plan, paragraph_words, total_words))


def fetch(store: Store, partition: int, numbers: Ints) -> list[Document | None]:
    """The documents of those numbers; None where one was removed."""
    part = store.partitions[partition]
    names = [part.keys.text(number) for number in numbers.tolist()]
    stored = steady(lambda: store.client.mget(names)) if names else []
    return [documents.unpacked(item)[0] if item is not None else None for item in stored]


def _look_up(store: Store, number: int, plan: Plan, paragraph_words: Ints, total_words: int) -> Found:
    pages: list[bytes | None] = []
    while True:
        part = store.partitions[number]
        generation, *pages = _read(store, [part.keys.pointer, *plan.names(part)])
        if generation == part.generation:
            break
        store.refresh(number)
    parameters = store.parameters
    alike, exact, documents_alike, verbatim = plan.hits(pages)
    neighbours = _neighbours(alike, exact, parameters.bands)
    holders = _holders(store, part, np.unique(neighbours.number))
    weights = [
        _by_paragraphs(neighbours, holders, paragraph_words, parameters),
        _by_likeness(documents_alike[1], total_words, parameters),
        (verbatim[1], np.full(len(verbatim[1]), (parameters.window + 1) / 2)),
    ]
    bounds = np.searchsorted(exact[0], np.arange(len(paragraph_words) + 1)).tolist()
    copies = [holders.of(exact[1][bounds[p] : bounds[p + 1]]) for p in range(len(paragraph_words))]
    full = any(_is_full(entries) for entries, _ in (alike, documents_alike, verbatim))
    return Found(*_ranked(weights), copies, full or any(len(held) >= BUCKET_CAP for held in copies))


def _read(store: Store, names: Sequence[bytes]) -> list[bytes | None]:
    """The strings of all keys in one round trip."""
    if len(names) <= PAGES_A_CALL:
        return list(steady(lambda: store.client.mget(names)))

    def send() -> list[bytes | None]:
        batch = pipeline(store.client)
        for start in range(0, len(names), PAGES_A_CALL):
            batch.mget(names[start : start + PAGES_A_CALL])
        return [value for part in batch.execute() for value in part]

    return steady(send)


def _neighbours(alike: tuple[Ints, Ints], exact: tuple[Ints, Ints], bands: int) -> _Neighbours:
    """Paragraphs that share bands with one of the submission's, at most `NEIGHBOURS` of each, or equal it.

    Of h of b bands shared the likeliest resemblance is ``(h / b) ** (1 / rows)``; here only h / b is needed.
    """
    equal = exact[0] << 24 | exact[1]
    pairs, hits = np.unique(np.concatenate([alike[0] // bands << 24 | alike[1], equal]), return_counts=True)
    share = hits / bands
    share[np.searchsorted(pairs, equal)] = 1.0
    if len(pairs) > NEIGHBOURS:
        order = np.lexsort((-share, pairs >> 24))
        query = pairs[order] >> 24
        kept = order[np.arange(len(order)) - np.searchsorted(query, query) < NEIGHBOURS]
        pairs, share = pairs[kept], share[kept]
    return _Neighbours(pairs >> 24, pairs & NUMBER, share)


def _holders(store: Store, part: Partition, numbers: Ints) -> _Holders:
    """The documents of paragraphs; ``numbers`` ascend. One round trip, none where there is nothing to ask."""
    if not len(numbers):
        return _Holders(numbers, numbers, np.zeros(1, dtype=np.int64))
    suffixes = page_suffixes(np.zeros(len(numbers), np.uint8), (numbers >> OWNER_BITS).astype(np.uint64))
    letters = (b"o", b"O") if part.shape.base["p"] else (b"O",)
    names = [name for letter in letters for name in part.keys.pages(part.generation, letter, suffixes)]
    low = np.tile((numbers & (1 << OWNER_BITS) - 1).astype(np.uint64), len(letters))
    index, document = records(_read(store, names), low, np.ones(len(low), dtype=np.uint8))
    packed = np.unique(index % len(numbers) << 24 | document)
    bounds = np.searchsorted(packed, np.arange(len(numbers) + 1) << 24)
    return _Holders(numbers, packed & NUMBER, bounds)


def _by_paragraphs(
    neighbours: _Neighbours, holders: _Holders, words: Ints, parameters: Parameters
) -> tuple[Ints, Floats]:
    """Each neighbour's documents may share as many words of the paragraph as its bands say."""
    alike = neighbours.share ** (1 / parameters.rows) * words[neighbours.query]
    place = np.searchsorted(holders.numbers, neighbours.number)
    a_paragraph = np.bincount(place, alike, minlength=len(holders.numbers))
    return holders.documents, np.repeat(a_paragraph, np.diff(holders.bounds))


def _by_likeness(numbers: Ints, total_words: int, parameters: Parameters) -> tuple[Ints, Floats]:
    """Document bands: the share of all words that the resemblance makes likely."""
    distinct, hits = np.unique(numbers, return_counts=True)
    return distinct, (hits / parameters.bands) ** (1 / parameters.rows) * total_words


def _ranked(weights: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    """All candidates and their words, the most first, the earlier stored first among equals."""
    numbers, index = np.unique(np.concatenate([numbers for numbers, _ in weights]), return_inverse=True)
    parts = np.concatenate([part for _, part in weights])
    words = np.bincount(index, parts, minlength=len(numbers)).astype(np.float64)
    order = np.argsort(-words, kind="stable")
    return numbers[order], words[order]


def _is_full(entries: Ints) -> bool:
    return bool(len(entries) and np.bincount(entries).max() >= BUCKET_CAP)
