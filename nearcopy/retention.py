"""Retention: documents of a collection that were published too long ago leave its index.

What counts is `published_at`; a document without one stays. `expire` looks at every document, so that nothing
about dates need be indexed: it is for once a day.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nearcopy.document import Document, instant
from nearcopy.errors import InputError, PreconditionFailed
from nearcopy.index import header
from nearcopy.index.listing import walk
from nearcopy.index.store import Store
from nearcopy.index.writing import delete

MOST_DAYS = 36500
"""A hundred years; whoever wants more keeps everything."""


@dataclass(slots=True)
class Expired:
    """What was done: documents looked at, removed, and kept because they have no date."""

    documents: int = 0
    removed: int = 0
    undated: int = 0


def days(keep: str) -> int:
    """How many days ``365d`` means. Raises `InputError`."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})d", keep, re.ASCII)
    if found is None or int(found[1]) > MOST_DAYS:
        raise InputError(f"write keep as a number of days, 1d to {MOST_DAYS}d, such as 365d", "keep")
    return int(found[1])


def cutoff(store: Store, now: datetime | None = None) -> datetime | None:
    """What was published before that leaves the collection; None where it keeps everything."""
    keep = header.read(store.client, store.collection).keep
    return (now or datetime.now(UTC)) - timedelta(days(keep)) if keep else None


def too_old(document: Document, before: datetime) -> bool:
    """Whether a document has a date, and that is too long ago."""
    return document.published_at is not None and instant(document.published_at) < before


def expire(
    store: Store, now: datetime | None = None, progress: Callable[[Expired], None] = lambda _: None
) -> Expired:
    """Remove the documents of a collection that are too old. May be ended at any time, and begun again."""
    before, told = cutoff(store, now), Expired()
    for step in walk(store) if before is not None else ():
        for one in step.found:
            told.documents += 1
            told.undated += one.document.published_at is None
            if before is not None and too_old(one.document, before):
                told.removed += _removed(store, one.document.id, before)
        progress(told)
    return told


def _removed(store: Store, id: str, before: datetime) -> bool:
    try:
        return delete(store, id, lambda stored: stored is not None and too_old(stored[0], before))
    except PreconditionFailed:
        # Somebody has just replaced it by a younger one
        return False
