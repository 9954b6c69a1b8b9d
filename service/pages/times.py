"""Who published when, on a line.

The line is one of time, so that it shows how fast a story went round. One source of years ago would push all
others onto one spot of it: so where a gap is that much longer than all shorter ones together, the line is
broken, and the gap says how long it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from nearcopy.document import instant
from service.saying import day, day_and_time, long_span

NEAR = 4.5
"""Percent of the line that two dots may not be nearer than."""

SHORT = 3 * 24 * 3600
"""Seconds between the first date and the last under which the time of day matters."""

EDGE = 4.0
"""Percent of the line that stay free at either end."""

BROKEN = 20
"""A gap so many times as long as all shorter ones together leaves these less of the line than `NEAR`."""

GAP = 22.0
"""Percent of the line that a broken gap has: room for its words on a phone."""

MOST_GAPS = 2
"""Gaps that are broken at most: the rest of the line is for the dates."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the line, in percent, that is shorter than its time, which it says."""

    start: float
    end: float
    words: str

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return round((self.start + self.end) / 2, 2)


class Times:
    """Where dates stand on the time line, in percent from its left; those too near each other on top."""

    def __init__(self, dates: Sequence[str | None], own: str | None) -> None:
        dated = [date for date in [*dates, own] if date]
        moments = sorted({instant(date).timestamp() for date in dated})
        places, self.gaps = _line(moments)

        def at(date: str) -> float:
            return round(float(np.interp(instant(date).timestamp(), moments, places)), 2)

        self.own = at(own) if own else None
        taken: list[tuple[float, int]] = []
        self.places: list[tuple[float | None, int]] = []
        for date in dates:
            place = at(date) if date else None
            lane = 0
            while place is not None and any(abs(place - other) < NEAR and lane == on for other, on in taken):
                lane += 1
            if place is not None:
                taken.append((place, lane))
            self.places.append((place, lane))
        ends = [min(dated, key=instant), max(dated, key=instant)] if dated else []
        short = bool(ends) and moments[-1] - moments[0] < SHORT
        self.ends = (_end(ends[0], short), _end(ends[1], short)) if ends else None


def _line(moments: list[float]) -> tuple[list[float], list[Gap]]:
    """The places of moments, each later than the one before, and the gaps that are broken."""
    if len(moments) < 2:
        return [50.0] * len(moments), []
    seconds = [later - earlier for earlier, later in pairwise(moments)]
    broken = _broken(seconds)
    whole = sum(one for gap, one in enumerate(seconds) if gap not in broken)
    free = 100 - 2 * EDGE - GAP * len(broken)
    wide = [GAP if gap in broken else free * one / whole for gap, one in enumerate(seconds)]
    places = list(accumulate(wide, initial=EDGE))
    gaps = [Gap(round(places[gap], 2), round(places[gap + 1], 2), long_span(seconds[gap])) for gap in broken]
    return places, gaps


def _broken(seconds: list[float]) -> list[int]:
    """The gaps to break, from left to right: the longest ones, all that dwarf those that are left."""
    order = sorted(range(len(seconds)), key=seconds.__getitem__)
    for first in range(max(1, len(order) - MOST_GAPS), len(order)):
        if seconds[order[first]] > BROKEN * sum(seconds[gap] for gap in order[:first]):
            return sorted(order[first:])
    return []


def _end(date: str, short: bool) -> str:
    return day_and_time(date) if short else day(date)
