"""The bar of a whole text, coloured by source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nearcopy.text.scanning import Scanned
from service.pages.cutting import Cut, Ints
from service.pages.sentences import Report

BAR = 1000
"""Width of the bar."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the bar, in `BAR` parts of the text."""

    x: float
    width: float
    piece: int
    source: int


def marks(here: Scanned, cuts: Cut, owner: Ints) -> Iterator[Mark]:
    """The bar: pieces of one source that follow each other are one mark."""
    words = max(len(here.hashes), 1)
    starts = np.searchsorted(here.starts, cuts.pieces[:, 0])
    begun: list[int] | None = None
    for piece, (start, size, source) in enumerate(
        zip(starts.tolist(), cuts.pieces[:, 3].tolist(), owner.tolist(), strict=True)
    ):
        if begun and (source != begun[3] or start != begun[1]):
            yield _mark(begun, words)
            begun = None
        if source >= 0 and size:
            begun = [begun[0], 0, begun[2], source] if begun else [start, 0, piece, source]
            begun[1] = start + size
    if begun:
        yield _mark(begun, words)


def _mark(begun: list[int], words: int) -> Mark:
    start, end, piece, source = begun
    return Mark(round(start / words * BAR, 2), round((end - start) / words * BAR, 2), piece, source)


def lanes(report: Report) -> Iterator[tuple[float, float, str]]:
    """Under the bar: where common paragraphs and repeats are."""
    place, words = 0, max(report["words"], 1)
    for paragraph in report["paragraphs"]:
        if paragraph["status"] in ("common", "repeat"):
            width = paragraph["words"] / words * BAR
            yield round(place / words * BAR, 2), round(width, 2), paragraph["status"]
        place += paragraph["words"]
