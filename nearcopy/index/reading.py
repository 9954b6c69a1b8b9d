"""Looking submissions up: one round trip for the buckets of all of them, one for the documents of the
paragraphs found.

A third, `fetch`, brings the documents themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nearcopy.connection import steady, strings
from nearcopy.document import Document
from nearcopy.index import documents, evidence
from nearcopy.index.evidence import Holders
from nearcopy.index.keys import OWNER_BITS, page_suffixes
from nearcopy.index.plan import NO_CONTEXT, NUMBER, Hits, Ints, Pages, Plan, distinct, joined, records
from nearcopy.index.store import Partition, Store
from nearcopy.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Asked:
    """A submission to look up.

    - ``plan``: its plan with some parameters; a generation with others may just be published, partition by
      partition
    - ``paragraph_words`` int64[P]: the length of each indexed paragraph; ``words``: that of the whole
    """

    plan: Callable[[Parameters], Plan]
    paragraph_words: Ints
    words: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a submission's buckets hold in one partition.

    - ``generation``: the one that was looked into, whose numbers these are, and its ``parameters``
    - ``candidates``: the documents, and what speaks for each
    - ``copies``: for each indexed paragraph of the submission the numbers of the documents that hold it
    - ``bounded``: a bucket was full
    """

    generation: bytes
    parameters: Parameters
    candidates: evidence.Candidates
    copies: list[Ints]
    bounded: bool

    @classmethod
    def nothing(cls, part: Partition, paragraphs: int) -> Found:
        """Of a partition that is not asked, by a submission of so many indexed paragraphs."""
        none = np.empty(0, dtype=np.int64)
        candidates = evidence.Candidates(none, none.astype(np.float64), none)
        return cls(part.generation, part.parameters, candidates, [none] * paragraphs, False)


def look_up(store: Store, asked: Sequence[Asked]) -> list[list[Found]]:
    """The candidates of every submission, in every partition. Raises `StorageUnavailable`."""
    parts = store.each_partition(lambda number: _look_up(store, number, asked))
    return [list(found) for found in zip(*parts, strict=True)]


def fetch(store: Store, partition: int, generation: bytes, numbers: Sequence[int]) -> list[Document | None]:
    """The documents of those numbers (their lower 3 bytes) in a generation; None where one was removed."""
    part = store.partitions[partition]
    names = [part.keys.text(generation, number & NUMBER) for number in numbers]
    stored = steady(lambda: strings(store.client, names)) if names else []
    return [documents.unpacked(item)[0] if item is not None else None for item in stored]


@dataclass(frozen=True, slots=True)
class Met:
    """What a submission met in the nets."""

    neighbours: evidence.Neighbours
    exact: Hits
    whole: Ints
    verbatim: Hits
    bounded: bool


def _look_up(store: Store, number: int, asked: Sequence[Asked]) -> list[Found]:
    while True:
        part = store.partitions[number]
        plans = [one.plan(part.parameters) for one in asked]
        pages = [plan.pages(part, part.written) for plan in plans]
        names = [name for some, _ in pages for name in some]
        generation, written, *values = _read(
            store, [part.keys.pointer, part.keys.written(part.generation), *names]
        )
        seen = generation == part.generation or not part.live
        if seen and part.written >= (written is not None):
            break
        store.refresh(number)
    hits, place = [], 0
    for plan, (some, layers) in zip(plans, pages, strict=True):
        hits.append(_hits(plan, joined(values[place : place + len(some)]), layers, part.parameters.bands))
        place += len(some)
    holders = _holders(store, part, [distinct(hit.neighbours.number) for hit in hits])
    return [
        found(part.generation, part.parameters, one, plan, met, held, bounded=more)
        for one, plan, met, (held, more) in zip(asked, plans, hits, holders, strict=True)
    ]


def _hits(plan: Plan, read: Pages, layers: Ints, bands: int) -> Met:
    *alike, crowded = plan.neighbours(read, layers, evidence.NEIGHBOURS)
    (exact, _), (whole, full), (verbatim, full_too) = (plan.hits(read, layers, kind) for kind in "xdf")
    neighbours = evidence.neighbours((alike[0], alike[1], alike[2]), exact, bands)
    return Met(neighbours, exact, whole[1], verbatim, crowded or full or full_too)


def found(
    generation: bytes, parameters: Parameters, one: Asked, plan: Plan, hits: Met, holders: Holders,
    *, bounded: bool = False,
) -> Found:
    """The candidates that the hits of one submission make, and who holds its paragraphs."""
    words = np.zeros(int(plan.paragraphs.max(initial=-1)) + 1, dtype=np.int64)
    words[plan.paragraphs] = one.paragraph_words
    candidates = evidence.weigh(
        hits.neighbours, holders, hits.whole, hits.verbatim, words, one.words, parameters
    )
    bounds = np.searchsorted(hits.exact[0], np.arange(len(words) + 1)).tolist()
    copies = [holders.of(hits.exact[1][bounds[p] : bounds[p + 1]]) for p in range(len(words))]
    copies = [copies[p] for p in plan.paragraphs.tolist()]
    return Found(generation, parameters, candidates, copies, hits.bounded or bounded)


def _read(store: Store, names: Sequence[bytes]) -> list[bytes | None]:
    """The strings of all keys in one round trip."""
    return steady(lambda: strings(store.client, names))


def _holders(store: Store, part: Partition, asked: Sequence[Ints]) -> list[tuple[Holders, bool]]:
    """The documents of some paragraphs (whose numbers ascend) for each that asks, and whether one has more
    than are listed. One round trip, none where there is nothing to ask."""
    letters = [b"o"] * bool(part.shape.base["p"]) + [b"O"] * part.written
    names: list[bytes] = []
    layers = []
    for numbers in asked:
        pages, which = np.unique(numbers >> OWNER_BITS, return_inverse=True)
        suffixes = page_suffixes(np.zeros(len(pages), np.uint8), pages.astype(np.uint64))
        layers.append(len(names) + which + len(pages) * np.arange(len(letters))[:, None])
        names += [name for letter in letters for name in part.keys.pages(part.generation, letter, suffixes)]
    read = joined(_read(store, names)) if names else joined([])
    return [_held(read, each, numbers) for each, numbers in zip(layers, asked, strict=True)]


def _held(read: Pages, layers: Ints, numbers: Ints) -> tuple[Holders, bool]:
    low = (numbers & (1 << OWNER_BITS) - 1).astype(np.uint64)
    widths, contexts = np.ones(len(low), dtype=np.uint8), np.full(len(low), NO_CONTEXT, dtype=np.int32)
    index, document, full = records(read, layers, low, widths, contexts)
    packed = distinct(index << 24 | document)
    bounds = np.searchsorted(packed, np.arange(len(numbers) + 1) << 24)
    return Holders(numbers, packed & NUMBER, bounds), full
