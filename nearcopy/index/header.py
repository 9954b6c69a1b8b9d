"""What a collection says of itself before it is opened: its header, beside the list of all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from nearcopy.connection import Client, steady
from nearcopy.errors import Busy, NotFound
from nearcopy.index import keys

EXPIRY_SECONDS = 23 * 3600
"""Between two times that a worker expires a collection: once a day, a little early."""

_CREATE = """
-- Write a header unless there is one, or the collection is just dropped.
-- KEYS[1] the header  KEYS[2] what is there while it is dropped  ARGV[1] the header
if redis.call('EXISTS', KEYS[2]) == 1 then return end
return redis.call('SETNX', KEYS[1], ARGV[1])
"""

_CHANGE = """
-- KEYS[1] the header  ARGV[1] as it was read  ARGV[2] as it shall be; returns whether it was so
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""

_HIDE = """
-- A collection can no longer be opened, nor created until all of it has gone.
-- KEYS[1] the header  KEYS[2] what is there while it is dropped
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
return redis.call('GET', KEYS[2])
"""


@dataclass(frozen=True, slots=True)
class Header:
    """How many ``partitions`` it has, and how long it keeps documents, such as ``365d`` (None: for ever)."""

    partitions: int
    keep: str | None = None

    def packed(self) -> str:
        """As JSON."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})

    @classmethod
    def unpacked(cls, stored: bytes) -> Header:
        """The header that was packed."""
        found = json.loads(stored)
        return cls(found["partitions"], found.get("keep"))


def find(client: Client, collection: str) -> Header | None:
    """The header of a collection, if there is one."""
    stored = steady(lambda: client.get(keys.header(collection)))
    return Header.unpacked(stored) if stored is not None else None


def read(client: Client, collection: str) -> Header:
    """The header of a collection. Raises `NotFound`."""
    found = find(client, collection)
    if found is None:
        raise NotFound(f"there is no collection {collection!r}")
    return found


def create(client: Client, collection: str, header: Header) -> bool:
    """Write a header, unless there is one; returns whether there was none. Raises `Busy` while the collection
    is dropped."""
    names = keys.header(collection), keys.dropping(collection)
    made = steady(lambda: client.eval(_CREATE, 2, *names, header.packed()))
    if made is None:
        raise being_dropped(collection)
    steady(lambda: client.sadd(keys.COLLECTIONS, collection))
    return bool(made)


def change_keep(client: Client, collection: str, keep: str | None) -> None:
    """Let a collection keep documents for another time. Raises `NotFound`."""
    while True:
        before = read(client, collection)
        asked = keys.header(collection), before.packed(), replace(before, keep=keep).packed()
        if steady(lambda asked=asked: client.eval(_CHANGE, 1, *asked)):  # type: ignore[misc]
            return

def hide(client: Client, collection: str) -> Header:
    """Begin to drop a collection, or go on with it: from here on it can neither be opened nor created.
    Returns what its header was. Raises `NotFound`."""
    names = keys.header(collection), keys.dropping(collection)
    stored = steady(lambda: client.eval(_HIDE, 2, *names))
    if stored is None:
        raise NotFound(f"there is no collection {collection!r}")
    return Header.unpacked(stored)


def is_hidden(client: Client, collection: str) -> bool:
    """Whether it is being dropped: by somebody, or by nobody any more."""
    return bool(steady(lambda: client.exists(keys.dropping(collection))))


def names(client: Client) -> list[str]:
    """The names of all collections, those that are being dropped too."""
    return sorted(name.decode() for name in steady(lambda: client.smembers(keys.COLLECTIONS)))


def is_due(client: Client, collection: str) -> bool:
    """Whether a collection keeps documents for some time only, and nobody was told so for a day."""
    found = find(client, collection)
    if found is None or found.keep is None:
        return False
    return bool(steady(lambda: client.set(keys.expired(collection), 1, nx=True, ex=EXPIRY_SECONDS)))


def being_dropped(collection: str) -> Busy:
    """What is raised where a collection cannot be created yet."""
    return Busy(
        f"collection {collection!r} is being dropped: wait for the end of that, or drop it again, which goes "
        "on with it"
    )
