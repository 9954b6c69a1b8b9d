"""The paragraphs of a submission: what each one matches, and its status."""

from __future__ import annotations

import numpy as np

from nearcopy import resemblance
from nearcopy.judge.case import Case
from nearcopy.report import Match, ParagraphReport, Status
from nearcopy.text.scanning import Scanned

CONTAINED = 0.8
"""A paragraph matches where this share of its words lies in one document, wherever that breaks paragraphs."""


def reported_paragraphs(
    case: Case, ranked: list[int], common: set[int], repeats: list[int | None]
) -> tuple[ParagraphReport, ...]:
    """Every paragraph, in order, with its matches in the sources, the most alike first."""
    matches = _matches(case, ranked)
    out = []
    for index, (start, end, first, last) in enumerate(case.submission.scanned.spans.tolist()):
        mine = matches.get(index, [])
        out.append(
            ParagraphReport(
                index=index,
                start=start,
                end=end,
                words=last - first,
                status=_status(case, last - first, index in common, repeats[index], bool(mine)),
                repeats=repeats[index],
                documents=len(case.holders(index)),
                matches=tuple(mine),
            )
        )
    return tuple(out)


def _status(case: Case, words: int, common: bool, repeats: int | None, matched: bool) -> Status:
    if words < case.options.min_words:
        return "short"
    if common:
        return "common"
    if repeats is not None:
        return "repeat"
    return "matched" if matched else "unique"


def _matches(case: Case, ranked: list[int]) -> dict[int, list[Match]]:
    if not ranked:
        return {}
    submission, others = case.submission, case.others
    alike, best = resemblance.of_paragraphs(submission.scanned, others, ranked, case.shingle)
    first = submission.bounds()[:, 0]
    sizes = np.diff(first, append=submission.words)
    held = np.add.reduceat(case.aligned.covered[ranked], first, axis=1, dtype=np.int64) / sizes
    for place, index in np.argwhere((held >= CONTAINED) & (best < 0)).tolist():
        # A source that breaks its lines after every word shares no shingle within a paragraph.
        best[place, index] = _span_at(case, ranked[place], int(first[index]), int(sizes[index]))
    matching = (alike >= submission.threshold) | (held >= CONTAINED)
    names = [case.documents[t].id for t in ranked]
    out = {}
    for index in np.flatnonzero(matching.any(axis=0)).tolist():
        found = np.flatnonzero(matching[:, index])
        shares = zip(alike[found, index].tolist(), held[found, index].tolist(), found.tolist(), strict=True)
        best_first = sorted((-resembles, -contains, names[k], k) for resembles, contains, k in shares)
        out[index] = [
            Match(name, *_offsets(others, int(best[k, index])), -resembles, -contains)
            for resembles, contains, name, k in best_first[: case.options.limit]
        ]
    return out


def _span_at(case: Case, t: int, first: int, size: int) -> int:
    """The span of a source in which the passage begins that holds words of a paragraph."""
    rows = case.aligned.rows[case.aligned.bounds[t] : case.aligned.bounds[t + 1]]
    word = rows[(rows[:, 1] < first + size) & (rows[:, 2] > first)][0, 3] + case.others.text_words[t]
    # Of this source alone: there may be hundreds
    before = int(np.searchsorted(case.others.spans_of(t)[:, 3], word, side="right"))
    return int(case.others.text_spans[t]) + before


def _offsets(scanned: Scanned, span: int) -> tuple[int, int]:
    start, end = scanned.spans[span, :2].tolist()
    return start, end
