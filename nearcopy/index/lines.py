"""Texts that stand before each other in one batch, in memory: looked up by the same nets as stored ones.

Each net is a few sorted runs of bucket hashes, every one more than twice as long as the next, which are
merged as in a log-structured merge-tree: 12 bytes a posting (14 a fingerprint), some 8 kB a text of 500
words. What is found is one more partition to a check, whose documents are the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.document import Document
from nearcopy.index import evidence
from nearcopy.index.evidence import Holders
from nearcopy.index.plan import KINDS, NUMBER, Hits, Ints, Plan, distinct
from nearcopy.index.reading import Asked, Found, Met, found
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.lsh import Buckets
from nearcopy.parameters import Parameters

MOST_CHARACTERS = 10_000_000
MOST_POSTINGS = 4_000_000
"""What the lines of one batch may hold: together at most some 100 MB, and 3,000 texts of 500 words."""


@dataclass(frozen=True, slots=True)
class Run:
    """Postings in the order of their hashes: ``hashes`` uint64[N], ``numbers`` uint32[N], ``contexts``
    uint16[N]."""

    hashes: NDArray[np.uint64]
    numbers: NDArray[np.uint32]
    contexts: NDArray[np.uint16]

    @classmethod
    def of(cls, *parts: Run) -> Run:
        """Several as one."""
        hashes = np.concatenate([part.hashes for part in parts])
        order = np.argsort(hashes, kind="stable")
        numbers = np.concatenate([part.numbers for part in parts])
        contexts = np.concatenate([part.contexts for part in parts])
        return cls(hashes[order], numbers[order], contexts[order])


class Lines:
    """The lines of a batch so far. Not safe to share between threads."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self._documents: list[Document] = []
        self._numbers: dict[str, int] = {}
        self._owners = np.zeros(1, dtype=np.int64)
        self._firsts = [1]
        self._nets: dict[str, list[Run]] = {kind: [] for kind in KINDS}
        self._characters = self._postings = 0

    @property
    def full(self) -> bool:
        """Whether no more lines should be kept."""
        return self._characters >= MOST_CHARACTERS or self._postings >= MOST_POSTINGS

    def document(self, number: int) -> Document:
        """The line that was kept under that number."""
        return self._documents[number - 1]

    def add(self, documents: Sequence[Document], buckets: Sequence[Buckets]) -> list[int]:
        """Keep more lines, each signed by itself; the numbers that they are kept under, from 1. One whose id
        is known is kept already: a group may be tried again."""
        parts: dict[str, list[Run]] = {kind: [] for kind in KINDS}
        owners = [self._owners]
        for document, one in zip(documents, buckets, strict=True):
            if document.id in self._numbers:
                continue
            self._documents.append(document)
            number = self._numbers[document.id] = len(self._documents)
            first, count = self._firsts[-1], len(one.paragraphs)
            paragraphs = np.arange(first, first + count)
            self._firsts.append(first + count)
            owners.append(np.full(count, number))
            parts["p"].append(_run(one.bands.ravel(), np.repeat(paragraphs, one.bands.shape[1])))
            parts["x"].append(_run(one.runs, paragraphs))
            parts["d"].append(_run(one.document_bands.ravel(), number))
            parts["f"].append(_run(one.fingerprints, number, one.contexts))
            self._characters += len(document.text)
        self._owners = np.concatenate(owners)
        for kind, runs in parts.items():
            if runs:
                self._keep(self._nets[kind], Run.of(*runs))
        return [self._numbers[document.id] for document in documents]

    def _keep(self, net: list[Run], run: Run) -> None:
        self._postings += len(run.hashes)
        while net and len(net[-1].hashes) <= 2 * len(run.hashes):
            run = Run.of(net.pop(), run)
        net.append(run)

    def found(self, number: int, asked: Asked, generation: bytes) -> Found:
        """What the lines before ``number`` have in common with that line."""
        plan = asked.plan(self.parameters)
        (entries, near), full = self._hits(plan, "p", self._firsts[number - 1])
        pairs, bands = np.unique(entries // plan.width << 24 | near, return_counts=True)
        best, crowded = _most_alike(pairs, bands)
        exact, many = self._hits(plan, "x", self._firsts[number - 1])
        whole, _ = self._hits(plan, "d", number)
        verbatim, common = self._hits(plan, "f", number)
        alike = (pairs[best] >> 24, pairs[best] & NUMBER, bands[best])
        neighbours = evidence.neighbours(alike, exact, self.parameters.bands)
        held = distinct(neighbours.number)
        holders = Holders(held, self._owners[held], np.arange(len(held) + 1))
        met = Met(neighbours, exact, whole[1], verbatim, full or crowded or many or common)
        return found(generation, self.parameters, asked, plan, met, holders)

    def _hits(self, plan: Plan, kind: str, below: int) -> tuple[Hits, bool]:
        """Entry, counted within the kind, and number of the postings before a number, as `Plan.hits` has
        them; and whether a bucket held more than are followed."""
        first = int(plan.sizes[: KINDS.index(kind)].sum())
        part = slice(first, first + int(plan.sizes[KINDS.index(kind)]))
        hashes, contexts = plan.hashes[part], plan.contexts[part]
        packed, full = [np.empty(0, dtype=np.int64)], False
        for run in self._nets[kind]:
            left = np.searchsorted(run.hashes, hashes)
            counts = np.searchsorted(run.hashes, hashes, side="right") - left
            full = full or bool(counts.max(initial=0) > BUCKET_CAP)
            counts = np.minimum(counts, BUCKET_CAP)
            entries = np.repeat(np.arange(len(hashes)), counts)
            places = np.arange(len(entries)) + np.repeat(left - np.cumsum(counts) + counts, counts)
            numbers = run.numbers[places].astype(np.int64)
            good = numbers < below
            if kind == "f":
                good &= _beside(contexts[entries], run.contexts[places])
            packed.append((entries << 24 | numbers)[good])
        every = distinct(np.concatenate(packed))
        return (every >> 24, every & NUMBER), full


def _run(
    hashes: NDArray[np.uint64], numbers: Ints | int, contexts: NDArray[np.uint16] | None = None
) -> Run:
    if contexts is None:
        contexts = np.zeros(len(hashes), dtype=np.uint16)
    return Run(hashes, np.broadcast_to(numbers, hashes.shape).astype(np.uint32), contexts)


def _beside(mine: NDArray[np.int32], stored: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Whether the words before, or those after, are the same."""
    differ = mine ^ stored
    return np.asarray((differ & 0xFF == 0) | (differ & 0xFF00 == 0))


def _most_alike(pairs: Ints, bands: Ints) -> tuple[Ints, bool]:
    """Which pairs of paragraphs to follow: of each of the submission's the most alike, and whether there were
    more."""
    query = pairs >> 24
    order = np.lexsort((-bands, query))
    place = np.arange(len(order)) - np.searchsorted(query[order], query[order])
    kept = place < evidence.NEIGHBOURS
    return np.sort(order[kept]), not bool(kept.all())
