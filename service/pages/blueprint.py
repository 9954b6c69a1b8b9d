"""Where the pages are registered, what their answers have in common, and how they link to each other."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, request

blueprint = Blueprint("pages", __name__, template_folder="templates")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; font-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would send `Origin: null` with our own forms; other sites hear nothing
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""A browser then loads and runs nothing but our own files, whatever came to stand in a page."""

KEEP = "private, no-cache"
"""Pages are asked for anew each time, but going back to one finds the form as it was left."""

NEVER_KEEP = "private, no-store"
"""What is told to a key is gone from the browser with the page."""


@blueprint.after_request
def guarded(response: Response) -> Response:
    """The answer with the headers that every page has."""
    response.headers.extend({name: value for name, value in HEADERS.items() if name not in response.headers})
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = KEEP
        response.vary.add("Cookie")
    return response


def prefixed(path: str) -> str:
    """The path as the browser must ask for it: behind the prefix of a proxy, if there is one."""
    return request.script_root + path


def at(path: str, **query: str | int | None) -> str:
    """A link to a page of ours, in the same collection unless another is named. What is None is left out."""
    if "collection" not in query and "collection" in request.args:
        query["collection"] = request.args["collection"]
    given = {name: value for name, value in query.items() if value is not None}
    return prefixed(path) + ("?" + urlencode(given) if given else "")


def lead_to(path: str, **query: str | int | None) -> Response:
    """Have the browser ask for a page, whatever it has sent. ``path`` and query as for `at`."""
    return lead_to_url(at(path, **query).removeprefix(request.script_root))


def lead_to_url(url: str) -> Response:
    """Likewise; ``url`` begins with ``/``, and a proxy's prefix is still to come: every answer gets it
    (`service.operations.proxies`)."""
    return Response(status=303, headers={"Location": url})
