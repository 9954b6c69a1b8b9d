"""What a browser shows of itself: the cookie of a session, and what proves that a form is one of ours.

A form of ours has a token, which is made of a cookie that no other site can read and that is there for this
alone: a form that was filled in before a session ended can be sent after the next one began. A browser says
too where a form stands. Whoever sends a form must pass both; GET changes nothing, whatever it is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from flask import Request, Response, g, request

from service.keys.sessions import LASTS_SECONDS
from service.pages.blueprint import blueprint
from service.problems import Problem, Refused

FOREIGN_FORM = Problem("foreign-form", 403, "The form is not of this page")

SESSION, FORMS = "nearcopy-session", "nearcopy-forms"

FORMS_SECONDS = 30 * 24 * 3600

FIELD = "form_token"
"""The field of a form that holds its token."""

TOKEN_HEADER = "X-Form-Token"
"""The header in which a script sends it instead."""

OURS = ("same-origin", "none")
"""What Sec-Fetch-Site says of a request that comes from a page of ours, or from no page."""


def session_token() -> str:
    """That of the browser's session; "" where it has none."""
    return request.cookies.get(_name(SESSION), "")


def form_token() -> str:
    """What this browser must send with its next form."""
    return _made_of(_secret())


def check_form(request: Request, sent: str) -> None:
    """Refuse a form that is not one of ours, or not of this browser. ``sent``: its token."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    foreign = site not in OURS if site else origin != "null" and urlsplit(origin).netloc != request.host
    if foreign:
        raise Refused(FOREIGN_FORM, "the form was sent from another site: use the one on this page")
    if not hmac.compare_digest(_made_of(_secret()).encode(), sent.encode()):
        detail = "the form is not of this browser, or that keeps no cookies: load the page anew"
        raise Refused(FOREIGN_FORM, detail)


def sign_in(response: Response, token: str) -> None:
    """Have the browser keep a session."""
    _keep(response, SESSION, token, LASTS_SECONDS, "Strict")


def sign_out(response: Response) -> None:
    """Have the browser forget its session, and what it saw of it."""
    response.delete_cookie(_name(SESSION), secure=request.is_secure, httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache"'


def _secret() -> str:
    if "form_secret" not in g:
        g.form_secret = request.cookies.get(_name(FORMS)) or _new()
    return str(g.form_secret)


def _new() -> str:
    g.new_form_secret = secrets.token_urlsafe(32)
    return str(g.new_form_secret)


def _made_of(secret: str) -> str:
    return hmac.new(secret.encode(), b"a form of nearcopy", hashlib.sha256).hexdigest()


@blueprint.after_request
def _keep_secret(response: Response) -> Response:
    if "new_form_secret" in g:
        # Lax: it has to come along where a link of another site leads here
        _keep(response, FORMS, g.new_form_secret, FORMS_SECONDS, "Lax")
    return response


def _keep(response: Response, name: str, value: str, seconds: int, same_site: str) -> None:
    response.set_cookie(
        _name(name), value, max_age=seconds, secure=request.is_secure, httponly=True, samesite=same_site
    )


def _name(name: str) -> str:
    # No other host of the domain can plant a cookie of such a name
    return f"__Host-{name}" if request.is_secure else name
