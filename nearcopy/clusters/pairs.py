"""Verified pairs of documents: the edges that clusters are made of.

A bucket of the nets only names candidates. A pair is one whose resemblance, or containment, was computed word
by word and passes the threshold. Its figures are those that a check of the shorter document (of two of one
length, the one with the lesser digest) reports of the other; one of fewer than `MIN_WORDS` words is compared
as `nearcopy compare` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Shares = NDArray[np.float64]

MIN_WORDS = 8
"""The least words of a passage, as in a check."""


@dataclass(frozen=True, slots=True)
class Members:
    """The documents of an archive by number, 0 to n - 1, in the order in which they stand there.

    ``digests`` uint8[n, 12]: of the ids, so that an order by them does not depend on the archive's.
    ``words`` int64[n]. ``credits``: the date of first publication that each text itself names, if any; empty
    where nobody looked.
    """

    ids: Sequence[str]
    publishers: Sequence[str | None]
    published_at: Sequence[str | None]
    titles: Sequence[str | None]
    words: Ints
    digests: NDArray[np.uint8]
    credits: Sequence[str | None] = ()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Verified pairs, one an entry of each array, sorted by (a, b); each pair once.

    - ``a``, ``b`` int64: numbers of documents, a < b
    - ``shared`` int64: words of the shorter document that lie in passages shared with the longer one
    - ``resemblance`` float64: Jaccard of the shingle sets of both whole texts
    - ``a_in_b`` float64: the share of a's words that lie in passages shared with b; ``b_in_a``: of b's
    """

    a: Ints
    b: Ints
    shared: Ints
    resemblance: Shares
    a_in_b: Shares
    b_in_a: Shares

    def __len__(self) -> int:
        """How many there are."""
        return len(self.a)

    def chosen(self, which: NDArray[np.bool_]) -> Pairs:
        """Those of a mask."""
        return Pairs(*(getattr(self, one.name)[which] for one in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Pairs]) -> Pairs:
        """Parts whose pairs follow each other in order."""
        return cls(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)))
