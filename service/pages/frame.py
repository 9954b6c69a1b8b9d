"""A page: let in, answered, and put into the frame that all of them share."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from flask import Response, g, render_template, request
from markupsafe import Markup

from nearcopy.connection import deadline
from nearcopy.errors import StorageUnavailable
from nearcopy.index import header
from service import problems
from service.calls import OPEN_SECONDS
from service.context import archives, shared
from service.failures import HIDDEN, answer_of
from service.keys.guard import caller, check_collections, may_use
from service.keys.key import Role
from service.openapi import release
from service.pages.assets import asset
from service.pages.blueprint import NEVER_KEEP, at, blueprint, lead_to, prefixed
from service.pages.forms import sent_form
from service.pages.hosts import check_host
from service.pages.visits import FIELD, form_token, session_token

View = Callable[..., Response]

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """A view for people. Flask calls it with the parts of the path; where it takes forms it is handed the
    form first. ``role``: the least that a key must have, None for a page that is open to strangers."""

    view: View
    role: Role | None

    def __call__(self, **path: str) -> Response:
        """Let in, then answer."""
        use, began = shared(), time.monotonic()
        if self.role is None:
            with use.places.one(), deadline(OPEN_SECONDS):
                use.guard.look(session_token())
        else:
            with use.places.one():
                key = use.guard.admit(request, self.role, (), session_token())
                if key is None:
                    check_host(request)
                use.spending.spend(key, "requests")
                check_collections(key, [collection()])
                g.collection = collection()
        spent = time.monotonic() - began
        with ExitStack() as reading:
            given = []
            if request.method == "POST":
                reading.enter_context(use.places.reading())
                given.append(reading.enter_context(sent_form(request, of_strangers=self.role is None)))
            with use.places.one(spent):
                return self.view(*given, **path)


def page(method: str, rule: str, *, role: Role | None) -> Callable[[View], View]:
    """Route ``method rule`` to the decorated view, whose name is the endpoint's."""

    def register(view: View) -> View:
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=Page(view, role), methods=[method])
        return view

    return register


def collection() -> str:
    """The collection that the page is about: the one that was asked for, else the default one, else the first
    that the key is for."""
    asked = request.args.get("collection")
    if asked:
        return asked
    default, key = archives().default, caller()
    if key is None or key.is_for(default):
        return default
    return key.collections[0]


def shown(
    template: str, *, status: int = 200, asks: bool = True, private: bool = False, **values: Any
) -> Response:
    """A page made from a template; ``asks``: whether Redis may be asked for what the frame shows;
    ``private``: whether it shows what is stored, which no browser may keep beyond the session of a key."""
    with deadline(OPEN_SECONDS):
        names = _collections() if asks else []
    framed = {"release": release(), "collections": names, "key": caller()}
    response = Response(
        render_template(template, **_shared(), **framed, **values), status, content_type=HTML
    )
    if private and caller() is not None:
        response.headers["Cache-Control"] = NEVER_KEEP
    return response


def part(template: str, **values: Any) -> Response:
    """A part of a page, for a script that puts it into the page that is there."""
    return Response(render_template(template, **_shared(), **values), content_type=HTML)


def wants_part() -> bool:
    """Whether a script asks, which can use a part of a page, or a problem as the calls of the API tell it."""
    return "X-Part" in request.headers


def _shared() -> dict[str, Any]:
    """What any template may use."""
    return {
        "at": at, "prefixed": prefixed, "asset": asset, "form_token": form_token, "token_field": _token_field,
        "collection": collection(), "may": may,
    }


def _token_field() -> Markup:
    """What every form has."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, form_token())


def may(role: str) -> bool:
    """Whether whoever looks at the page may do what takes that role; a stranger may nothing."""
    key = caller()
    return "key" in g and (key is None or key.role.covers(Role(role)))


def _collections() -> list[str]:
    """The names of the collections that can be chosen from; nobody unknown is told any."""
    if "key" not in g:
        return []
    with suppress(StorageUnavailable):
        return list(filter(may_use, header.names(archives().client())))
    return []


@blueprint.errorhandler(Exception)
def problem_page(error: Exception) -> Response:
    """What went wrong, in words, in the same frame."""
    told = answer_of(error)
    if wants_part():
        return told
    if told.status_code == problems.NO_KEY.status and request.method == "GET":
        return lead_to("/sign-in", next=request.full_path.rstrip("?"), collection=None)
    body = told.get_json()
    response = shown("problem.html", status=told.status_code, asks=False, problem=body, hidden=HIDDEN)
    if "Retry-After" in told.headers:
        response.headers["Retry-After"] = told.headers["Retry-After"]
    return response
