"""Dates as archives write them, made ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from nearcopy.document import check_date
from nearcopy.errors import InputError

MAIL = re.compile(r"(?:[A-Za-z]{3}, *)?\d{1,2} [A-Za-z]{3} \d{4} \d{1,2}:\d{2}")
"""How an RFC 2822 date begins. Python's reader of them takes much that is none."""

EPOCH = range(100_000_000, 100_000_000_000)
"""Seconds from 1973 to 5138. What is less would rather be a year or a day, what is more are milliseconds."""


def iso(value: object) -> str | None:
    """A date or time in ISO 8601; None for none.

    Reads ISO 8601, which is kept as it is; seconds and milliseconds since 1970; days written 20261124; and
    RFC 2822. Raises `InputError` for everything else.
    """
    if value is None or value == "":
        return None
    try:
        return _iso(value)
    except (ValueError, OverflowError, OSError, TypeError):
        raise InputError(
            f"published_at is no date: {str(value)[:40]!r}; write 2026-11-23 or 2026-11-23T08:30:00Z",
            "published_at",
        ) from None


def _iso(value: object) -> str | None:
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise ValueError


@lru_cache(maxsize=4096)  # an archive has many documents of a day
def _from_text(text: str) -> str | None:
    if not text:
        return None
    if text.isascii() and text.lstrip("-").replace(".", "", 1).isdigit():
        return _from_number(float(text) if "." in text else int(text))
    if MAIL.match(text):
        return _written(parsedate_to_datetime(text))
    try:
        check_date(text)
    except InputError:
        raise ValueError from None
    return text


def _from_number(number: float) -> str:
    if number in range(10**7, 10**8):
        return date.fromisoformat(str(int(number))).isoformat()
    if not abs(number) >= EPOCH.start:
        raise ValueError
    seconds = number if abs(number) < EPOCH.stop else number / 1000
    return _written(datetime.fromtimestamp(seconds, UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
