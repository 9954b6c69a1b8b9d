"""The generations of a collection: the live one, those kept to go back to, and one that is being made.

A number is given once, to the generation in every partition. What is known of a generation beyond its own
keys is its record. Each partition says up to which entry of its log a generation that is not live has all
changes, and keeps the log from the earliest of these on: so any of them can be brought up to date and
published, however long ago it was live.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from nearcopy.connection import steady
from nearcopy.errors import Busy, InputError, NotFound
from nearcopy.index import keys
from nearcopy.index.retiring import unlink
from nearcopy.index.store import Store
from nearcopy.parameters import Parameters

State = Literal["live", "kept", "building", "failed"]

GRACE = 30.0
"""Seconds in which whoever read a generation has his answer, once another is live."""

_BEGIN = """
-- Note up to where a generation will have all changes, unless it has been noted: up to now.
-- KEYS[1] the positions  KEYS[2] the log  ARGV[1] the generation
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
redis.call('HSETNX', KEYS[1], ARGV[1], last[1] and last[1][1] or '0-0')
"""


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation. ``state``: ``kept`` ones were live and can be published again; one that is ``building``
    is not whole, and stays so where its rebuild died. ``parameters`` and counts are None until it is whole;
    ``record``: what was noted of it (archives, audit, seconds since 1970 when it ``began``, was last
    ``published``, and ``left`` for another)."""

    number: int
    state: State
    documents: int | None
    paragraphs: int | None
    parameters: Parameters | None
    record: dict[str, Any]


def claimed(store: Store) -> bytes:
    """The number of a generation that nobody else writes, or began to write and left."""
    client, first = store.client, store.partitions[0]
    steady(lambda: client.set(first.keys.begun, first.generation, nx=True))
    return str(steady(lambda: client.incr(first.keys.begun))).encode()


def begin(store: Store, **record: Any) -> bytes:
    """Claim a generation that is to have every change from now on; returns its number."""
    generation = claimed(store)
    note(store, generation, began=time.time(), **record)
    for part in store.partitions:
        names = part.keys.positions, part.keys.log
        steady(lambda names=names: store.client.eval(_BEGIN, 2, *names, generation))  # type: ignore[misc]
    return generation


def note(store: Store, generation: bytes, **values: Any) -> None:
    """Add to the record of a generation. Only whoever holds the collection's lock may do so."""
    name = keys.generations(store.collection)
    record = {**records(store).get(generation, {}), **values}
    steady(lambda: store.client.hset(name, generation, json.dumps(record)))


def records(store: Store) -> dict[bytes, dict[str, Any]]:
    """The record of each generation that has one."""
    name = keys.generations(store.collection)
    found = steady(lambda: store.client.hgetall(name))
    return {generation: json.loads(record) for generation, record in found.items()}


def known(store: Store) -> list[bytes]:
    """Every generation that is live in a partition, has a record, or takes part in the log; ascending."""
    found = set(records(store))
    for number in range(len(store.partitions)):
        part = store.refresh(number)
        found |= {part.generation, *steady(lambda part=part: store.client.hkeys(part.keys.positions))}  # type: ignore[misc]
    return sorted(found, key=int)


def listed(store: Store) -> list[Generation]:
    """All generations, ascending."""
    found, noted = known(store), records(store)
    live = {part.generation for part in store.partitions}
    return [_described(store, one, noted.get(one, {}), one in live) for one in found]


def previous(store: Store) -> bytes:
    """The generation that was live before: to go back is to publish it. Raises `NotFound`."""
    kept = _kept(store)
    if not kept:
        raise NotFound(f"collection {store.collection!r} has no generation to go back to: none was kept")
    return str(kept[0].number).encode()


def drop(store: Store, generation: bytes, grace: float = GRACE) -> int:
    """Remove a generation that is not live; returns how many keys it had. Its caller holds the collection's
    lock. Raises `NotFound`, `InputError` where it is live, and `Busy` where that was less than ``grace``
    seconds ago."""
    if generation not in known(store):
        raise NotFound(f"collection {store.collection!r} has no generation {generation.decode()}")
    if generation in {part.generation for part in store.partitions}:
        raise InputError(f"generation {generation.decode()} is live: publish another first", "generation")
    left = records(store).get(generation, {}).get("left", 0.0) + grace - time.time()
    if left > 0:
        raise Busy(f"generation {generation.decode()} may still be read: try again in {ceil(left)} seconds")
    removed = 0
    for part in store.partitions:
        removed += unlink(store.client, part.keys, generation)
        _forget(store, part.keys, generation)
    steady(lambda: store.client.hdel(keys.generations(store.collection), generation))
    return removed


def prune(store: Store, keep: int, but: bytes, grace: float = GRACE) -> None:
    """Drop all but the live generation, one that is being made (``but``), and the last ``keep`` to go back
    to; wait for those who may still read them. The caller holds the collection's lock."""
    stays = {but, *(str(one.number).encode() for one in _kept(store)[:keep])}
    for one in listed(store):
        generation = str(one.number).encode()
        if one.state != "live" and generation not in stays:
            # Whoever still reads one without documents finds nothing, whether it is there or not.
            left = one.record.get("left", 0.0) if one.documents else 0.0
            time.sleep(max(left + grace - time.time(), 0.0))
            drop(store, generation, grace=0.0)


def _kept(store: Store) -> list[Generation]:
    """Those that can be gone back to, the last one first; an empty one was a collection's beginning."""
    kept = [one for one in listed(store) if one.state == "kept" and one.documents]
    return sorted(kept, key=lambda one: -one.record["left"])


def _forget(store: Store, names: keys.PartitionKeys, generation: bytes) -> None:
    """The log is kept no longer than some generation needs it."""
    steady(lambda: store.client.hdel(names.positions, generation))
    needed = steady(lambda: store.client.hvals(names.positions))
    if needed:
        first = min(needed, key=_entry)
        steady(lambda: store.client.xtrim(names.log, minid=first, approximate=False))


def _entry(position: bytes) -> tuple[int, int]:
    """The position of an entry as it sorts: milliseconds, and the number within them."""
    milliseconds, _, number = position.partition(b"-")
    return int(milliseconds), int(number)


def _described(store: Store, generation: bytes, record: dict[str, Any], live: bool) -> Generation:
    number = int(generation)
    state: State = "live" if live else "kept" if "left" in record else "building"
    try:
        there = store.at(generation)
    except NotFound:
        return Generation(number, "failed" if "failed" in record else state, None, None, None, record)
    documents, paragraphs = there.sizes()
    if "failed" in record and not live:
        state = "failed"
    return Generation(number, state, documents, paragraphs, there.parameters, record)
