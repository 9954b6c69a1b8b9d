"""Whoever signed in with a key in a browser: sessions, as they lie in Redis.

A session has a token of its own, which only the browser has: Redis has its SHA-256. It stands for a key, not
for what that may do: once the key is revoked, its sessions are worth nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from nearcopy.connection import Client, steady
from nearcopy.index.keys import session
from service.keys.key import Key, digest

LASTS_SECONDS = 12 * 3600
"""From signing in on: a long working day."""


class Sessions:
    """The sessions of the Redis that ``client`` gives. Raises `StorageUnavailable`."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client

    def begin(self, key: Key) -> str:
        """A new session of a key; its token. Raises `WritesRefused`."""
        token = secrets.token_urlsafe(32)
        steady(lambda: self._client().set(session(digest(token)), key.id, ex=LASTS_SECONDS))
        return token

    def key_id(self, token: str) -> str | None:
        """The id of the key that a session is of, if there is one."""
        stored = steady(lambda: self._client().get(session(digest(token)))) if token else None
        return stored.decode() if stored else None

    def end(self, token: str) -> None:
        """End a session."""
        steady(lambda: self._client().delete(session(digest(token))))
