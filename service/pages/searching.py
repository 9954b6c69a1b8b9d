"""Looking through the documents of a collection for some: by words of title and id, publisher and date."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from unicodedata import normalize

from nearcopy.document import Document, instant
from nearcopy.index.keys import ID_BUCKETS
from nearcopy.index.listing import Found, Place, walk
from nearcopy.index.store import Store
from service.listing import Bounds, Filter, packed_cursor, place_of

LOOK_SECONDS = 1.5
"""After which what was found is shown, however few that are."""

SHOWN = 25
"""Documents on a page."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; "" for anything. ``words``: each must stand in title or id."""

    words: str = ""
    publisher: str = ""
    published_from: str = ""
    published_to: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """``found``, of those that were looked at, up to ``share`` of the collection; ``cursor`` goes on from
    there, None at the end. The newest come first where these are all."""

    found: list[Found]
    share: float
    cursor: str | None


class Wanted:
    """A search, ready to be held against documents. Raises `InputError` where its dates cannot be used."""

    def __init__(self, search: Search) -> None:
        self._words = _folded(search.words).split()
        self._publisher = _folded(search.publisher).strip()
        dates = Filter(None, search.published_from or None, search.published_to or None)
        self._bounds: Bounds = dates.bounds()

    def takes(self, document: Document) -> bool:
        """Whether the document is looked for."""
        if self._publisher and self._publisher not in _folded(document.publisher or ""):
            return False
        if self._words:
            there = _folded(f"{document.title or ''} {document.id}")
            if not all(word in there for word in self._words):
                return False
        return self._bounds.take(document)


def look(store: Store, search: Search, cursor: str | None, seconds: float = LOOK_SECONDS) -> Looked:
    """The next documents that are looked for. Raises `InputError` where the cursor is of another search."""
    wanted, ends = Wanted(search), time.monotonic() + seconds
    found: list[Found] = []

    def looked(place: Place) -> Looked:
        share = (place.partition + min(place.bucket / ID_BUCKETS, 1)) / len(store.partitions)
        return Looked(found, share, packed_cursor(place, store.collection, search))

    for step in walk(store, place_of(cursor, store.collection, search)):
        for one in step.found:
            if wanted.takes(one.document):
                found.append(one)
                if len(found) == SHOWN:
                    return looked(one.place)
        if time.monotonic() > ends:
            return looked(step.place)
    if cursor is None:
        found.sort(key=_published, reverse=True)
    return Looked(found, 1.0, None)


def _published(one: Found) -> datetime:
    date = one.document.published_at
    return instant(date) if date else datetime.min.replace(tzinfo=UTC)


def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold()
