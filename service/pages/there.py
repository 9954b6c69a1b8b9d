"""The texts of sources, as they stand beside the submission: their passages, and in these what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearcopy.align import Mask, differences
from nearcopy.document import Document
from nearcopy.text.scanning import Scanned, scan_texts
from service.pages.cutting import Cut, Ints, Span, cut

MOST_PARAGRAPHS = 5000
"""A text of more is shown only where there are passages in it."""

AROUND = 300
"""Code points that are shown before and after a passage, of a text too long to be shown whole."""

Passages = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a source's text: in ``passage`` (its place in the source's list, or None), ``differs`` where
    the submission has nothing equal, ``starts`` where the passage begins; ``left_out`` code points that are
    not shown instead."""

    text: str
    passage: int | None = None
    differs: bool = False
    starts: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class There:
    """The text of a source. ``paragraphs``: each in parts. ``differs``: by passage the words of the
    submission that the source does not have, as spans of code points of the submission."""

    paragraphs: list[list[Part]] = field(default_factory=list)
    differs: list[list[Span]] = field(default_factory=list)


def there(document: Document, passages: Passages, here: Scanned, whole: bool) -> There | None:
    """The text of a source beside a submission (``here``), all of it or around its passages; None where it is
    not the text any more in which these passages were found."""
    text = document.text
    other = scan_texts([text])
    if not _stand_there(other, passages):
        return None
    mine, its, differs = [], [], []
    words = _words(here, passages, ""), _words(other, passages, "source_")
    for passage, (first, end), (first_there, end_there) in zip(passages, *words, strict=True):
        a, b = differences(here.hashes[first:end], other.hashes[first_there:end_there])
        differs.append(_spans(here, first, a))
        its += _spans(other, first_there, b)
        mine.append((passage["source_start"], passage["source_end"]))
    pieces = cut(text, other, [*mine, *its], quotations=False)
    whole = whole and len(other.spans) <= MOST_PARAGRAPHS
    shown = _paragraphs(text, other, pieces, len(mine))
    return There(shown if whole else [_shortened(parts) for parts in shown if _marked(parts)], differs)


def _stand_there(other: Scanned, passages: Passages) -> bool:
    """Whether each passage begins and ends with a word of the text; another text rarely has all of them."""
    spans = _spans_of(passages, "source_")
    return all(
        len(places) and (places[np.minimum(np.searchsorted(places, asked), len(places) - 1)] == asked).all()
        for places, asked in ((other.starts, spans[:, 0]), (other.ends, spans[:, 1]))
    )


def _spans_of(passages: Passages, side: str) -> NDArray[np.int32]:
    """``int32[passages, 2]``: start and end of each in the text of that side."""
    spans = [(one[side + "start"], one[side + "end"]) for one in passages]
    return np.array(spans, dtype=np.int32).reshape(-1, 2)


def _words(scanned: Scanned, passages: Passages, side: str) -> list[tuple[int, int]]:
    """First and end word of each passage, in the text of that side."""
    spans = _spans_of(passages, side)
    first = np.searchsorted(scanned.starts, spans[:, 0])
    end = np.searchsorted(scanned.ends, spans[:, 1], "right")
    return list(zip(first.tolist(), end.tolist(), strict=True))


def _spans(scanned: Scanned, first: int, differ: Mask) -> list[Span]:
    """The runs of words that differ, counted from ``first`` on, as spans of the text."""
    bounds = np.flatnonzero(np.diff(differ, prepend=False, append=False)).reshape(-1, 2) + first
    starts, ends = scanned.starts[bounds[:, 0]], scanned.ends[bounds[:, 1] - 1]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _paragraphs(text: str, scanned: Scanned, pieces: Cut, passages: int) -> list[list[Part]]:
    """Every paragraph in parts; the first ``passages`` spans that were cut at are passages, others differ."""
    owner = owners(pieces.passages[:passages], len(pieces.pieces))
    differs = owners(pieces.passages[passages:], len(pieces.pieces)) >= 0
    begins = owner != np.append([-1], owner[:-1])
    starts = np.searchsorted(pieces.pieces[:, 2], np.arange(len(scanned.spans) + 1))
    every = pieces.pieces
    return [
        list(_parts(text, start, end, every[low:high], owner[low:high], differs[low:high], begins[low:high]))
        for (start, end), low, high in zip(
            scanned.spans[:, :2].tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True
        )
    ]


def _parts(
    text: str, place: int, end: int, pieces: Ints, owner: Ints, differs: Mask, begins: Mask
) -> Iterator[Part]:
    each = zip(pieces.tolist(), owner.tolist(), differs.tolist(), begins.tolist(), strict=True)
    for (first, last, *_), passage, differ, starts in each:
        if first > place:
            yield Part(text[place:first])
        yield Part(text[first:last], passage if passage >= 0 else None, differ, starts)
        place = last
    if end > place:
        yield Part(text[place:end])


def owners(passages: Ints, pieces: int) -> Ints:
    """``int64[pieces]``: for each piece the first of the passages that it lies in, -1 where there is none."""
    owner = np.full(pieces, -1, dtype=np.int64)
    for place in range(len(passages) - 1, -1, -1):
        owner[passages[place, 0] : passages[place, 1]] = place
    return owner


def _marked(parts: list[Part]) -> bool:
    return any(part.passage is not None for part in parts)


def _shortened(parts: list[Part]) -> list[Part]:
    """What is far from any passage is left out."""
    out = []
    for place, part in enumerate(parts):
        before = AROUND if place > 0 else 0
        after = AROUND if place + 1 < len(parts) else 0
        more = len(part.text) - before - after
        if part.passage is None and more > AROUND:
            last = Part(part.text[len(part.text) - after :])
            out += [Part(part.text[:before]), Part("", left_out=more), last]
        else:
            out.append(part)
    return [part for part in out if part.text or part.left_out]
