"""The documents of a collection: looking for some, and one with its copies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Response, request

from nearcopy.archive import Archive
from nearcopy.document import Document, checked_id, instant
from nearcopy.errors import InputError, NoIndex, NotFound
from nearcopy.index.listing import Found, walk_ids
from service.context import archives
from service.keys.key import Role
from service.pages.blueprint import blueprint, lead_to
from service.pages.forms import Form
from service.pages.frame import collection, page, shown
from service.pages.searching import Search, look
from service.pages.times import Times
from service.saying import day, day_and_time

COPIES = 100
"""Copies of a document that are listed."""

FIELDS = ("words", "publisher", "published_from", "published_to")

blueprint.add_app_template_filter(day)
blueprint.add_app_template_filter(day_and_time)


@blueprint.app_template_filter("address")
def address(url: str | None) -> str | None:
    """A URL that may be linked; None of any other kind."""
    try:
        return url if url and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Copy:
    """A document in the line of its copies; ``told``: a source of the report, None for the document itself;
    ``first``: all others with a date are later."""

    told: dict[str, Any] | None
    title: str | None
    publisher: str | None
    published_at: str | None
    first: bool
    place: float | None
    lane: int


@page("GET", "/archive/documents", role=Role.WRITE)
def documents_page() -> Response:
    """The documents that are looked for, a page of them."""
    asked = {name: request.args.get(name, "").strip() for name in FIELDS}
    archive, search = archives().get(collection()), Search(**asked)
    of_id = _of_id(archive, search)
    values: dict[str, Any] = {"search": search, "searched": any(asked.values()), "of_id": of_id}
    try:
        looked = look(archive.store, search, request.args.get("cursor"))
    except NoIndex:
        raise
    except InputError as error:
        return shown("documents.html", status=422, looked=None, wrong=str(error), stored=0, **values)
    return shown(
        "documents.html", private=True, looked=looked, wrong=None, stored=archive.store.sizes()[0],
        removed="removed" in request.args, first="cursor" not in request.args, **values,
    )


@page("GET", "/archive/document", role=Role.WRITE)
def document_page() -> Response:
    """A document, with its copies over time."""
    archive, id = archives().get(collection()), checked_id(request.args.get("id"))
    document = archive.get(id)
    report = archive.copies(id, limit=COPIES).to_dict()
    copies, times = _over_time(document, report)
    fields = orjson.dumps(dict(document.fields), option=orjson.OPT_INDENT_2).decode()
    return shown(
        "document.html", document=document, fields=fields if document.fields else None, report=report,
        copies=copies, times=times, private=True,
    )


@page("GET", "/archive/document/remove", role=Role.WRITE)
def removal_page() -> Response:
    """The question, before it is removed."""
    document, digest = archives().get(collection()).stored(checked_id(request.args.get("id")))
    return shown("removal.html", document=document, digest=digest.hex())


@page("POST", "/archive/document/remove", role=Role.WRITE)
def remove(form: Form) -> Response:
    """Remove it, as it was when the question was put."""
    archive, id, digest = archives().get(collection()), checked_id(form.fields.get("id")), form.get("digest")
    if not archive.delete(id, lambda stored: stored is None or stored[1].hex() == digest):
        raise NotFound(f"there is no document {id!r} any more")
    return lead_to("/archive/documents", removed=1)


def _of_id(archive: Archive, search: Search) -> Found | None:
    """The document whose very id was looked for."""
    try:
        checked_id(search.words)
    except InputError:
        return None
    return next((one for step in walk_ids(archive.store, [search.words]) for one in step.found), None)


def _over_time(document: Document, report: dict[str, Any]) -> tuple[list[Copy], Times]:
    """The document and its copies, the first that was published first, those without a date last."""
    sources = report["sources"]
    dates = [document.published_at, *(one["published_at"] for one in sources)]
    times = Times(dates, None)
    moments = sorted(instant(date) for date in dates if date)
    first = moments[0] if len(moments) > 1 and moments[0] < moments[1] else None
    told = [None, *sources]
    named = [{"title": document.title, "publisher": document.publisher}, *sources]
    found = [
        Copy(one, of["title"], of["publisher"], date, bool(date and instant(date) == first), *place)
        for one, of, date, place in zip(told, named, dates, times.places, strict=True)
    ]
    latest = datetime.max.replace(tzinfo=UTC)
    found.sort(key=lambda one: instant(one.published_at) if one.published_at else latest)
    return found, times
