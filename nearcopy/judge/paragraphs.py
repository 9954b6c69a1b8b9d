"""The paragraphs of a submission: what each one matches, and its status."""

from __future__ import annotations

import numpy as np

from nearcopy import resemblance
from nearcopy.judge.case import Case
from nearcopy.report import Match, ParagraphReport, Status

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
                matches=tuple(mine[: case.options.limit]),
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
    matching = ((alike >= submission.threshold) | (held >= CONTAINED)) & (best >= 0)
    out: dict[int, list[Match]] = {}
    for place, index in np.argwhere(matching).tolist():
        start, end = others.spans[best[place, index], :2].tolist()
        shares = float(alike[place, index]), float(held[place, index])
        out.setdefault(index, []).append(Match(case.documents[ranked[place]].id, start, end, *shares))
    for mine in out.values():
        mine.sort(key=lambda m: (-m.resemblance, -m.containment, m.document))
    return out
