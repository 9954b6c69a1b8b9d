"""Drop a whole collection, in steps so small that nobody waits for one."""

from __future__ import annotations

import time

from nearcopy.connection import Client, steady
from nearcopy.index import clusters, header, kept, keys
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.lock import Lock
from nearcopy.index.retiring import steps, unlink_step


def drop(client: Client, collection: str, lock: Lock, until: float) -> bool:
    """Remove every key of a collection's partitions and what is noted of it; whether all of it has gone by
    ``until``, in seconds of `time.monotonic`. Called again it goes on. The caller holds the lock, and calls
    `forget` once all has gone.

    The header and the pointers go first: whoever has the collection open finds no index any more, and nobody
    can write to it or create it anew before it has gone. Raises `NotFound`.
    """
    partitions = header.hide(client, collection).partitions
    _note_last(client, collection)
    for number in range(partitions):
        pointer = PartitionKeys.of(collection, number).pointer
        steady(lambda pointer=pointer: client.delete(pointer))  # type: ignore[misc]
    held = PartitionKeys.of(collection, 0).lock
    for step in steps(client, f"{{{collection}/*".encode()):
        lock.check()
        unlink_step(client, [key for key in step if key != held])
        if time.monotonic() > until:
            return False
    return True


def forget(client: Client, collection: str) -> None:
    """The last of it: from here on, there may be another collection of that name."""
    kept.forget(client, collection)
    clusters.forget(client, collection)
    for name in keys.generations(collection), keys.expired(collection):
        steady(lambda name=name: client.delete(name))  # type: ignore[misc]
    steady(lambda: client.srem(keys.COLLECTIONS, collection))
    steady(lambda: client.delete(keys.dropping(collection)))


def _note_last(client: Client, collection: str) -> None:
    """No generation of a later collection of that name may have a number that one of this had."""
    names = PartitionKeys.of(collection, 0)
    noted = steady(lambda: client.hget(keys.DROPPED, collection))
    numbers = steady(lambda: client.mget(names.pointer, names.begun))
    last = max(int(number or 1) for number in (noted, *numbers))
    steady(lambda: client.hset(keys.DROPPED, collection, last))
