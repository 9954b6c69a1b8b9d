"""Replay and publish: a generation gets what was written since it last had all changes; then writers wait
for a moment, in which it gets the last of it and the pointer moves. Going back to an older one is the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from nearcopy.connection import steady
from nearcopy.errors import Busy, NotFound
from nearcopy.index import generations
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.lock import Lock
from nearcopy.index.store import Partition, Store
from nearcopy.index.writing import stored_documents, write_beside

ENTRIES_A_CALL = 128
"""Of the log, replayed together."""

FEW = 100
"""Changes that are replayed so quickly that writers may wait for it."""

ROUNDS = 10
"""How often the log is followed before writers must wait: each round has only what was written during the one
before, unless they are as quick as the replay."""

HOLD_SECONDS = 2.0
"""How long writers wait at most, where whoever publishes dies meanwhile."""

ATTEMPTS = 100
"""More than one is needed only where the rest took longer than writers wait, which leaves less each time."""

_PUBLISH = """
-- Move the pointer of a partition, unless something was logged meanwhile.
-- KEYS[1] the pointer  KEYS[2] the log  KEYS[3] the positions  KEYS[4] the lock  KEYS[5] what holds writers
-- ARGV[1] the generation to publish  ARGV[2] the last entry replayed  ARGV[3] the lock's holder, or ''
-- Returns 1 where the lock is not the holder's.
local live = redis.call('GET', KEYS[1])
if live == ARGV[1] then return end
if ARGV[3] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[3] then return 1 end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local entry = last[1] and last[1][1] or '0-0'
if entry ~= ARGV[2] then return end
redis.call('HSET', KEYS[3], live, entry)
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[5])
"""


def publish(store: Store, generation: bytes, lock: Lock) -> int:
    """Bring a whole generation up to date and make it live; returns how many changes were replayed.

    Each partition goes by itself. Raises `NotFound` where there is no such generation or it is not whole, and
    `Busy` where it is written to faster than it can be followed, `NearcopyError` where another has taken the
    lock.
    """
    record = generations.records(store).get(generation, {})
    if "failed" in record:
        raise NotFound(f"generation {generation.decode()} failed its audit: it cannot be published")
    there = store.at(generation)
    before = {store.refresh(number).generation for number in range(len(store.partitions))} - {generation}
    for one in before:
        # Noted first: it could not be told later what was live before a crash.
        generations.note(store, one, left=time.time())
    replayed = sum(_publish(store, part, number, lock) for number, part in enumerate(there.partitions))
    for one in before:
        generations.note(store, one, left=time.time())
    generations.note(store, generation, published=time.time())
    return replayed


def catch_up(store: Store, beside: Partition) -> tuple[str, int]:
    """Bring a partition of a generation that is not live up to date with the log as it is now; returns the
    last entry of it, and how many changes were replayed. Raises `NotFound` where nobody knows which it
    lacks."""
    positions, generation, replayed = beside.keys.positions, beside.generation, 0
    noted = steady(lambda: store.client.hget(positions, generation))
    if noted is None:
        raise NotFound(f"nobody noted which changes generation {generation.decode()} lacks: build it anew")
    since = noted.decode()
    for last, ids in _changed(store, beside.keys, since):
        since = last
        write_beside(store, beside, stored_documents(store, ids))
        replayed += len(ids)
        steady(lambda since=since: store.client.hset(positions, generation, since))  # type: ignore[misc]
    return since, replayed


def _publish(store: Store, beside: Partition, number: int, lock: Lock) -> int:
    names, replayed, count = beside.keys, 0, 0
    holder = b"" if number else lock.holder  # the lock lies in the first partition, which goes first
    for attempt in range(ROUNDS + ATTEMPTS):
        if store.refresh(number).generation == beside.generation:
            return replayed
        lock.check()
        held = attempt >= ROUNDS or (attempt > 0 and count <= FEW)
        if held:
            steady(lambda: store.client.set(names.hold, 1, px=int(HOLD_SECONDS * 1000)))
        since, count = catch_up(store, beside)
        replayed += count
        if held and _move(store, names, beside.generation, since, holder):
            lock.renew()
    raise Busy(
        f"{store.collection!r} is written to faster than it can be followed: nothing was published; "
        "try again when there is less to do"
    )


def _move(store: Store, names: PartitionKeys, generation: bytes, since: str, holder: bytes) -> bool:
    """Try to move the pointer; whether the lock was lost."""
    asked = names.pointer, names.log, names.positions, names.lock, names.hold, generation, since, holder
    return bool(steady(lambda: store.client.eval(_PUBLISH, 5, *asked)))


def _changed(store: Store, names: PartitionKeys, since: str) -> Iterator[tuple[str, list[str]]]:
    """The ids that were logged after an entry and until now, in portions without repeats, each with its last
    entry."""
    until = steady(lambda: store.client.xrevrange(names.log, count=1))
    while until:
        entries = steady(
            lambda since=since: store.client.xrange(  # type: ignore[misc]
                names.log, f"({since}", until[0][0], count=ENTRIES_A_CALL
            )
        )
        if not entries:
            return
        since = entries[-1][0].decode()
        ids = [id.decode() for _, fields in entries for id in fields.values()]
        yield since, list(dict.fromkeys(ids))
