"""Replay and publish: what was written since the rebuild began goes into the next generation, until a moment
is found in which nothing was, and in that moment the pointer moves."""

from __future__ import annotations

from collections.abc import Iterator

from nearcopy.connection import steady
from nearcopy.errors import NearcopyError
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.shape import Shape
from nearcopy.index.store import Partition, Store
from nearcopy.index.writing import stored_document, write_beside

ENTRIES_A_CALL = 1000
"""Of the log, read at a time."""

ROUNDS = 1000
"""How often the log is read again: each round has only what was written during the one before."""

NOTHING = "0-0"
"""The position of a log without entries: every entry comes after it."""

_PUBLISH = """
-- Move the pointer of a partition, unless something was logged meanwhile.
-- KEYS[1] the pointer  KEYS[2] the log  ARGV[1] the generation to publish  ARGV[2] the last entry replayed
-- Returns 1 where it was moved, or had been.
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
if (last[1] and last[1][1] or '0-0') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
"""


def position(store: Store, names: PartitionKeys) -> str:
    """The last entry of a partition's log."""
    last = steady(lambda: store.client.xrevrange(names.log, count=1))
    return last[0][0].decode() if last else NOTHING


def publish(store: Store, number: int, generation: bytes, shape: Shape, since: str) -> int:
    """Bring a partition's generation up to date and make it live; returns how many changes were replayed.

    Raises `NearcopyError` where writers are faster than the replay for `ROUNDS` rounds.
    """
    names = store.partitions[number].keys
    beside = Partition(names, generation, shape, written=True)
    replayed = 0
    for _ in range(ROUNDS):
        for last, ids in _changed(store, names, since):
            since = last
            for id in ids:
                stored = stored_document(store, id)
                write_beside(store, beside, id, stored[0] if stored else None)
            replayed += len(ids)
        arguments = (_PUBLISH, 2, names.pointer, names.log, generation, since)
        if steady(lambda arguments=arguments: store.client.eval(*arguments)):  # type: ignore[misc]
            store.refresh(number)
            return replayed
    raise NearcopyError(
        f"{store.collection!r} is written to faster than its rebuild can follow: nothing was published; "
        "run it again when there is less to do"
    )


def _changed(store: Store, names: PartitionKeys, since: str) -> Iterator[tuple[str, list[str]]]:
    """The ids that were logged after an entry, in portions without repeats, each with its last entry."""
    while True:
        entries = steady(
            lambda since=since: store.client.xrange(names.log, f"({since}", count=ENTRIES_A_CALL)  # type: ignore[misc]
        )
        if not entries:
            return
        since = entries[-1][0].decode()
        ids = [id.decode() for _, fields in entries for id in fields.values()]
        yield since, list(dict.fromkeys(ids))
