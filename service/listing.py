"""Listing documents, and removing those of a filter: what may be asked, and cursors."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import Field

from nearcopy.document import Document, instant
from nearcopy.errors import InputError
from nearcopy.index.listing import PLACE_BYTES, Place
from service.answers import Answer
from service.models import Body, Date, Id, InCollection, Line, QueryLine

MOST_LISTED = 1000
MOST_IDS = 1000
"""Named in one removal."""

CHECK_BYTES = 8
"""Of a cursor: enough to tell a damaged one, or one of another request. To make one up gains nothing."""

FROM = "Only documents that were published then or later; a date alone means the beginning of its day."
TO = "Only documents that were published then or earlier; a date alone means the end of its day."
CURSOR = "Where to go on: the cursor of the answer before, with the same collection and filters."

Cursor = Annotated[str, Field(max_length=100)]


class ListQuery(InCollection):
    """The query of a listing."""

    publisher: QueryLine | None = Field(default=None, description="Only documents of this publisher.")
    published_from: Date | None = Field(default=None, description=FROM)
    published_to: Date | None = Field(default=None, description=TO)
    limit: int = Field(default=100, ge=1, le=MOST_LISTED, description="Documents in one answer, at most.")
    texts: bool = Field(default=False, description="Also give the texts.")
    cursor: Cursor | None = Field(default=None, description=CURSOR)


class DeleteBody(Body):
    """Which documents to remove: those for which all that is given holds."""

    publisher: Line | None = Field(default=None, description="Only documents of this publisher.")
    published_from: Date | None = Field(default=None, description=FROM)
    published_to: Date | None = Field(default=None, description=TO)
    ids: list[Id] | None = Field(
        default=None, min_length=1, max_length=MOST_IDS, description="Only documents of these ids."
    )
    dry_run: bool = Field(default=False, description="Remove nothing; tell what would be.")
    cursor: Cursor | None = Field(default=None, description=CURSOR)


class ListedDocument(Answer):
    """A document of a listing; metadata that it lacks is left out."""

    id: str
    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    published_at: str | None = None
    fields: dict[str, Any]
    text: str | None = None
    digest: str = Field(description="Of the content, metadata included: the ETag without its quotes.")


class DocumentPage(Answer):
    """A part of a listing."""

    documents: list[ListedDocument]
    cursor: str | None = Field(
        description="Null at the end. Else send it for the rest, also where this part is short or empty: an "
        "answer takes a second or two, and no more."
    )


class Deleted(Answer):
    """What was removed, or, of a dry run, would be."""

    matched: int = Field(description="Documents for which all conditions hold.")
    deleted: int = Field(description="How many of them were removed.")
    ids: list[str] = Field(description="Ids of the first of them.")
    cursor: str | None = Field(
        description="Null where that was all. Else send the same request with it for the rest."
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents are meant; None for all. Dates as they were sent."""

    publisher: str | None = None
    published_from: str | None = None
    published_to: str | None = None
    ids: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it means every document."""
        return self == Filter()

    def bounds(self) -> Bounds:
        """The moments that its dates mean. Raises `InputError` where there is none between them."""
        since = _beginning(self.published_from) if self.published_from is not None else None
        until = instant(self.published_to) if self.published_to is not None else None
        if since is not None and until is not None and since > until:
            raise InputError("published_from is later than published_to: exchange them", "published_from")
        return Bounds(self.publisher, since, until)


class Bounds(NamedTuple):
    """A filter, ready to be held against documents."""

    publisher: str | None
    since: datetime | None
    until: datetime | None

    def take(self, document: Document) -> bool:
        """Whether the document is meant. Where dates are asked for, one without a date is not."""
        if self.publisher is not None and document.publisher != self.publisher:
            return False
        if self.since is None and self.until is None:
            return True
        if document.published_at is None:
            return False
        published = instant(document.published_at)
        return (self.since is None or published >= self.since) and (
            self.until is None or published <= self.until
        )


def packed_cursor(place: Place, collection: str, asked: object) -> str:
    """A cursor that goes on from a place with the same filter (any dataclass)."""
    return sealed(place.packed(), collection, asked)


def place_of(cursor: str | None, collection: str, asked: object) -> Place | None:
    """Where a cursor goes on. Raises `InputError` where it is not one of this collection and filter."""
    packed = opened(cursor, PLACE_BYTES, collection, asked)
    return None if packed is None else Place.unpacked(packed)


def opened(cursor: str | None, length: int, collection: str, asked: object) -> bytes | None:
    """The bytes that were `sealed` into a cursor. Raises `InputError` likewise."""
    if cursor is None:
        return None
    try:
        packed = base64.urlsafe_b64decode(cursor)[:length]
    except ValueError:
        packed = b""
    if len(packed) != length or sealed(packed, collection, asked) != cursor:
        raise InputError(
            "the cursor is damaged, or of a request with another collection or other filters: send it as it "
            "came, with the same ones, or leave it out and begin anew",
            "cursor",
        )
    return packed


def sealed(packed: bytes, collection: str, asked: object) -> str:
    """A cursor of some bytes, of this collection and filter alone."""
    meant = orjson.dumps([collection, asked])
    check = hashlib.blake2b(packed + meant, digest_size=CHECK_BYTES).digest()
    return base64.urlsafe_b64encode(packed + check).decode()


def _beginning(moment: str) -> datetime:
    """The moment that is named; of a date without a time the first."""
    try:
        return datetime.combine(date.fromisoformat(moment), time.min, UTC)
    except ValueError:
        return instant(moment)
