"""Signing in with an API key, and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, request

from service.context import shared
from service.keys.guard import caller
from service.keys.key import Role
from service.pages.blueprint import lead_to, lead_to_url
from service.pages.forms import Form
from service.pages.frame import page, shown
from service.pages.visits import session_token, sign_in, sign_out

UNKNOWN = "There is no such key, or it was revoked. Paste the whole of it: it begins with nck_."


@page("GET", "/sign-in", role=None)
def sign_in_form() -> Response:
    """Where a key is pasted."""
    if caller() is not None or not shared().guard.needed():
        return lead_to_url(_next())
    # A link on another site leads here without the session's cookie. Asked for from here, it comes along
    again = _next() if request.headers.get("Sec-Fetch-Site") == "cross-site" else None
    return shown("sign-in.html", asks=False, next=_next(), again=again, wrong=None)


@page("POST", "/sign-in", role=None)
def sign_in_with(form: Form) -> Response:
    """Begin a session of the key."""
    guard = shared().guard
    key = guard.opened_by(form.get("key"))
    if key is None:
        return shown("sign-in.html", status=403, asks=False, next=_next(), again=None, wrong=UNKNOWN)
    token = guard.sessions.begin(key)
    if session_token():
        guard.sessions.end(session_token())
    response = lead_to_url(_next())
    sign_in(response, token)
    return response


@page("POST", "/sign-out", role=Role.CHECK)
def sign_out_of(_: Form) -> Response:
    """End the session."""
    shared().guard.sessions.end(session_token())
    response = lead_to("/sign-in", collection=None)
    sign_out(response)
    return response


def _next() -> str:
    """Where to go then: a place of ours, whatever stands in the link."""
    path = request.args.get("next", "")
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/check"
    ours = not parts.scheme and not parts.netloc and path[:1] == "/" and path[1:2] not in ("/", "\\")
    return path if ours and path.isprintable() else "/check"
