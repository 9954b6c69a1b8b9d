"""Proxies in front of the service: what they say of a request is believed only where the owner says so."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix


def believe(app: Flask, hops: int) -> None:
    """Take the caller's address from that many entries of X-Forwarded-For, from its end, and the scheme and
    the prefix of all paths from the nearest proxy. None of it with 0 hops: any caller can send the headers.
    """
    if hops:
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=1, x_host=0, x_prefix=1)
        app.wsgi_app = proxied  # type: ignore[method-assign]
        app.after_request(_behind_prefix)


def _behind_prefix(response: Response) -> Response:
    """Our paths begin where the proxy sends them to us, and the caller's with its prefix."""
    location = response.headers.get("Location", "")
    if location.startswith("/"):
        response.headers["Location"] = request.script_root + location
    return response
