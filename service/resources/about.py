"""What the service offers: the list of its calls, and their OpenAPI description."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app

from service.answers import CallList, as_json
from service.calls import call
from service.openapi import PURPOSE, describe, release, routes

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
    return as_json(describe(current_app))
