"""Figures and dates as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, time

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


def moment(seconds: float | None) -> str:
    """A moment, in seconds since 1970, likewise; "" for None."""
    return day_and_time(datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes")) if seconds else ""


def span(seconds: float) -> str:
    """A time as people say it: 40 s, 12 min, 3 h 5 min."""
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def long_span(seconds: float) -> str:
    """A time of hours or more, roughly: 5 hours, 3 days, 7 months, 5 years."""
    hours = seconds / 3600
    sizes = ((2 * 8766, 8766, "year"), (60 * 24, 730.5, "month"), (48, 24, "day"), (0, 1, "hour"))
    unit, name = next((unit, name) for least, unit, name in sizes if hours >= least)
    count = max(round(hours / unit), 1)
    return f"{count} {name}{'s' * (count != 1)}"


def size(count: int) -> str:
    """Bytes, in the unit that leaves three digits or so: 21.3 MB."""
    value = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} TB"
