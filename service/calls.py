"""A call of the service: a route with the models that validate it, run and described from one place."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel

from nearcopy.connection import deadline
from service import problems as kinds
from service.conditions import MATCH
from service.context import archives, shared
from service.keys.key import EVERY_COLLECTION, Role
from service.models import AmongCollections, InCollection, Query, TextBody
from service.problems import Problem
from service.reading import read_query
from service.uploads.sent import from_form, from_json, from_page, is_form, is_page

View = Callable[..., Response]

OF_EVERY_CALL = (kinds.NOT_UTF8, kinds.INVALID_PARAMETER, kinds.INTERNAL)
OF_A_COLLECTION = (kinds.STORAGE_UNAVAILABLE, kinds.OTHER_PARAMETERS)
OF_A_KEY = (
    kinds.NO_KEY, kinds.NOT_ALLOWED, kinds.RATE_LIMITED, kinds.OVERLOADED, kinds.STORAGE_UNAVAILABLE,
)
OF_TEXTS = (kinds.UNREADABLE_FILE, kinds.FILES_BUSY)
OF_A_BODY = (
    kinds.BAD_REQUEST, kinds.BAD_ENCODING, kinds.INVALID_JSON, kinds.INVALID_FIELD, kinds.WRONG_TYPE,
    kinds.TOO_LARGE, kinds.TOO_SLOW,
)
OF_A_STREAM = (kinds.WRONG_TYPE,)

OPEN_SECONDS = 2.0
"""What calls that are open to strangers wait for Redis: whoever watches the service asks them, and often."""


@dataclass(frozen=True)
class Call:
    """A view with its models. Flask calls it with the parts of the path; it hands on what it validated."""

    view: View
    query: type[Query]
    body: type[BaseModel] | None
    answers: Mapping[int, Any]
    problems: tuple[Problem, ...]
    role: Role | None
    page: type[Query] | None
    form: type[BaseModel] | None
    lines: type[BaseModel] | None
    conditions: tuple[str, ...]

    def __call__(self, **path: str) -> Response:
        """Let in, validate, then answer."""
        if self.role is None:
            # Told even while all places are taken
            with deadline(OPEN_SECONDS):
                return self.view(*self._given(), **path)
        use, began = shared(), time.monotonic()
        with use.places.one():
            key = use.guard.admit(request, self.role, self._collections(path))
            use.spending.spend(key, "requests")
        spent = time.monotonic() - began
        with ExitStack() as reading:
            if self.body is not None or self.lines is not None:
                reading.enter_context(use.places.reading())
            given = self._given()
            if self.lines is None:
                reading.close()
            with use.places.one(spent):
                use.spending.spend_words(key, given)
                response = self.view(*given, **path)
            # A stream is read while it is answered
            response.call_on_close(reading.pop_all().close)
        return response

    def _given(self) -> list[BaseModel]:
        """What the view is handed: the query and the body, if it has any."""
        page = self.page if is_page(request) else None
        query = read_query(request, page or self.query)
        given: list[BaseModel] = [] if self.query is Query else [query]
        if self.body is not None:
            given.append(self._sent(query, self.body))
        return given

    def _sent(self, query: Query, body: type[BaseModel]) -> BaseModel:
        if self.page is not None and is_page(request):
            return from_page(request, query, body)
        if self.form is not None and is_form(request):
            return from_form(request, self.form, body)
        return from_json(request, body)

    def _collections(self, path: Mapping[str, str]) -> list[str]:
        """Those that the request is about; a call that does not say needs a key for all of them."""
        if issubclass(self.query, AmongCollections):
            return []
        if issubclass(self.query, InCollection):
            return [name or archives().default for name in request.args.getlist("collection") or [""]]
        return [path.get("collection", EVERY_COLLECTION)]

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (inspect.getdoc(self.view) or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of the view's docstring."""
        return (inspect.getdoc(self.view) or "").partition("\n")[2].strip()

    @property
    def every_problem(self) -> set[Problem]:
        """Its own problems, and those that its query and body imply."""
        implied = {*OF_EVERY_CALL, *self.problems}
        if issubclass(self.query, InCollection):
            implied.update(OF_A_COLLECTION)
        if self.body is not None:
            implied.update(OF_A_BODY)
            implied.update(OF_TEXTS if issubclass(self.body, TextBody) else ())
        if self.lines is not None:
            implied.update(OF_A_STREAM)
        if self.form is not None:
            implied.add(kinds.UNKNOWN_FILE)
        if MATCH in self.conditions:
            implied.add(kinds.PRECONDITION_FAILED)
        if self.role is not None:
            implied.update(OF_A_KEY)
        return implied


def call(
    blueprint: Blueprint,
    method: str,
    rule: str,
    *,
    answers: Mapping[int, Any],
    query: type[Query] = Query,
    body: type[BaseModel] | None = None,
    problems: tuple[Problem, ...] = (),
    role: Role | None = Role.ADMIN,
    page: type[Query] | None = None,
    form: type[BaseModel] | None = None,
    lines: type[BaseModel] | None = None,
    conditions: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Route ``method rule`` to the decorated view. It gets the query and body if it has any, and the path.

    ``answers``: for each status the type of its JSON, or None. ``problems``: those that this call adds to the
    ones that its query and body imply. ``role``: the least that a key must have; None for a call that is open
    to strangers. ``page``: the query of the call where its body is an HTML page, and ``form`` its form with a
    file; the view gets both as ``body``. ``lines``: what each line of the body is, where it is a
    stream, which the view reads itself; the answers are lines too. ``conditions``: the headers with which a
    request may be bound to an ETag, which answers then have.
    """

    def register(view: View) -> View:
        route = Call(view, query, body, answers, problems, role, page, form, lines, conditions)
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=route, methods=[method])
        return view

    return register
