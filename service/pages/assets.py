"""Style sheets and scripts: small enough to be kept in memory, and held by browsers for a year.

All of them are served below the digest of all of them, so that a script may import another by its bare name,
and whatever changes gets a new address.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from flask import Response

from service.pages.blueprint import blueprint, prefixed

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}

ASSETS = {
    one.name: one.read_bytes()
    for one in sorted((files("service") / "pages" / "static").iterdir(), key=lambda one: one.name)
}

DIGEST = hashlib.sha256(b"\0".join(part for name, held in ASSETS.items() for part in (name.encode(), held)))
VERSION = DIGEST.hexdigest()[:16]

FOR_A_YEAR = "public, max-age=31536000, immutable"


def asset(name: str) -> str:
    """The address of a file of ``static/``; a `KeyError` where there is none of that name."""
    ASSETS[name]
    return prefixed(f"/assets/{VERSION}/{name}")


@blueprint.get("/assets/<string:version>/<string:name>")
def assets(version: str, name: str) -> Response:
    """A style sheet or script, and no page."""
    held = ASSETS.get(name)
    if held is None:
        return Response("there is no such file", 404, content_type="text/plain; charset=utf-8")
    # A page of another version of ours, still open or from another process, gets the file as it is now
    keep = FOR_A_YEAR if version == VERSION else "no-cache"
    return Response(held, content_type=TYPES[name.rpartition(".")[2]], headers={"Cache-Control": keep})
