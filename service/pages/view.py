"""A report as the page shows it: the text in pieces, the sources beside it, and what a script needs to judge
anew which of them count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from nearcopy.document import Document
from nearcopy.text.scanning import Scanned, scan_texts
from service.pages import sentences
from service.pages.bar import Mark, lanes, marks
from service.pages.cutting import Cut, Ints, cut
from service.pages.figures import data
from service.pages.sentences import Report, Sentence
from service.pages.there import There, owners, there
from service.pages.times import Times
from service.saying import day, day_and_time

COLOURS = 8
"""Sources that have a colour of their own; those behind them share one."""

WHOLE_TEXTS = 2_000_000
"""Code points of sources' texts that are shown whole; of longer ones what is around their passages."""

MOST_PASSAGES = 20_000
"""Passages that are shown, the longest first: each is an element at least, more where they overlap."""

MOST_PARAGRAPHS = 20_000
"""Paragraphs of a text that are shown as such."""

MOST_TEXTS = 20_000_000
"""Code points of sources' texts that are looked at."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a paragraph: ``number`` among the pieces, or None where it lies in no passage and no
    quotation; ``source``: the best one that has it; ``first`` where the piece before has another."""

    text: str
    number: int | None = None
    source: int | None = None
    first: bool = False
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the report, with its pieces and what stands before it outside all paragraphs."""

    told: dict[str, Any]
    pieces: list[Piece]
    before: str

    @property
    def found(self) -> bool:
        """Whether any of it lies in a passage."""
        return any(piece.source is not None for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Listed:
    """A source: ``number`` from 1, ``colour`` 1 to 9, ``when`` it was published, ``at`` its place in the time
    line (percent) and ``lane`` above it, ``firsts`` the first piece of each passage, ``there`` its text where
    the reader may see it, ``changed`` where that is another now."""

    told: dict[str, Any]
    number: int
    colour: int
    when: str
    at: float | None
    lane: int
    firsts: list[int]
    there: There | None
    changed: bool


@dataclass(frozen=True, slots=True)
class View:
    """What the template of a report is given."""

    report: Report
    asked: Mapping[str, Any]
    badge: str
    headline: Sentence
    remarks: list[Sentence]
    paragraphs: list[Paragraph]
    after: str
    sources: list[Listed]
    marks: list[Mark]
    lanes: list[tuple[float, float, str]]
    times: Times
    may_read: bool
    data: str


def view(
    report: Report, text: str, asked: Mapping[str, Any], documents: Mapping[str, Document] | None
) -> View:
    """The view of the report of ``text``. ``asked``: with ``published_at``, the submission's date, if known.
    ``documents``: those of the sources that there still are, by id; None for who may not read them."""
    report, left_out = _bounded(report)
    here = scan_texts([text])
    here = replace(here, spans=here.spans[:MOST_PARAGRAPHS])
    sources = report["sources"]
    cuts = _cut(text, here, sources)
    of_source = np.repeat(np.arange(len(sources)), [len(source["passages"]) for source in sources])
    best = owners(cuts.passages, len(cuts.pieces))
    owner = np.where(best >= 0, np.append(of_source, -1)[best], -1)
    texts = _texts(sources, here, documents)
    own = asked.get("published_at")
    times = Times([source["published_at"] for source in sources], own)
    return View(
        report=report,
        asked=asked,
        badge=sentences.badge(report, own),
        headline=sentences.headline(report, own, _before(sources, cuts, own, report["words"])),
        remarks=[*sentences.remarks(report, own), *left_out],
        paragraphs=list(_paragraphs(text, here, report, cuts, owner)),
        after=text[int(here.spans[-1, 1]) :].strip() if len(here.spans) else "",
        sources=list(_sources(sources, cuts, texts, times, documents is not None)),
        marks=list(marks(here, cuts, owner)),
        lanes=list(lanes(report)),
        times=times,
        may_read=documents is not None,
        data=data(text, here, report, cuts, texts),
    )


def _bounded(report: Report) -> tuple[Report, list[Sentence]]:
    """The report with as many passages as are shown, and what is said of the others."""
    said: list[Sentence] = []
    if len(report["paragraphs"]) > MOST_PARAGRAPHS:
        said.append([f"Only the first {MOST_PARAGRAPHS:,} of its paragraphs are marked."])
    passages = [one for source in report["sources"] for one in source["passages"]]
    words = np.array([one["words"] for one in passages], dtype=np.int64)
    if len(words) > MOST_PASSAGES:
        said.append([f"Of {len(words):,} passages the {MOST_PASSAGES:,} longest are marked."])
        kept = np.zeros(len(words), dtype=np.bool_)
        kept[np.argsort(-words, kind="stable")[:MOST_PASSAGES]] = True
        keeps = iter(kept.tolist())
        sources = [
            source | {"passages": [one for one in source["passages"] if next(keeps)]}
            for source in report["sources"]
        ]
        report = report | {"sources": sources}
    return report, said


def _cut(text: str, here: Scanned, sources: list[dict[str, Any]]) -> Cut:
    return cut(text, here, [(one["start"], one["end"]) for source in sources for one in source["passages"]])


def _texts(
    sources: list[dict[str, Any]], here: Scanned, documents: Mapping[str, Document] | None
) -> list[There | None]:
    found, length = [], 0
    for source in sources:
        document = (documents or {}).get(source["document"])
        length += len(document.text) if document else 0
        told = document and length <= MOST_TEXTS
        found.append(
            there(document, source["passages"], here, length <= WHOLE_TEXTS) if document and told else None
        )
    return found


def _before(sources: list[dict[str, Any]], cuts: Cut, own: str | None, words: int) -> float:
    later, seen = sentences.known_later(sources, own), np.zeros(len(cuts.pieces), dtype=np.bool_)
    place = 0
    for number, source in enumerate(sources):
        for first, end in cuts.passages[place : place + len(source["passages"])].tolist():
            seen[first:end] |= number not in later
        place += len(source["passages"])
    return int(cuts.pieces[seen, 3].sum()) / words


def _paragraphs(text: str, here: Scanned, report: Report, cuts: Cut, owner: Ints) -> Iterator[Paragraph]:
    low = np.searchsorted(cuts.pieces[:, 2], np.arange(len(here.spans) + 1))
    first = owner != np.append([-2], owner[:-1])
    first[low[:-1][low[:-1] < len(owner)]] = True
    place = 0
    for number, told in enumerate(report["paragraphs"][: len(here.spans)]):
        start, end = told["start"], told["end"]
        before, pieces, place = text[place:start].strip(), [], start
        for piece in range(int(low[number]), int(low[number + 1])):
            piece_start, piece_end = cuts.pieces[piece, :2].tolist()
            if piece_start > place:
                pieces.append(Piece(text[place:piece_start]))
            source = int(owner[piece])
            pieces.append(
                Piece(
                    text[piece_start:piece_end], piece, source if source >= 0 else None,
                    bool(first[piece]), bool(cuts.quoted[piece]),
                )
            )
            place = piece_end
        if end > place:
            pieces.append(Piece(text[place:end]))
        place = end
        yield Paragraph(told, pieces, before)


def _sources(
    sources: list[dict[str, Any]], cuts: Cut, texts: list[There | None], times: Times, may_read: bool
) -> Iterator[Listed]:
    days = [day(source["published_at"]) for source in sources]
    firsts = iter(cuts.passages[:, 0].tolist())
    for place, source in enumerate(sources):
        when = source["published_at"]
        if when:
            when = day_and_time(when) if days.count(days[place]) > 1 else days[place]
        at, lane = times.places[place]
        yield Listed(
            told=source, number=place + 1, colour=min(place, COLOURS) + 1, when=when or "", at=at, lane=lane,
            firsts=list(islice(firsts, len(source["passages"]))), there=texts[place],
            changed=may_read and texts[place] is None,
        )
