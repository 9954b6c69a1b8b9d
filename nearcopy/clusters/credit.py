"""Credits: when a text says itself that it was first published.

``Originally published on March 3, 2005``, ``First appeared 2005-03-03 in …``: at the head or at the foot of a
text, where papers put them. A date of which day and month could be exchanged is no date here.
"""

from __future__ import annotations

import re
from datetime import date

ENDS = 600
"""Characters at the head and at the foot that are looked at."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = r"(?P<{0}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"

_CREDIT = re.compile(
    r"(?:riginally|irst) (?:published|appeared|posted|printed|issued|released|ran)\b[^\n]{0,80}?\b(?:"
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    rf"|{_MONTH.format('month')} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}})"
    rf"|(?P<day_first>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH.format('then_month')},? (?P<last_year>\d{{4}})"
    r")\b",
    re.IGNORECASE,
)

_BEFORE = re.compile(r"(?:^|[\n(\[*.;:\u2013\u2014-]\s*|\bthis \w+ (?:was )?)[fo]$", re.IGNORECASE)
"""What stands before it: nothing, or ``this story``. What else was first published is none of ours."""

BEFORE = 40
"""Characters that are looked at for that."""


def credited(text: str) -> str | None:
    """The date (ISO 8601) on which a text says that it was first published, if it does."""
    for part in (text,) if len(text) <= 2 * ENDS else (text[:ENDS], text[-ENDS:]):
        for needle in "riginally ", "irst ":
            at = part.find(needle)
            while at > 0:
                found = _CREDIT.match(part, at)
                if found and _BEFORE.search(part[max(at - BEFORE, 0) : at]):
                    day = _date(found)
                    if day is not None:
                        return day.isoformat()
                at = part.find(needle, at + 1)
    return None


def _date(found: re.Match[str]) -> date | None:
    try:
        if found["iso"]:
            return date.fromisoformat(found["iso"])
        month = MONTHS.index((found["month"] or found["then_month"]).lower()) + 1
        return date(int(found["year"] or found["last_year"]), month, int(found["day"] or found["day_first"]))
    except ValueError:
        return None
