"""Where a cluster began: its original, or those that may be it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nearcopy.document import instant

LAST = datetime.max.replace(tzinfo=UTC)
"""After every date."""

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

    It is the earliest dated member, unless one that holds it (the first of several) credits itself to an
    earlier moment: then the earliest of these by its credit, and of equal ones by its date. Two of one moment
    are candidates, and so is each that has no date.
    """
    when = tuple(instant(date) if date is not None else None for date in published)
    undated = [place for place, date in enumerate(when) if date is None]
    first = earliest(when)
    if not first:
        return Origin(tuple(undated), when)
    credits = {
        place: (moment, when[place] or LAST)
        for place, text in enumerate(credited)
        if text is not None and (moment := instant(text)) < (when[first[0]] or LAST)
        and (place in first or holds(place, first[0]))
    }
    if credits:
        first = [place for place, moments in credits.items() if moments == min(credits.values())]
        undated = [place for place in undated if place not in credits]
    return Origin(tuple(sorted({*first, *undated})), when)


def earliest(when: Sequence[datetime | None]) -> list[int]:
    """The places of those with the earliest date; none where no one has a date."""
    least = min((date for date in when if date is not None), default=None)
    return [place for place, date in enumerate(when) if date is not None and date == least]
