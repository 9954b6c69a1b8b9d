"""The keys as they lie in Redis; `nearcopy.index.keys` describes where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from nearcopy import embedded
from nearcopy.connection import Client, connect, steady
from nearcopy.errors import NotFound, WritesRefused
from nearcopy.index.keys import API_KEYS, api_key
from service.keys.key import Key, Role, digest, new_secret, token

USED_SECONDS = 3600
"""How far the time of a key's last use may be off: a write a request would cost more than it tells."""


class KeyStore:
    """The keys of one Redis. Raises `StorageUnavailable` where that does not answer."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self, name: str, role: Role, collections: tuple[str, ...],
        requests: int | None = None, words: int | None = None,
    ) -> tuple[Key, str]:
        """A new key, and its token, which nobody can be told again."""
        id, secret = new_secret()
        key = Key(id, name, role, collections, digest(secret), _now(), requests=requests, words=words)
        stored = {name: value for name, value in _packed(key).items() if value is not None}
        steady(lambda: self._client.hset(api_key(id), mapping=stored))
        # Last: from here on the service asks for keys, and this one works
        steady(lambda: self._client.sadd(API_KEYS, id))
        return key, token(id, secret)

    def any(self) -> bool:
        """Whether a key was ever created; revoking the last one opens nothing."""
        return bool(steady(lambda: self._client.exists(API_KEYS)))

    def get(self, id: str) -> Key | None:
        """The key of that id, revoked or not."""
        stored = steady(lambda: self._client.hgetall(api_key(id)))
        # What `touch` leaves of a key that Redis has lost is no key
        return _unpacked(id, stored) if b"digest" in stored else None

    def all(self) -> list[Key]:
        """Every key, the oldest first."""
        ids = steady(lambda: self._client.smembers(API_KEYS))
        found = [self.get(id.decode()) for id in ids]
        return sorted((key for key in found if key), key=lambda key: (key.created, key.id))

    def revoke(self, id: str) -> Key:
        """Make a key useless for ever. Raises `NotFound`."""
        if self.get(id) is None:
            raise NotFound(f"there is no key {id!r}: `nearcopy keys list` shows them")
        steady(lambda: self._client.hsetnx(api_key(id), "revoked", _now()))
        key = self.get(id)
        assert key is not None
        return key

    def touch(self, key: Key) -> None:
        """Note that the key is in use, once an hour, where Redis takes writes."""
        if key.used is None or _age(key.used) > USED_SECONDS:
            with suppress(WritesRefused):
                steady(lambda: self._client.hset(api_key(key.id), "used", _now()))


@contextmanager
def opened(url: str | None) -> Iterator[KeyStore]:
    """The keys of the Redis at ``url``, else of the embedded one."""
    server = None if url else embedded.start()
    client = connect(url or server.url)  # type: ignore[union-attr]
    try:
        yield KeyStore(client)
    finally:
        client.close()
        if server is not None:
            server.stop()


def _packed(key: Key) -> dict[str, str | int | None]:
    return {
        "name": key.name, "role": key.role, "collections": " ".join(key.collections), "digest": key.digest,
        "created": key.created, "requests": key.requests, "words": key.words,
    }


def _unpacked(id: str, stored: dict[bytes, bytes]) -> Key:
    text = {name.decode(): value.decode() for name, value in stored.items()}
    return Key(
        id, text["name"], Role(text["role"]), tuple(text["collections"].split()), text["digest"],
        text["created"], text.get("used"), text.get("revoked"),
        int(text["requests"]) if "requests" in text else None,
        int(text["words"]) if "words" in text else None,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
