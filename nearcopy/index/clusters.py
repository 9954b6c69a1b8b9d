"""The clusters of a collection as they lie in Redis: rows that one run wrote, and that are replaced one by
one as documents come and go.

A run writes all it found under keys of its own; then one pointer moves. What is put or deleted meanwhile is
noted by the script that does so (``write.lua``), each change with a number that rises, from before the run
reads its first document: what it may have missed is there to be made right.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from nearcopy.connection import Client, pipeline, steady
from nearcopy.errors import Busy
from nearcopy.index import keys
from nearcopy.index import lock as locks
from nearcopy.index.store import Store

ID_BYTES = 8
SIZE_BYTES = 4
MOST = (1 << 32) - 1

WHAT = ("table", "order", "of", "at")

ROWS_A_CALL = 500

LOCK_SECONDS = 30
"""After which one that holds the lock is taken for dead; nobody holds it for a tenth of that."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Which clusters are answered: of which run, ``made`` when, in seconds since 1970, of pairs from which
    ``threshold`` and ``containment`` on, by shingles of so many words; ``generations``: what was read, by
    partition."""

    run: str
    made: float
    threshold: float
    containment: float | None
    shingle: int
    generations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A cluster: its id (8 bytes), the ids of its documents, and what is stored of it."""

    id: bytes
    documents: tuple[str, ...]
    packed: bytes

    @property
    def place(self) -> bytes:
        """Where it stands in the order: the largest first, then by id."""
        return place(len(self.documents), self.id)


def place(size: int, id: bytes = b"") -> bytes:
    """Where a cluster of that size and id stands in the order; without an id, before all of that size."""
    return (MOST - size).to_bytes(SIZE_BYTES, "big") + id


def find(store: Store) -> Kept | None:
    """Which clusters of a collection are answered, if there are any."""
    stored = steady(lambda: store.client.get(keys.clusters(store.collection)))
    if stored is None:
        return None
    found = orjson.loads(stored)
    return Kept(**found | {"generations": tuple(found["generations"])})


def are_there(client: Client, collection: str) -> bool:
    """Whether a collection has clusters that are answered."""
    return bool(steady(lambda: client.exists(keys.clusters(collection))))


def begin(store: Store, run: str) -> list[int]:
    """Have changes noted from now on; returns the number of the last one of each partition."""
    client = store.client
    steady(lambda: client.sadd(f"{keys.clusters(store.collection)}/runs", run))
    names = [part.keys.changed for part in store.partitions]
    return [int(steady(lambda name=name: client.zincrby(name, 0, ""))) for name in names]  # type: ignore[misc]


def last_written(store: Store) -> list[str]:
    """The last entry of the log of each partition; empty where nothing was put or deleted one by one."""
    names = [part.keys.log for part in store.partitions]
    found = [steady(lambda name=name: store.client.xrevrange(name, count=1)) for name in names]  # type: ignore[misc]
    return [entries[0][0].decode() if entries else "" for entries in found]


