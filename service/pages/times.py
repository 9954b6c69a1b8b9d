"""Who published when, on a line."""

from __future__ import annotations

from nearcopy.document import instant
from service.saying import day, day_and_time

NEAR = 4.5
"""Percent of the line that two dots may not be nearer than."""

SHORT = 3 * 24 * 3600
"""Seconds between the first date and the last under which the time of day matters."""


class Times:
    """Where dates stand on the time line, in percent from its left; those too near each other on top."""

    def __init__(self, dates: list[str | None], own: str | None) -> None:
        moments = [instant(date).timestamp() if date else None for date in dates]
        known = sorted(moment for moment in [*moments, instant(own).timestamp() if own else None] if moment)
        low, high = (known[0], known[-1]) if known else (0.0, 0.0)

        def at(moment: float) -> float:
            return 50.0 if high == low else round(4 + 92 * (moment - low) / (high - low), 2)

        self.own = at(instant(own).timestamp()) if own else None
        taken: list[tuple[float, int]] = []
        self.places: list[tuple[float | None, int]] = []
        for moment in moments:
            place = at(moment) if moment is not None else None
            lane = 0
            while place is not None and any(abs(place - other) < NEAR and lane == on for other, on in taken):
                lane += 1
            if place is not None:
                taken.append((place, lane))
            self.places.append((place, lane))
        dated = [date for date in [*dates, own] if date]
        ends = [min(dated, key=instant), max(dated, key=instant)] if dated else []
        short = bool(ends) and high - low < SHORT
        self.ends = (_end(ends[0], short), _end(ends[1], short)) if ends else None


def _end(date: str, short: bool) -> str:
    return day_and_time(date) if short else day(date)
