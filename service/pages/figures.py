"""What a script needs to judge anew which passages count: figures in flat lists, as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import orjson

from nearcopy.judge.case import Options
from nearcopy.text.scanning import Scanned, code_points
from service.pages.cutting import Cut, Ints, Span
from service.pages.sentences import Report
from service.pages.there import There


def data(text: str, here: Scanned, report: Report, cuts: Cut, texts: list[There | None]) -> str:
    """Of each paragraph words and status; of each piece paragraph, words, whether it is quoted, and its first
    word; of each source, for each passage, first and end piece, words and similarity, and for each difference
    passage, piece and its place there in UTF-16 units, as a browser counts."""
    astral = np.concatenate([[0], np.cumsum(code_points(text) > 0xFFFF)])
    place, sources = 0, []
    for source, its in zip(report["sources"], texts, strict=True):
        passages = cuts.passages[place : place + len(source["passages"])]
        place += len(source["passages"])
        sources.append({
            "publisher": source["publisher"],
            "passages": [
                figure for one, (first, end) in zip(source["passages"], passages.tolist(), strict=True)
                for figure in (first, end, one["words"], round(one["similarity"], 4))
            ],
            "differs": list(_differs(its.differs, cuts, passages, astral)) if its else [],
        })
    options = Options()
    first_words = np.searchsorted(here.starts, cuts.pieces[:, 0])
    pieces = np.stack([cuts.pieces[:, 2], cuts.pieces[:, 3], cuts.quoted, first_words], axis=1)
    told = orjson.dumps({
        "paragraphs": [figure for one in report["paragraphs"] for figure in (one["words"], one["status"])],
        "words": report["words"],
        "pieces": pieces.ravel().tolist(),
        "sources": sources,
        "copy_from": options.copy_from, "unique_below": options.unique_below,
    })
    # It stands in the page, where nothing may end the element that it is in
    return told.decode().replace("<", "\\u003c")


def _differs(differs: list[list[Span]], cuts: Cut, passages: Ints, astral: Ints) -> Iterator[int]:
    for number, (ranges, (first, end)) in enumerate(zip(differs, passages.tolist(), strict=True)):
        pieces = cuts.pieces[first:end]
        for start, stop in ranges:
            low = int(np.searchsorted(pieces[:, 1], start, "right"))
            while low < len(pieces) and pieces[low, 0] < stop:
                piece_start, piece_end = pieces[low, :2].tolist()
                yield number
                yield first + low
                for place in max(start, piece_start), min(stop, piece_end):
                    yield int(place - piece_start + astral[place] - astral[piece_start])
                low += 1