def write(store: Store, run: str, rows: Iterable[Row]) -> None:
    """Store what a run found."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == ROWS_A_CALL:
            change(store, run, [], batch)
            batch = []
    change(store, run, [], batch)


def publish(store: Store, kept: Kept, since: Sequence[int]) -> None:
    """Answer the clusters of a run, which knows all changes up to ``since``, and remove those of others."""
    with lock(store, LOCK_SECONDS):
        name = _of(store, kept.run, "at")
        steady(lambda: store.client.hset(name, mapping={str(n): at for n, at in enumerate(since)}))
        steady(lambda: store.client.set(keys.clusters(store.collection), orjson.dumps(asdict(kept))))
        for run in steady(lambda: store.client.smembers(f"{keys.clusters(store.collection)}/runs")):
            if run.decode() != kept.run:
                leave(store.client, store.collection, run.decode())
        _forget_changes(store, since)


def change(store: Store, run: str, gone: Sequence[Row], come: Sequence[Row]) -> None:
    """Replace some clusters by others, in one step."""
    table, order, of = (_of(store, run, what) for what in WHAT[:3])

    def send() -> None:
        batch = pipeline(store.client, together=True)
        for row in gone:
            batch.hdel(table, row.id)
            batch.zrem(order, row.place)
            batch.hdel(of, *map(keys.id_digest, row.documents))
        for row in come:
            batch.hset(table, row.id, row.packed)
            batch.zadd(order, {row.place: 0})
            batch.hset(of, mapping={keys.id_digest(one): row.id for one in row.documents})
        batch.execute()

    if gone or come:
        steady(send)


def packed(store: Store, run: str, ids: Sequence[bytes]) -> list[bytes | None]:
    """What is stored of some clusters."""
    name = _of(store, run, "table")
    return list(steady(lambda: store.client.hmget(name, ids))) if ids else []


def of_documents(store: Store, run: str, documents: Sequence[str]) -> list[bytes | None]:
    """The cluster of each document, if it is in one."""
    name, digests = _of(store, run, "of"), [keys.id_digest(one) for one in documents]
    return list(steady(lambda: store.client.hmget(name, digests))) if digests else []


def places(store: Store, run: str, after: bytes, least: int, count: int) -> list[bytes]:
    """The next so many places in the order behind one, of clusters of ``least`` documents or more."""
    first, last = b"(" + after if after else b"-", b"(" + place(least - 1)
    return list(steady(lambda: store.client.zrangebylex(_of(store, run, "order"), first, last, 0, count)))


def count(store: Store, run: str) -> int:
    """How many clusters there are."""
    return int(steady(lambda: store.client.zcard(_of(store, run, "order"))))


def changes(store: Store, run: str, partition: int, count: int) -> list[tuple[str, int]]:
    """The first changes of a partition that the clusters do not have: ids, with the number of each."""
    name, at = store.partitions[partition].keys.changed, _at(store, run, partition)
    found = steady(lambda: store.client.zrangebyscore(name, f"({at}", "+inf", 0, count + 1, withscores=True))
    return [(id.decode(), int(number)) for id, number in found if id][:count]


def behind(store: Store, run: str) -> int:
    """How many documents have changed since."""
    found = 0
    for number, part in enumerate(store.partitions):
        since, name = _at(store, run, number), part.keys.changed
        changed = steady(lambda name=name, since=since: store.client.zcount(name, f"({since}", "+inf"))  # type: ignore[misc]
        last = int(steady(lambda name=name: store.client.zscore(name, "")) or 0)  # type: ignore[misc]
        found += int(changed) - (last > since)
    return found


def caught_up(store: Store, run: str, partition: int, number: int) -> None:
    """Note that the clusters have all changes of a partition up to a number."""
    steady(lambda: store.client.hset(_of(store, run, "at"), str(partition), number))
    if int(steady(lambda: store.client.scard(f"{keys.clusters(store.collection)}/runs"))) == 1:
        name = store.partitions[partition].keys.changed
        steady(lambda: store.client.zremrangebyscore(name, "-inf", f"({number}"))


def existing(store: Store, documents: Sequence[str]) -> list[bool]:
    """Whether each document is stored."""
    parts = [store.refresh(number) for number in range(len(store.partitions))]

    def ask() -> list[Any]:
        batch = pipeline(store.client)
        for one in documents:
            part, digest = parts[keys.partition_of(one, len(parts))], keys.id_digest(one)
            batch.hexists(part.keys.id_bucket(part.generation, digest), digest)
        return batch.execute()  # type: ignore[no-any-return]

    return [bool(one) for one in steady(ask)] if documents else []


@contextmanager
def lock(store: Store, patience: float = 0.0) -> Iterator[None]:
    """Be the only one who changes clusters. Raises `Busy` where another is, for longer than ``patience``."""
    name, holder = f"{keys.clusters(store.collection)}/lock", secrets.token_hex(8)
    until = time.monotonic() + patience
    while not steady(lambda: store.client.set(name, holder, nx=True, ex=LOCK_SECONDS)):
        if time.monotonic() >= until:
            raise Busy("another process changes the clusters")
        time.sleep(0.05)
    try:
        yield
    finally:
        locks.leave(store.client, name, holder)


def leave(client: Client, collection: str, run: str) -> None:
    """Remove what a run has stored."""
    for what in WHAT:
        name = keys.of_clusters(collection, run, what)
        steady(lambda name=name: client.unlink(name))  # type: ignore[misc]
    steady(lambda: client.srem(f"{keys.clusters(collection)}/runs", run))


def forget(client: Client, collection: str) -> None:
    """Remove the clusters of a collection that is no more."""
    for run in steady(lambda: client.smembers(f"{keys.clusters(collection)}/runs")):
        leave(client, collection, run.decode())
    for end in "", "/lock":
        steady(lambda end=end: client.delete(keys.clusters(collection) + end))  # type: ignore[misc]


def _forget_changes(store: Store, since: Sequence[int]) -> None:
    for part, number in zip(store.partitions, since, strict=True):
        name = part.keys.changed
        steady(lambda name=name, number=number: store.client.zremrangebyscore(name, "-inf", f"({number}"))  # type: ignore[misc]


def _at(store: Store, run: str, partition: int) -> int:
    return int(steady(lambda: store.client.hget(_of(store, run, "at"), str(partition))) or 0)


def _of(store: Store, run: str, what: str) -> str:
    return keys.of_clusters(store.collection, run, what)
