"""What the service offers: the list of its calls, and their OpenAPI description."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import orjson
from flask import Blueprint, Flask, Response, current_app

from service.answers import CallList, as_json
from service.calls import call
from service.openapi import PURPOSE, describe, release, routes
from service.page import HEADERS, page

blueprint = Blueprint("about", __name__)


@call(blueprint, "GET", "/", answers={200: CallList}, role=None)
def list_calls() -> Response:
    """List the calls."""
    calls = [
        {"method": route.method, "path": route.path, "summary": route.call.summary}
        for route in routes(current_app)
    ]
    return as_json({"service": "nearcopy", "version": release(), "description": PURPOSE, "calls": calls})


@call(blueprint, "GET", "/openapi.json", answers={200: dict[str, Any]}, role=None)
def openapi() -> Response:
    """Describe the calls in OpenAPI 3.1."""
    return Response(_described(cast(Any, current_app)._get_current_object()), content_type="application/json")


@blueprint.get("/docs")
def docs() -> Response:
    """The description as a page for people, and no call of the API."""
    html = _page(cast(Any, current_app)._get_current_object())
    return Response(html, headers=HEADERS, content_type="text/html; charset=utf-8")


@lru_cache(maxsize=1)
def _page(app: Flask) -> str:
    return page(describe(app))


@lru_cache(maxsize=1)
def _described(app: Flask) -> bytes:
    """Made once: it takes a tenth of a second, and whoever comes may ask for it."""
    return orjson.dumps(describe(app))
