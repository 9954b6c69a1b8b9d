"""Two texts side by side: what they share, marked in both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nearcopy import check
from nearcopy.parameters import Parameters

MOST_CHARACTERS = 20_000
"""Of a text in the page."""

HUES = 6
"""Colours of passages, in turn."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some text: of the passage of that number, from 1 on, or of none (0)."""

    text: str
    passage: int = 0

    @property
    def hue(self) -> int:
        """Its colour."""
        return (self.passage - 1) % HUES


@dataclass(frozen=True, slots=True)
class Beside:
    """Two texts in runs, and how many characters of each are left out at the end."""

    left: list[Run]
    right: list[Run]
    left_out: int
    right_out: int


def beside(left: str, right: str, parameters: Parameters) -> Beside:
    """Two texts with their passages; raises `InputError` where one has no words."""
    found = sorted(check.compare(left, right, parameters).passages, key=lambda one: one.start)
    return Beside(
        runs(left, ((one.start, one.end) for one in found)),
        runs(right, ((one.source_start, one.source_end) for one in found)),
        max(len(left) - MOST_CHARACTERS, 0), max(len(right) - MOST_CHARACTERS, 0),
    )


def runs(text: str, passages: Iterable[tuple[int, int]]) -> list[Run]:
    """A text in runs; passages are numbered as they come. Where two overlap the first has the words."""
    text, at, out = text[:MOST_CHARACTERS], 0, []
    for first, end, number in sorted((first, end, n) for n, (first, end) in enumerate(passages, 1)):
        first = max(first, at)
        if first < min(end, len(text)):
            out += [Run(text[at:first]), Run(text[first:end], number)]
            at = end
    return [one for one in (*out, Run(text[at:])) if one.text]
