"""Whoever calls: the key that he shows, and what it lets him do.

As long as nobody made a key, whoever reaches the service may call: it listens on this machine alone, or on a
network that its owner calls private (`Settings.open`). From the first key on every call needs one.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Request, g

from nearcopy.errors import StorageUnavailable
from service import problems
from service.keys.key import EVERY_COLLECTION, Key, Role
from service.keys.ring import Keyring
from service.problems import Refused

HEADER = "Authorization: Bearer nck_…"


class Guard:
    """Lets requests in. ``exposed``: strangers reach the service, so nothing is answered without a key."""

    def __init__(self, ring: Keyring, exposed: bool) -> None:
        self._ring = ring
        self._exposed = exposed

    def admit(self, request: Request, role: Role, collections: Iterable[str]) -> Key | None:
        """The key of a request that needs that role in those collections; None where no key is needed.

        Nothing is looked up in a collection before: what the key is not for may exist or not.
        """
        key = self._key(request)
        g.key = key
        if key is None:
            return None
        if not key.role.covers(role):
            detail = f"this takes a key of role {role}, and yours has role {key.role}"
            raise Refused(problems.NOT_ALLOWED, detail)
        for name in collections:
            if not key.is_for(name):
                which = "all collections" if name == EVERY_COLLECTION else f"collection {name!r}"
                detail = f"this takes a key for {which}, and yours is for {', '.join(key.collections)}"
                raise Refused(problems.NOT_ALLOWED, detail)
        return key

    def knows(self, request: Request) -> bool:
        """Whether whoever asks may be told more than a stranger; nobody may whom the service cannot know."""
        try:
            self._key(request)
        except Refused:
            return False
        except StorageUnavailable:
            return not self._exposed
        return True

    def _key(self, request: Request) -> Key | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else ""
        key = self._ring.find(shown)
        if key is not None:
            return key
        if self._ring.any():
            raise _unknown() if shown else _missing(f"send your API key as {HEADER}")
        if self._exposed:
            raise _missing("there is no API key yet: make one with `nearcopy keys create`")
        return None


def caller() -> Key | None:
    """The key of the current request; None where no key is needed, so that everything is allowed."""
    found: Key | None = g.get("key")
    return found


def may_read() -> bool:
    """Whether the caller may be told what stands in stored texts, and where."""
    key = caller()
    return key is None or key.role.covers(Role.WRITE)


def may_use(collection: str) -> bool:
    """Whether the caller may know of that collection."""
    key = caller()
    return key is None or key.is_for(collection)


def _missing(detail: str) -> Refused:
    return Refused(problems.NO_KEY, detail, headers={"WWW-Authenticate": 'Bearer realm="nearcopy"'})


def _unknown() -> Refused:
    challenge = 'Bearer realm="nearcopy", error="invalid_token"'
    detail = "there is no such API key, or it was revoked"
    return Refused(problems.NO_KEY, detail, headers={"WWW-Authenticate": challenge})
