"""What the calls share: the open archives of their application, who may use them, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from service.archives import Archives
from service.keys.guard import Guard
from service.keys.ring import Keyring
from service.keys.sessions import Sessions
from service.limits.spending import Spending
from service.limits.work import Places
from service.operations.metrics import Metrics
from service.settings import Settings
from service.uploads.readers import Readers

_KEY = "nearcopy"


@dataclass(frozen=True)
class Shared:
    """What the calls of one application share."""

    archives: Archives
    guard: Guard
    spending: Spending
    places: Places
    readers: Readers
    metrics: Metrics
    metrics_open: bool


def share(
    app: Flask, archives: Archives, settings: Settings, metrics: Metrics, readers: Readers | None = None
) -> None:
    """Hand the archives, and what the settings say of their use, to the calls of the application."""
    app.extensions[_KEY] = Shared(
        archives,
        Guard(Keyring(archives.client), settings.exposed, Sessions(archives.client)),
        Spending(archives.client, {"requests": settings.key_requests, "words": settings.key_words}),
        Places(settings.in_flight, settings.deadline, settings.threads),
        readers or Readers(settings),
        metrics,
        settings.metrics_open,
    )


def shared() -> Shared:
    """What the application shares that answers the current request."""
    return cast(Shared, current_app.extensions[_KEY])


def archives() -> Archives:
    """Its archives."""
    return shared().archives
