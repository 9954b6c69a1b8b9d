"""Drop a whole collection, in steps so small that nobody waits for one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from nearcopy.connection import Client, pipeline, steady, translated
from nearcopy.index import header, keys
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.lock import Lock

KEYS_A_STEP = 200
"""Unlinked together: well below a millisecond of the server's time."""


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
    for step in _steps(client, collection):
        lock.check()
        steady(lambda step=step: _unlink(client, step))  # type: ignore[misc]
        if time.monotonic() > until:
            return False
    return True


def forget(client: Client, collection: str) -> None:
    """The last of it: from here on, there may be another collection of that name."""
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


def _steps(client: Client, collection: str) -> Iterator[Sequence[bytes]]:
    step: list[bytes] = []
    held = PartitionKeys.of(collection, 0).lock
    with translated():
        # None of the characters in a collection's name means anything in a pattern
        for key in client.scan_iter(match=f"{{{collection}/*", count=KEYS_A_STEP):
            if key != held:
                step.append(key)
            if len(step) >= KEYS_A_STEP:
                yield step
                step = []
    if step:
        yield step


def _unlink(client: Client, step: Sequence[bytes]) -> None:
    batch = pipeline(client)
    for key in step:
        batch.unlink(key)
    batch.execute()
