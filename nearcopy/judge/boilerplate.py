"""Common paragraphs: a subscription line, a firm's description of itself, a notice of copyright."""

from __future__ import annotations

import numpy as np

from nearcopy import align
from nearcopy.judge.case import Case

PIVOTS = 3
"""Holders of a paragraph that are compared with the others, to see whether they tell the same story."""


def common_paragraphs(case: Case, repeats: list[int | None]) -> set[int]:
    """Paragraphs that stand in many documents, most of which share nothing else with the submission.

    Lines of boilerplate travel together, and then each is something else that is shared. So do the paragraphs
    of a story that everybody ran: but those who ran it share most of their words with each other.
    """
    roots = [p if earlier is None else earlier for p, earlier in enumerate(repeats)]
    many = {p: case.holders(p) for p in case.copies}
    many = {p: held for p, held in many.items() if len(held) >= case.options.common_documents}
    beyond = [p for p, root in enumerate(roots) if root not in many]
    common, kin = set(), _Kin(case)
    for index, held in many.items():
        holders = sorted(case.places[key] for key in held.tolist() if key in case.places)
        elsewhere = [p for p, root in enumerate(roots) if root != roots[index]]
        if _most_share_nothing(case, holders, elsewhere) or (
            _most_share_nothing(case, holders, beyond) and not kin.tell_one_story(holders)
        ):
            common.add(index)
    return common


def _most_share_nothing(case: Case, holders: list[int], paragraphs: list[int]) -> bool:
    words = (case.aligned.covered[holders] & case.submission.mask(paragraphs)).sum(axis=1)
    return int((words < case.options.min_words).sum()) * 2 > len(holders)


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
