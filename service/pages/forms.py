"""What a form of a page sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict

from service.body import read_bytes
from service.pages.visits import FIELD, TOKEN_HEADER, check_form
from service.problems import BAD_REQUEST, Refused
from service.uploads.sent import is_form, parts, room

MOST_FIELDS = 2100

STRANGERS_BYTES = 1 << 14
"""Of a form that anybody may send: the one with a key."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, and its files."""

    fields: MultiDict[str, str]
    files: MultiDict[str, FileStorage] = field(default_factory=MultiDict)

    def get(self, name: str) -> str:
        """The value of a field without the space around it; "" where it is not there."""
        return self.fields.get(name, "").strip()


@contextmanager
def sent_form(request: Request, of_strangers: bool) -> Iterator[Form]:
    """The form that a request sent, proven to be ours (`service.pages.visits`); one with files has room for
    as long as this lasts. ``of_strangers``: anybody may send it, so it is small and has none."""
    if of_strangers:
        request.max_content_length = STRANGERS_BYTES
    elif is_form(request):
        with room(request):
            form = Form(*parts(request))
            yield _checked(request, form)
        return
    yield _checked(request, Form(_encoded(request)))


def _checked(request: Request, form: Form) -> Form:
    check_form(request, request.headers.get(TOKEN_HEADER) or form.fields.pop(FIELD, ""))
    return form


def _encoded(request: Request) -> MultiDict[str, str]:
    raw = read_bytes(request).decode("ascii", "replace")
    try:
        return MultiDict(parse_qsl(raw, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise Refused(BAD_REQUEST, f"the form cannot be read: {error}") from None
