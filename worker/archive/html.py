"""The article of a web page, and what the page says about it."""

from __future__ import annotations

from dataclasses import asdict

from nearcopy.errors import InputError
from nearcopy.extract import html
from worker.archive.dates import iso


def article(page: bytes, charset: str | None = None) -> dict[str, object]:
    """``text``, its paragraphs parted by blank lines; ``title``, ``publisher`` and ``published_at`` where the
    page has them. ``charset`` is what the server said. Raises `InputError` where there is no text."""
    found = asdict(html.read(page, charset))
    found["published_at"] = _date(found["published_at"])
    return {name: value for name, value in found.items() if value}


def _date(value: str) -> str:
    """A page's own date, or nothing where it is none: that spoils no article."""
    try:
        return iso(value) or ""
    except InputError:
        return ""
