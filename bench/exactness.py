"""Every figure of a report against the slow oracle of the tests, on random documents that have copies.

The oracle shares no code with the engine: its own words, sets of shingles, runs and common subsequences. What
is compared is said by the name of each figure; 100% is the target of all.
"""

from __future__ import annotations

import random
from itertools import islice

from bench.common import Figure, documents, progress
from bench.pairs import FEW, listed
from nearcopy.archive import Archive
from nearcopy.report import Passage, Report, Source
from tests import naive

DOCUMENTS = 150
SOURCES = 2
"""Of each document, chosen among all its sources: alignment by the oracle takes the product of the words."""

LONGEST = 900
MIN_WORDS = 8
SHINGLE = 3


class Read:
    """A text as the oracle reads it."""

    def __init__(self, text: str) -> None:
        self.words = naive.words(text)
        self.folds = [word.fold for word in self.words]
        self.starts = {word.start: k for k, word in enumerate(self.words)}
        self.ends = {word.end: k + 1 for k, word in enumerate(self.words)}
        self.paragraphs = naive.paragraphs(text)

    def run(self, start: int, end: int) -> range | None:
        """The words between two offsets; None where an offset is not that of a word."""
        if start not in self.starts or end not in self.ends:
            return None
        return range(self.starts[start], self.ends[end])

    def inside(self, start: int, end: int) -> list[str]:
        """The folds of the words between two offsets of a paragraph."""
        return [word.fold for word in self.words if start <= word.start < end]


class Tally:
    """How often each figure was right."""

    def __init__(self) -> None:
        self.counts: dict[str, list[int]] = {}

    def note(self, name: str, right: bool, where: str) -> None:
        """Count one, and tell of the first few that are wrong."""
        count = self.counts.setdefault(name, [0, 0])
        count[0] += right
        count[1] += 1
        if not right and count[1] - count[0] <= 5:
            progress(f"{name}: wrong for {where}")

    def figures(self) -> list[Figure]:
        """The share of each that was right."""
        return [
            Figure(name, 100 * right / count, "%", 100, note=f"{count:,} compared")
            for name, (right, count) in self.counts.items()
        ]


def check_report(tally: Tally, report: Report, mine: Read, where: str) -> None:
    """The figures of the whole submission."""
    tally.note("words", report.words == len(mine.words), where)
    told = [(p.start, p.end, p.words) for p in report.paragraphs]
    tally.note("paragraphs", told == [(p.start, p.end, p.last - p.first) for p in mine.paragraphs], where)
    if report.sources_found == len(report.sources):
        covered = set().union(*(covered_words(source.passages, mine) for source in report.sources))
        tally.note("coverage", same(report.coverage, len(covered) / len(mine.words)), where)


def check_source(tally: Tally, source: Source, mine: Read, its: Read, where: str) -> None:
    """The figures of one source."""
    covered = covered_words(source.passages, mine)
    tally.note("matched words lie in the passages", source.matched_words == len(covered), where)
    tally.note("containment", same(source.containment, len(covered) / len(mine.words)), where)
    resemblance = naive.resemblance(mine.folds, its.folds, SHINGLE)
    tally.note("resemblance of documents", same(source.resemblance, resemblance), where)
    of_mine, of_its = naive.shared_words(mine.folds, its.folds, MIN_WORDS)
    tally.note("every common run of 8 words lies in a passage", of_mine <= covered, where)
    contained = round(source.contained * len(its.words))
    tally.note("contained is at least the common runs", contained >= len(of_its), where)
    for passage in source.passages:
        check_passage(tally, passage, mine, its, where)


def check_passage(tally: Tally, passage: Passage, mine: Read, its: Read, where: str) -> None:
    """Offsets, words and similarity of one passage, and that it is one."""
    a, b = mine.run(passage.start, passage.end), its.run(passage.source_start, passage.source_end)
    tally.note("passages begin and end with words, in both texts", a is not None and b is not None, where)
    if a is None or b is None:
        return
    tally.note("words of passages", passage.words == len(a), where)
    longer = max(len(a), len(b))
    most = naive.equal_words([mine.folds[k] for k in a], [its.folds[k] for k in b])
    equal = passage.similarity * longer
    right = most >= MIN_WORDS and most >= equal - 0.01
    tally.note("passages share as many words in order (precision)", right, where)
    tally.note("similarity counts every equal word", same(equal, most), where)


def check_matches(tally: Tally, report: Report, source: Source, mine: Read, its: Read, where: str) -> None:
    """Resemblance and containment of paragraphs."""
    covered = covered_words(source.passages, mine)
    for paragraph in report.paragraphs:
        of_mine = mine.inside(paragraph.start, paragraph.end)
        bounds = mine.paragraphs[paragraph.index]
        for match in paragraph.matches:
            if match.document != source.document:
                continue
            resemblance = naive.resemblance(of_mine, its.inside(match.start, match.end), SHINGLE)
            tally.note("resemblance of paragraphs", same(match.resemblance, resemblance), where)
            share = sum(k in covered for k in range(bounds.first, bounds.last)) / len(of_mine)
            tally.note("containment of paragraphs", same(match.containment, share), where)


def covered_words(passages: tuple[Passage, ...], mine: Read) -> set[int]:
    """Which words of the submission lie in a passage."""
    return {k for p in passages for k in mine.run(p.start, p.end) or ()}


def same(a: float, b: float) -> bool:
    """Equal but for the last bits of a float."""
    return abs(a - b) < 1e-9


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """Compare a random sample."""
    dice, tally = random.Random(6), Tally()
    texts = {d.id: d.text for d in documents("press_releases") if len(d.text.split()) <= LONGEST}
    chosen = [name for name in listed() if name in texts]
    dice.shuffle(chosen)
    for document in islice(chosen, DOCUMENTS // 10 if quick else DOCUMENTS):
        report = archive.copies(document, limit=FEW)
        mine = Read(texts[document])
        check_report(tally, report, mine, document)
        few = [source for source in report.sources if source.document in texts]
        for source in dice.sample(few, min(SOURCES, len(few))):
            its, where = Read(texts[source.document]), f"{document} and {source.document}"
            check_source(tally, source, mine, its, where)
            check_matches(tally, report, source, mine, its, where)
    return tally.figures()
