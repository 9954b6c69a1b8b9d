"""Looking a submission up: one round trip for its buckets, one for the documents of the paragraphs found.

A third, `fetch`, brings the documents themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nearcopy.connection import pipeline, steady, strings
from nearcopy.document import Document
from nearcopy.index import documents, evidence
from nearcopy.index.evidence import Holders
from nearcopy.index.keys import OWNER_BITS, page_suffixes
from nearcopy.index.plan import NO_CONTEXT, NUMBER, Ints, Plan, distinct, joined, records
from nearcopy.index.store import Partition, Store
from nearcopy.parameters import Parameters

PAGES_A_CALL = 5000
"""Keys of one MGET, about 64 paragraphs': Redis serves nobody else while it answers one."""


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


def look_up(
    store: Store, plan: Callable[[Parameters], Plan], paragraph_words: Ints, total_words: int
) -> list[Found]:
    """The candidates of one submission, in every partition.

    ``plan``: that of the submission with some parameters; a generation with others may just be published,
    partition by partition. ``paragraph_words`` int64[P]: the length of each indexed paragraph. Raises
    `StorageUnavailable`.
    """
    return store.each_partition(lambda number: _look_up(store, number, plan, paragraph_words, total_words))


def fetch(store: Store, partition: int, generation: bytes, numbers: Sequence[int]) -> list[Document | None]:
    """The documents of those numbers (their lower 3 bytes) in a generation; None where one was removed."""
    part = store.partitions[partition]
    names = [part.keys.text(generation, number & NUMBER) for number in numbers]
    stored = steady(lambda: strings(store.client, names)) if names else []
    return [documents.unpacked(item)[0] if item is not None else None for item in stored]


def _look_up(
    store: Store, number: int, plans: Callable[[Parameters], Plan], paragraph_words: Ints, total_words: int
) -> Found:
    while True:
        part = store.partitions[number]
        plan = plans(part.parameters)
        names, layers = plan.pages(part, part.written)
        generation, written, *pages = _read(
            store, [part.keys.pointer, part.keys.written(part.generation), *names]
        )
        seen = generation == part.generation or not part.live
        if seen and part.written >= (written is not None):
            break
        store.refresh(number)
    read = joined(pages)
    *alike, crowded = plan.neighbours(read, layers, evidence.NEIGHBOURS)
    (exact, _), (whole, full), (verbatim, full_too) = (plan.hits(read, layers, kind) for kind in "xdf")
    neighbours = evidence.neighbours((alike[0], alike[1], alike[2]), exact, part.parameters.bands)
    holders, more = _holders(store, part, distinct(neighbours.number))
    words = np.zeros(int(plan.paragraphs.max(initial=-1)) + 1, dtype=np.int64)
    words[plan.paragraphs] = paragraph_words
    candidates = evidence.weigh(
        neighbours, holders, whole[1], verbatim, words, total_words, part.parameters
    )
    bounds = np.searchsorted(exact[0], np.arange(len(words) + 1)).tolist()
    held = [holders.of(exact[1][bounds[p] : bounds[p + 1]]) for p in range(len(words))]
    copies = [held[p] for p in plan.paragraphs.tolist()]
    bounded = crowded or full or full_too or more
    return Found(part.generation, part.parameters, candidates, copies, bounded)


def _read(store: Store, names: Sequence[bytes]) -> list[bytes | None]:
    """The strings of all keys in one round trip."""
    if len(names) <= PAGES_A_CALL:
        return steady(lambda: strings(store.client, names))

    def send() -> list[bytes | None]:
        batch = pipeline(store.client)
        for start in range(0, len(names), PAGES_A_CALL):
            # Not `mget`, which the driver blocks in a cluster's pipeline, though it can send it.
            batch.execute_command("MGET", *names[start : start + PAGES_A_CALL])
        return [value for part in batch.execute() for value in part]

    return steady(send)


def _holders(store: Store, part: Partition, numbers: Ints) -> tuple[Holders, bool]:
    """The documents of paragraphs (``numbers`` ascend), and whether one has more than are listed. One round
    trip, none where there is nothing to ask."""
    if not len(numbers):
        return Holders(numbers, numbers, np.zeros(1, dtype=np.int64)), False
    pages, which = np.unique(numbers >> OWNER_BITS, return_inverse=True)
    suffixes = page_suffixes(np.zeros(len(pages), np.uint8), pages.astype(np.uint64))
    letters = [b"o"] * bool(part.shape.base["p"]) + [b"O"] * part.written
    names = [name for letter in letters for name in part.keys.pages(part.generation, letter, suffixes)]
    layers = which + len(pages) * np.arange(len(letters))[:, None]
    low = (numbers & (1 << OWNER_BITS) - 1).astype(np.uint64)
    widths, contexts = np.ones(len(low), dtype=np.uint8), np.full(len(low), NO_CONTEXT, dtype=np.int32)
    index, document, full = records(joined(_read(store, names)), layers, low, widths, contexts)
    packed = distinct(index << 24 | document)
    bounds = np.searchsorted(packed, np.arange(len(numbers) + 1) << 24)
    return Holders(numbers, packed & NUMBER, bounds), full
