"""Where a cluster began: its original, or those that may be it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nearcopy.document import instant

Holds = Callable[[int, int], bool]
"""Whether the first member holds the second."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The places of the members that may be the original: one where it is known. ``when`` has the moment of
    each member, None for those without a date."""

    candidates: tuple[int, ...]
    when: tuple[datetime | None, ...]

    @property
    def known(self) -> bool:
        """Whether there is one original."""
        return len(self.candidates) == 1


def origin(
    published: Sequence[str | None], credited: Sequence[str | None], holds: Holds
) -> Origin:
    """Who was first. ``published``: the date of each member; ``credited``: the date of the first publication
    that its own text names.

    It is the earliest dated member, unless one that holds it credits itself to an earlier moment: then the
    earliest of these. Two of one moment are candidates, and so is each that has no date.
    """
    when = tuple(instant(date) if date is not None else None for date in published)
    dated = [date for date in when if date is not None]
    undated = [place for place, date in enumerate(when) if date is None]
    if not dated:
        return Origin(tuple(undated), when)
    first = [place for place, date in enumerate(when) if date == min(dated)]
    credits = {
        place: moment
        for place, text in enumerate(credited)
        if text is not None and (moment := instant(text)) < min(dated)
        and (place in first or all(holds(place, one) for one in first))
    }
    if credits:
        first = [place for place, moment in credits.items() if moment == min(credits.values())]
        undated = [place for place in undated if place not in first]
    return Origin(tuple(sorted({*first, *undated})), when)
