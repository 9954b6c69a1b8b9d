"""Archives of documents that are sets of lines: figures of pairs that can be computed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nearcopy.clusters.pairs import Ints, Members, Pairs
from nearcopy.index.keys import id_digests

LINE = 20
"""Words of a line."""


@dataclass(frozen=True)
class Made:
    """A document: the numbers of its lines, each of `LINE` words."""

    id: str
    lines: frozenset[int]
    date: str | None = None
    publisher: str | None = None


def made(id: str, lines: Sequence[int], date: str | None = None, publisher: str | None = None) -> Made:
    """A document of these lines."""
    return Made(id, frozenset(lines), date, publisher)


def members(documents: Sequence[Made]) -> Members:
    """The documents by number."""
    return Members(
        ids=[one.id for one in documents],
        publishers=[one.publisher for one in documents],
        published_at=[one.date for one in documents],
        titles=[None] * len(documents),
        words=np.array([len(one.lines) * LINE for one in documents], dtype=np.int64),
        digests=id_digests(one.id for one in documents),
    )


def figures(documents: Sequence[Made], keys: Ints) -> Pairs:
    """The figures of pairs by their keys, from sets of lines."""
    both = [(int(key) >> 32, int(key) & 0xFFFFFFFF) for key in keys]
    sets = [(documents[a].lines, documents[b].lines) for a, b in both]
    return Pairs(
        a=np.array([a for a, _ in both], dtype=np.int64),
        b=np.array([b for _, b in both], dtype=np.int64),
        shared=np.array([len(a & b) * LINE for a, b in sets], dtype=np.int64),
        resemblance=np.array([len(a & b) / len(a | b) for a, b in sets]),
        a_in_b=np.array([len(a & b) / len(a) for a, b in sets]),
        b_in_a=np.array([len(a & b) / len(b) for a, b in sets]),
    )


def pairs(documents: Sequence[Made], threshold: float = 0.5, containment: float = 0.8) -> Pairs:
    """All pairs that pass."""
    n = len(documents)
    keys = [a << 32 | b for a in range(n) for b in range(a + 1, n)]
    every = figures(documents, np.array(keys, dtype=np.int64))
    held = np.maximum(every.a_in_b, every.b_in_a) >= containment
    return every.chosen((every.resemblance >= threshold) | held)
