"""Credits: when a text says itself that it was first published.

``Originally published on March 3, 2005``, ``First appeared 2005-03-03 in …``: at the head or at the foot of a
text, where papers put them. A date of which day and month could be exchanged is no date here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from nearcopy.text.scanning import scan_texts

Hashes = NDArray[np.uint64]

ENDS = 600
"""Characters at the head and at the foot that are looked at."""

OPENINGS = ("originally", "first")
PRINTED = ("published", "appeared", "posted", "printed", "issued", "released", "ran")
"""What a credit begins with: one of these, then one of those."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH = r"(?P<{0}>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"

_CREDIT = re.compile(
    rf"(?:{'|'.join(word[1:] for word in OPENINGS)}) (?:{'|'.join(PRINTED)})\b[^\n]{{0,80}}?\b(?:"
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
        for needle in OPENINGS:
            at = part.find(needle := f"{needle[1:]} ")
            while at > 0:
                found = _CREDIT.match(part, at)
                if found and _BEFORE.search(part[max(at - BEFORE, 0) : at]):
                    day = _date(found)
                    if day is not None:
                        return day.isoformat()
                at = part.find(needle, at + 1)
    return None


def credits_of(texts: Sequence[str], words: Hashes, bounds: NDArray[np.int64]) -> list[str | None]:
    """What `credited` says of each text; only those that have the words of a credit are read. The word hashes
    of text t are ``words[bounds[t]:bounds[t + 1]]``."""
    opened = np.flatnonzero(np.logical_or.reduce([words[:-1] == one for one in _hashes(OPENINGS)]))
    begun = opened[np.isin(words[opened + 1], _hashes(PRINTED))]
    out: list[str | None] = [None] * len(texts)
    for text in np.unique(np.searchsorted(bounds, begun, side="right") - 1).tolist():
        out[text] = credited(texts[text])
    return out


@cache
def _hashes(words: tuple[str, ...]) -> Hashes:
    return scan_texts(words).hashes


def _date(found: re.Match[str]) -> date | None:
    try:
        if found["iso"]:
            return date.fromisoformat(found["iso"])
        month = MONTHS.index((found["month"] or found["then_month"]).lower()) + 1
        return date(int(found["year"] or found["last_year"]), month, int(found["day"] or found["day_first"]))
    except ValueError:
        return None
