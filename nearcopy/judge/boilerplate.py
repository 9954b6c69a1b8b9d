"""Common paragraphs: a subscription line, a firm's description of itself, a notice of copyright."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearcopy import align
from nearcopy.judge.case import Case

Ints = NDArray[np.int64]

PIVOTS = 3
"""Holders of a paragraph that are compared with the others, to see whether they tell the same story."""


def common_paragraphs(case: Case, repeats: list[int | None]) -> set[int]:
    """Paragraphs that stand in many documents, most of which share nothing else with the submission.

    Lines of boilerplate travel together, and then each is something else that is shared. So do the paragraphs
    of a story that everybody ran: but those who ran it share most of their words with each other.
    """
    first = np.array([p if earlier is None else earlier for p, earlier in enumerate(repeats)], dtype=np.int64)
    many = {p: case.holders(p) for p in case.copies if first[p] == p}
    many = {p: held for p, held in many.items() if len(held) >= case.options.common_documents}
    if not many:
        return set()
    shared, column = _shared_words(case, first)
    total = shared.sum(axis=1)
    beyond = total - shared[:, column[list(many)]].sum(axis=1)
    common, kin = set(), _Kin(case)
    for index, held in many.items():
        holders = sorted(case.places[key] for key in held.tolist() if key in case.places)
        elsewhere = (total - shared[:, column[index]])[holders]
        if _most(elsewhere < case.options.min_words) or (
            _most(beyond[holders] < case.options.min_words) and not kin.tell_one_story(holders)
        ):
            common.add(index)
    return {p for p, root in enumerate(first.tolist()) if root in common}


def _shared_words(case: Case, first: Ints) -> tuple[Ints, Ints]:
    """``int64[candidates, distinct paragraphs]``: the words of each, in all its repeats, that a candidate
    has; and ``int64[paragraphs]``: the column of each."""
    starts = case.submission.bounds()[:, 0]
    each = np.add.reduceat(case.aligned.covered, starts, axis=1, dtype=np.int64)
    order = np.argsort(first, kind="stable")
    groups, column = np.unique(first[order], return_index=True)[1], np.unique(first, return_inverse=True)[1]
    return np.add.reduceat(each[:, order], groups, axis=1), column


def _most(alone: NDArray[np.bool_]) -> bool:
    return int(alone.sum()) * 2 > len(alone)


class _Kin:
    """Which candidates share most of their words with each other; each pivot is aligned once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.of: dict[int, set[int]] = {}

    def tell_one_story(self, holders: list[int]) -> bool:
        """Whether most of some holders' words stand in most of the others: of the best candidates among
        them, so that the paragraphs of one story are asked by the same."""
        pivots = holders[:PIVOTS]
        alike = sum(len(self._of(pivot) & {t for t in holders if t != pivot}) for pivot in pivots)
        return alike * 2 > len(pivots) * (len(holders) - 1)

    def _of(self, pivot: int) -> set[int]:
        if pivot not in self.of:
            others = self.case.others
            aligned = align.align(others, pivot, others, self.case.options.min_words)
            enough = aligned.contained >= self.case.options.common_share * np.diff(others.text_words)
            self.of[pivot] = set(np.flatnonzero(enough).tolist())
        return self.of[pivot]
