"""The keys as a service process knows them: asked of Redis once, and then for a few seconds believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from nearcopy.connection import Client
from nearcopy.errors import StorageUnavailable
from service.keys.key import Key, parts
from service.keys.store import KeyStore

BELIEVED_SECONDS = 3.0
"""What Redis said of a key counts for this long: a new key or a revocation holds everywhere by then, and a
request costs no round trip for its key."""

T = TypeVar("T")


class Keyring:
    """The keys of the Redis that ``client`` gives. Safe to share between threads."""

    def __init__(self, client: Callable[[], Client]) -> None:
        self._client = client
        self._known: dict[str, tuple[float, Key | None]] = {}
        self._any: tuple[float, bool] | None = None

    def any(self) -> bool:
        """Whether there is any key, revoked ones too. Raises `StorageUnavailable` where nobody knows."""
        return _believed(self._any, self._ask_any)

    def find(self, token: str) -> Key | None:
        """The key that a token opens, unless it was revoked."""
        found = parts(token)
        if found is None:
            return None
        id, secret = found
        key = self.valid(id)
        return key if key is not None and key.opened_by(secret) else None

    def valid(self, id: str) -> Key | None:
        """The key of that id, unless it was revoked."""
        key = _believed(self._known.get(id), lambda: self._ask(id))
        return key if key is not None and key.revoked is None else None

    @cached_property
    def _store(self) -> KeyStore:
        return KeyStore(self._client())

    def _ask_any(self) -> bool:
        there = self._store.any()
        self._any = time.monotonic(), there
        return there

    def _ask(self, id: str) -> Key | None:
        key = self._store.get(id)
        if key is None:
            # Unknown ids are asked for each time: strangers could fill the memory with them
            self._known.pop(id, None)
        else:
            self._known[id] = time.monotonic(), key
            self._store.touch(key)
        return key


def _believed(known: tuple[float, T] | None, ask: Callable[[], T]) -> T:
    """What is known, or what Redis says now where that is too old.

    While Redis is away the old knowledge goes on: what needs Redis fails by itself, and what does not, the
    word on bad input, is told all the same.
    """
    if known is not None and time.monotonic() - known[0] < BELIEVED_SECONDS:
        return known[1]
    try:
        return ask()
    except StorageUnavailable:
        if known is None:
            raise
        return known[1]
