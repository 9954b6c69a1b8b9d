"""Every request: its id, its line in the log, and its place in the metrics."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from flask import Flask, Response, current_app, g, request

from service.calls import Call
from service.context import shared
from service.keys.guard import caller
from service.models import InCollection
from service.operations.log import logger
from service.operations.metrics import Metrics

HEADER = "X-Request-Id"

ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What is taken from a caller: UUIDs, ULIDs, trace ids. Anything else may be a text."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NO_ROUTE = "-"
PROBES = {"/healthz", "/readyz", "/metrics"}
"""Asked every few seconds: where they succeed they are logged for debugging alone."""


def register(app: Flask, metrics: Metrics) -> None:
    """Watch every request of the application. To be called first, so that it sees what the others do."""
    app.before_request(lambda: _begin(metrics))
    app.after_request(lambda response: _end(response, metrics))


def _begin(metrics: Metrics) -> None:
    g.began = time.perf_counter()
    given = request.headers.get(HEADER, "")
    g.request_id = given if ID.fullmatch(given) else secrets.token_hex(16)
    metrics.in_flight.inc()


def _end(response: Response, metrics: Metrics) -> Response:
    """Give the id back, and note the request once its last byte is sent."""
    response.headers[HEADER] = g.request_id
    if g.get("watched"):
        # The first answer failed on its way here, and this one stands in for it
        return response
    g.watched = True
    fields, began, sent = _described(), g.began, [0]
    if response.is_streamed:
        response.response = _counted(response.response, sent)
    response.call_on_close(lambda: _note(response, fields, began, sent[0], metrics))
    return response


def _note(response: Response, fields: dict[str, Any], began: float, sent: int, metrics: Metrics) -> None:
    seconds = time.perf_counter() - began
    size = sent if response.is_streamed else response.content_length or 0
    metrics.in_flight.dec()
    metrics.answered(fields["route"], fields["method"], response.status_code, seconds)
    level = logging.DEBUG if fields["route"] in PROBES and response.status_code < 400 else logging.INFO
    told = {"status": response.status_code, "ms": round(seconds * 1000, 1), "bytes": size}
    name = f"{fields['method']} {fields['route']}"
    logger.log(level, name, extra={"fields": fields | told})


def _described() -> dict[str, Any]:
    """What can be told of the current request, as long as it is the current one."""
    key = caller()
    return {
        "method": request.method if request.method in METHODS else "OTHER",
        "route": request.url_rule.rule if request.url_rule is not None else NO_ROUTE,
        "collection": _collection(),
        "key": key.id if key is not None else None,
        "client": _address(),
        "request_id": g.request_id,
    }


def _collection() -> str | None:
    """The collection that was asked for, if there is one: any other name may be a text."""
    archives = shared().archives
    named = (request.view_args or {}).get("collection") or g.get("collection")
    view = current_app.view_functions.get(request.endpoint or "")
    if named is None and isinstance(view, Call) and issubclass(view.query, InCollection):
        named = request.args.get("collection") or archives.default
    return named if named is not None and archives.has_open(named) else None


def _address() -> str | None:
    try:
        return str(ip_address(request.remote_addr or ""))
    except ValueError:
        return None


def _counted(parts: Any, sent: list[int]) -> Iterator[bytes]:
    try:
        for part in parts:
            sent[0] += len(part)
            yield part
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
