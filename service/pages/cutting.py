"""A text cut where passages and quotations begin and end, so that each piece is one element of the page.

Whatever is shown or ignored later, no piece is ever cut again: the page only says of each what it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from nearcopy.text.scanning import Scanned

Ints = NDArray[np.int64]
Span = tuple[int, int]

QUOTATIONS = re.compile(
    "“[^“”]*”|„[^„“”]*[“”]|”[^”]*”|«[^«»]*»|»[^«»]*«|‹[^‹›]*›|\"[^\"]*\"|「[^「」]*」|『[^『』]*』|＂[^＂]*＂"
)
"""What stands between quotation marks, in one paragraph. Single ones are apostrophes too often."""

MOST_QUOTATIONS = 20_000
"""Those of a text that are told apart; nobody quotes more."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of a text that lie in a passage or a quotation, in order; what is between them is plain.

    - ``pieces`` int64[n, 4]: start and end (code points), paragraph, words
    - ``quoted`` bool[n]: whether it stands between quotation marks
    - ``passages`` int64[m, 2]: first and end piece of each passage
    """

    pieces: Ints
    quoted: NDArray[np.bool_]
    passages: Ints


def cut(text: str, scanned: Scanned, passages: Sequence[Span], quotations: bool = True) -> Cut:
    """Cut a text, scanned alone, at its passages (spans in code points), and at its quotations."""
    paragraphs = scanned.spans[:, :2].astype(np.int64)
    quotes = _spans(_quotations(text, paragraphs) if quotations else [])
    marked = _spans(passages)
    bounds = np.unique(np.concatenate([paragraphs.ravel(), marked.ravel(), quotes.ravel()]))
    starts, ends = bounds[:-1], bounds[1:]
    paragraph = np.searchsorted(paragraphs[:, 0], starts, side="right") - 1
    inside = (paragraph >= 0) & (starts < paragraphs[np.maximum(paragraph, 0), 1])
    quoted = _covered(starts, quotes)
    kept = inside & (quoted | _covered(starts, marked))
    starts, ends, paragraph, quoted = (one[kept] for one in (starts, ends, paragraph, quoted))
    words = np.searchsorted(scanned.starts, ends) - np.searchsorted(scanned.starts, starts)
    # A full stop behind a passage stays with it, whatever goes on there
    more = np.zeros(len(starts), dtype=np.bool_)
    more[1:] = (words == 0)[1:] & (starts[1:] == ends[:-1]) & (np.diff(paragraph) == 0)
    heads = np.flatnonzero(~more)
    ends = np.maximum.reduceat(ends, heads) if len(heads) else ends
    starts, paragraph, quoted, words = (one[heads] for one in (starts, paragraph, quoted, words))
    return Cut(
        np.stack([starts, ends, paragraph, words], axis=1),
        quoted,
        np.stack([np.searchsorted(starts, marked[:, 0]), np.searchsorted(starts, marked[:, 1])], axis=1),
    )


def _spans(spans: Sequence[Span]) -> Ints:
    return np.array(spans, dtype=np.int64).reshape(-1, 2)


def _quotations(text: str, paragraphs: Ints) -> list[Span]:
    found = (QUOTATIONS.finditer(text, start, end) for start, end in paragraphs.tolist())
    return [one.span() for one in islice(chain.from_iterable(found), MOST_QUOTATIONS)]


def _covered(starts: Ints, spans: Ints) -> NDArray[np.bool_]:
    """Whether each place lies in a span; places are cut at all of them."""
    change = np.zeros(len(starts) + 1, dtype=np.int64)
    np.add.at(change, np.searchsorted(starts, spans[:, 0]), 1)
    np.add.at(change, np.searchsorted(starts, spans[:, 1]), -1)
    return np.cumsum(change)[: len(starts)] > 0
