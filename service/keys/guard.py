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
from service.keys.sessions import Sessions
from service.problems import Refused

HEADER = "Authorization: Bearer nck_…"


class Guard:
    """Lets requests in. ``exposed``: strangers reach the service, so nothing is answered without a key."""

    def __init__(self, ring: Keyring, exposed: bool, sessions: Sessions) -> None:
        self._ring = ring
        self._exposed = exposed
        self.sessions = sessions

    def admit(
        self, request: Request, role: Role, collections: Iterable[str], session: str = ""
    ) -> Key | None:
        """The key of a request that needs that role in those collections; None where no key is needed.

        ``session``: the token of one, of a page; calls of the API take none, so that no cookie opens them.
        Nothing is looked up in a collection before: what the key is not for may exist or not.
        """
        key = self._key(request, session)
        g.key = key
        if key is not None and not key.role.covers(role):
            detail = f"this takes a key of role {role}, and yours has role {key.role}"
            raise Refused(problems.NOT_ALLOWED, detail)
        check_collections(key, collections)
        return key

    def needed(self) -> bool:
        """Whether a key is needed at all. Raises `StorageUnavailable` where nobody knows."""
        return self._exposed or self._ring.any()

    def look(self, session: str) -> None:
        """Note the key of whoever looks at what strangers may see, if he shows one."""
        key = self._of_session(session)
        if key is not None:
            g.key = key

    def opened_by(self, token: str) -> Key | None:
        """The key that a token opens, unless it was revoked. Raises `StorageUnavailable`."""
        return self._ring.find(token)

    def knows(self, request: Request) -> bool:
        """Whether whoever asks may be told more than a stranger; nobody may whom the service cannot know."""
        try:
            self._key(request)
        except Refused:
            return False
        except StorageUnavailable:
            return not self._exposed
        return True

    def _key(self, request: Request, session: str = "") -> Key | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else ""
        key = self._ring.find(shown) or self._of_session(session)
        if key is not None:
            return key
        if self._ring.any():
            raise _unknown() if shown else _missing(f"send your API key as {HEADER}")
        if self._exposed:
            raise _missing("there is no API key yet: make one with `nearcopy keys create`")
        return None


    def _of_session(self, token: str) -> Key | None:
        id = self.sessions.key_id(token)
        return self._ring.valid(id) if id is not None else None


def check_collections(key: Key | None, names: Iterable[str]) -> None:
    """Refuse a collection that a key is not for."""
    for name in names:
        if key is not None and not key.is_for(name):
            which = "all collections" if name == EVERY_COLLECTION else f"collection {name!r}"
            detail = f"this takes a key for {which}, and yours is for {', '.join(key.collections)}"
            raise Refused(problems.NOT_ALLOWED, detail)


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
