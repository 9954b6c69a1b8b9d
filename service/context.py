"""What the calls share: the open archives of their application."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from service.archives import Archives

_KEY = "nearcopy"


def share(app: Flask, archives: Archives) -> None:
    """Hand the archives to the calls of the application."""
    app.extensions[_KEY] = archives


def archives() -> Archives:
    """The archives of the application that answers the current request."""
    return cast(Archives, current_app.extensions[_KEY])
