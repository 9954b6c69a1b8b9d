"""Addresses that belong to no page: programs are told what is there, people are led to the page."""

from __future__ import annotations

from flask import Response, request
from werkzeug.exceptions import NotFound

from service.failures import answer_of
from service.pages.blueprint import blueprint, guarded, lead_to
from service.pages.frame import problem_page


@blueprint.before_app_request
def _lead_people() -> Response | None:
    if request.path != "/" or request.method != "GET" or not _wants_page():
        return None
    response = lead_to("/check")
    response.vary.add("Accept")
    return response


@blueprint.app_errorhandler(404)
def _nowhere(error: NotFound) -> Response:
    return guarded(problem_page(error)) if _wants_page() else answer_of(error)


def _wants_page() -> bool:
    """Whether whoever asks is a browser: it names HTML, and likes nothing better."""
    accepted = request.accept_mimetypes
    named = any(kind == "text/html" for kind, _ in accepted)
    return named and accepted["text/html"] >= accepted["application/json"]
