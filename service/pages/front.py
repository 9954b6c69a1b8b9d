"""The address alone: programs are told the calls there, people are led to the page."""

from __future__ import annotations

from flask import Response, request

from service.pages.blueprint import blueprint, lead_to


@blueprint.before_app_request
def _lead_people() -> Response | None:
    if request.path != "/" or request.method != "GET" or not _wants_page():
        return None
    response = lead_to("/check")
    response.vary.add("Accept")
    return response


def _wants_page() -> bool:
    """Whether whoever asks is a browser: it names HTML, and likes nothing better."""
    accepted = request.accept_mimetypes
    named = any(kind == "text/html" for kind, _ in accepted)
    return named and accepted["text/html"] >= accepted["application/json"]
