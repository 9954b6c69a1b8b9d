"""The sources of a submission: their order, which are listed, who had it first."""

from __future__ import annotations

import numpy as np

from nearcopy import align, resemblance
from nearcopy.document import instant
from nearcopy.judge.case import Case, Mask
from nearcopy.report import Source

UNDATED = "9999"
"""Sorts behind every date."""


def ranked_sources(case: Case, counted: Mask) -> list[int]:
    """The candidates that share enough outside common paragraphs (``counted`` bool[words]), best first: by
    the words that are the same (a template with another town's name covers as many), then by the share of
    their own."""
    matched = (case.aligned.covered & counted).sum(axis=1)
    same = (case.aligned.same & counted).sum(axis=1).tolist()
    contained = case.contained().tolist()

    def rank(t: int) -> tuple[int, float, str, str]:
        document = case.documents[t]
        return -same[t], -contained[t], document.published_at or UNDATED, document.id

    return sorted(np.flatnonzero(matched >= case.options.min_words).tolist(), key=rank)


def listed_sources(case: Case, ranked: list[int], counted: Mask) -> tuple[Source, ...]:
    """The sources that a report lists, best first: the best, the earliest, each that adds words which none
    before it holds, and then the best of the others. Ten copies of one story do not hide where the rest is
    from."""
    left, adding = counted & case.aligned.covered[ranked].any(axis=0), []
    for t in ranked:
        if np.count_nonzero(left) < case.options.min_words:
            break
        if np.count_nonzero(case.aligned.covered[t] & left) >= case.options.min_words:
            left &= ~case.aligned.covered[t]
            adding.append(t)
    earliest = earliest_source(case, ranked, counted)
    first = [t for t in (*ranked[:1], earliest) if t is not None]
    chosen = set(list(dict.fromkeys([*first, *adding, *ranked]))[: case.options.limit])
    listed = [t for t in ranked if t in chosen]
    alike = resemblance.of_texts(case.submission.scanned, case.others, listed, case.shingle).tolist()
    contained = case.contained().tolist()
    return tuple(_source(case, t, alike[k], contained[t], t == earliest) for k, t in enumerate(listed))


def earliest_source(case: Case, ranked: list[int], counted: Mask) -> int | None:
    """Who had it first: of those that hold at least half as much of the submission as any does, outside
    common paragraphs, since an old quotation of one line did not have the story."""
    matched = (case.aligned.covered & counted).sum(axis=1)
    most, dated = matched[ranked].max(initial=0), []
    for place, t in enumerate(ranked):
        published = case.documents[t].published_at
        if published is not None and matched[t] * 2 >= most:
            dated.append((instant(published), place))
    return ranked[min(dated)[1]] if dated else None


def _source(case: Case, t: int, alike: float, contained: float, earliest: bool) -> Source:
    document, covered = case.documents[t], case.aligned.covered[t]
    return Source(
        document=document.id,
        title=document.title,
        publisher=document.publisher,
        url=document.url,
        published_at=document.published_at,
        containment=float(covered.mean()),
        contained=contained,
        resemblance=alike,
        matched_words=int(covered.sum()),
        earliest=earliest,
        passages=align.passages(case.aligned, case.submission.scanned, 0, case.others, t),
    )
