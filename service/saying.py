"""Figures and dates as people write them."""

from __future__ import annotations

from datetime import time

from nearcopy.document import instant


def percent(share: float) -> str:
    """A share as whole percents; none is called all or nothing that is not."""
    if 0 < share < 0.01:
        return "under 1%"
    return f"{min(round(100 * share), 99) if share < 1 else 100}%"


def day(date: str | None) -> str:
    """A date as people write it: 21 Dec 2018."""
    if not date:
        return ""
    moment = instant(date)
    return f"{moment.day} {moment:%b %Y}"


def day_and_time(date: str) -> str:
    """The same with the time of day, where the date has one: 21 Dec 2018, 06:10 UTC."""
    moment = instant(date)
    # A date without a time stands for the last moment of its day
    return day(date) if moment.time() == time.max else f"{day(date)}, {moment:%H:%M} UTC"
