"""What a call was sent, in whatever form: JSON, a page, or a form with a file. It becomes one model."""

from __future__ import annotations

from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any, TypeVar, cast

from flask import Request
from pydantic import BaseModel
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser

from service.body import BLOCK, packing_of, read_bytes
from service.context import shared
from service.models import Query, TextBody
from service.problems import BAD_REQUEST, INVALID_FIELD, TOO_LARGE, Refused
from service.reading import gathered, read_body, refused, validated

PAGES = frozenset({"text/html", "application/xhtml+xml"})
FORM = "multipart/form-data"

MOST_PARTS = 2100
"""Parts of a form: both lists of a check in full, and the rest."""

Body = TypeVar("Body", bound=BaseModel)


def is_page(request: Request) -> bool:
    """Whether the body is an HTML page."""
    return request.mimetype in PAGES


def is_form(request: Request) -> bool:
    """Whether the body is a form, with a file among its fields."""
    return request.mimetype == FORM


def from_json(request: Request, model: type[Body]) -> Body:
    """The JSON object of the body; what it says is a page is already that page's main text."""
    body = read_body(request, model)
    if isinstance(body, TextBody):
        to_text(body)
    return body


def to_text(body: TextBody) -> None:
    """Put the main text in place of each page. Raises `UnreadableFile`."""
    if body.format == "html":
        for name in body.TEXTS:
            page = getattr(body, name).encode()
            setattr(body, name, shared().readers.text(page, field=name, charset="utf-8", kind="html"))


def from_page(request: Request, query: Query, model: type[Body]) -> Body:
    """The main text of the page that is the body, with the options that stand in the query."""
    with room(request):
        text = shared().readers.text(
            _file(request), charset=request.mimetype_params.get("charset"), kind="html"
        )
    options = {name: getattr(query, name) for name in query.model_fields_set & set(model.model_fields)}
    return model(text=text, **options)


def from_form(request: Request, form: type[BaseModel], model: type[Body]) -> Body:
    """The main text of the form's file, with the options that are its other fields."""
    with room(request):
        return _from_parts(*parts(request), form, model)


def _from_parts(
    fields: MultiDict[str, str], files: MultiDict[str, FileStorage], form: type[BaseModel], model: type[Body]
) -> Body:
    values = gathered(fields, form, "pointer", INVALID_FIELD)
    if "file" in values:
        raise refused(INVALID_FIELD, "pointer", "file", "is no file: give this part a filename")
    for name, found in files.lists():
        if len(found) > 1:
            raise refused(INVALID_FIELD, "pointer", name, f"is given {len(found)} times: give it once")
        values[name] = found[0].read()
    options = validated(form, values, "pointer", INVALID_FIELD)
    file = files["file"]
    text = shared().readers.text(
        values["file"], field="file", name=file.filename or "", charset=file.mimetype_params.get("charset")
    )
    given = {name: getattr(options, name) for name in options.model_fields_set - {"file"}}
    return model(text=text, **given)


def parts(request: Request) -> tuple[MultiDict[str, str], MultiDict[str, FileStorage]]:
    """The fields and the files of a form that is the body."""
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    raw = _file(request)
    parser = MultiPartParser(
        # The default one would put a large file on the disk
        stream_factory=cast(Any, lambda **_: BytesIO()),
        buffer_size=BLOCK,
        # What was not parsed yet counts too
        max_form_memory_size=shared().readers.settings.body_limit + BLOCK,
        max_form_parts=MOST_PARTS,
    )
    try:
        return parser.parse(BytesIO(raw), boundary, len(raw))
    except RequestEntityTooLarge:
        detail = f"a form has at most {MOST_PARTS} parts, and its fields the bytes of NEARCOPY_BODY_LIMIT"
        raise Refused(TOO_LARGE, detail) from None
    except ValueError as error:
        raise Refused(BAD_REQUEST, f"the form cannot be read: {error}") from None


def room(request: Request) -> AbstractContextManager[None]:
    """Room for the body while it is read; nobody knows how much a packed one will need."""
    return shared().readers.room(None if packing_of(request) else request.content_length)


def _file(request: Request) -> bytes:
    request.max_content_length = shared().readers.settings.file_limit
    return read_bytes(request, "FILE_LIMIT")
