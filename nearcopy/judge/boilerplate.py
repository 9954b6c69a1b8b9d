"""Common paragraphs: a subscription line, a firm's description of itself, a notice of copyright."""

from __future__ import annotations

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
    many = {p for p in case.copies if len(case.holders(p)) >= case.options.common_documents}
    beyond = [p for p, root in enumerate(roots) if root not in many]
    common = set()
    for index in many:
        holders = [case.places[key] for key in sorted(case.holders(index)) if key in case.places]
        elsewhere = [p for p, root in enumerate(roots) if root != roots[index]]
        if _most_share_nothing(case, holders, elsewhere) or (
            _most_share_nothing(case, holders, beyond) and not _one_story(case, holders)
        ):
            common.add(index)
    return common


def _most_share_nothing(case: Case, holders: list[int], paragraphs: list[int]) -> bool:
    words = (case.aligned.covered[holders] & case.submission.mask(paragraphs)).sum(axis=1)
    return int((words < case.options.min_words).sum()) * 2 > len(holders)


def _one_story(case: Case, holders: list[int]) -> bool:
    """Whether most of some holders' words stand in most of the others."""
    alike = pairs = 0
    for pivot in holders[:: -(-len(holders) // PIVOTS)]:
        aligned = align.align(case.others, pivot, case.others, case.options.min_words)
        for t in holders:
            if t != pivot:
                words = case.others.words_of(t)
                alike += aligned.contained[t] >= case.options.common_share * (words.stop - words.start)
                pairs += 1
    return alike * 2 > pairs
