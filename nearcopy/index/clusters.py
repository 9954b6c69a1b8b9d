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
from nearcopy.errors import Busy, NearcopyError, WritesRefused
from nearcopy.index import header, keys
from nearcopy.index import lock as locks
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.lock import Named
from nearcopy.index.store import Store

ID_BYTES = 8
SIZE_BYTES = 4
MOST = (1 << 32) - 1

WHAT = ("table", "order", "of", "at")

ROWS_A_CALL = 500

LOCK_SECONDS = 30
"""After which one that holds the lock is taken for dead; nobody holds it for a tenth of that."""

PATIENCE_SECONDS = 2.0 * LOCK_SECONDS
"""In which the lock of a dead one falls, and each who lives has had it for a moment."""

FORGET_SECONDS = 2.0
"""In which each reader who lives has had the lock; longer than that, nobody who asks should wait."""

LOOK_SECONDS = 0.005
"""Between two tries to get the lock: readers who come all the time would else be there first each time."""


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
    return _find(store.client, store.collection)


def are_there(client: Client, collection: str) -> bool:
    """Whether a collection has clusters that are answered."""
    return bool(steady(lambda: client.exists(keys.clusters(collection))))


def begin(store: Store, run: str) -> list[int]:
    """Have changes noted from now on, and remove what an attempt that died has written of the run; returns
    the number of the last change of each partition."""
    client = store.client
    steady(lambda: client.unlink(*_keys(store.collection, run)))
    steady(lambda: client.sadd(_runs(store.collection), run))
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
    """Answer the clusters of a run, which knows all changes up to ``since``, and remove those of others.
    Raises `NearcopyError` where they were forgotten meanwhile."""
    with lock(store, PATIENCE_SECONDS):
        if not steady(lambda: store.client.sismember(_runs(store.collection), kept.run)):
            raise NearcopyError(f"the clusters of {store.collection!r} were forgotten meanwhile: ask anew")
        steady(lambda: _answer(store, kept, since))
        _forget_changes(store, since)


def _answer(store: Store, kept: Kept, since: Sequence[int]) -> None:
    client, collection = store.client, store.collection
    others = client.smembers(_runs(collection)) - {kept.run.encode()}
    batch = pipeline(client, together=True)
    batch.hset(_of(store, kept.run, "at"), mapping={str(n): at for n, at in enumerate(since)})
    batch.set(keys.clusters(collection), orjson.dumps(asdict(kept)))
    for run in others:
        batch.unlink(*_keys(collection, run.decode()))
        batch.srem(_runs(collection), run)
    batch.execute()


def change(store: Store, run: str, gone: Sequence[Row], come: Sequence[Row]) -> None:
    """Replace some clusters by others, in one step."""
    table, order, of = (_of(store, run, what) for what in WHAT[:3])
    were = {one: row.id for row in gone for one in row.documents}
    are = {one: row.id for row in come for one in row.documents}
    moved = {keys.id_digest(one): id for one, id in are.items() if were.get(one) != id}

    def send() -> None:
        batch = pipeline(store.client, together=True)
        for row in gone:
            batch.hdel(table, row.id)
            batch.zrem(order, row.place)
        for row in come:
            batch.hset(table, row.id, row.packed)
            batch.zadd(order, {row.place: 0})
        if left := were.keys() - are.keys():
            batch.hdel(of, *map(keys.id_digest, left))
        if moved:
            batch.hset(of, mapping=moved)
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


def counts(store: Store, run: str) -> tuple[int, int]:
    """How many clusters there are, and documents in them."""
    order, of = _of(store, run, "order"), _of(store, run, "of")
    return int(steady(lambda: store.client.zcard(order))), int(steady(lambda: store.client.hlen(of)))


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
    if int(steady(lambda: store.client.scard(_runs(store.collection)))) == 1:
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
def lock(store: Store | Named, patience: float = 0.0) -> Iterator[None]:
    """Be the only one who changes clusters. Raises `Busy` where another is, for longer than ``patience``."""
    name, holder = f"{keys.clusters(store.collection)}/lock", secrets.token_hex(8)
    until = time.monotonic() + patience
    while not steady(lambda: store.client.set(name, holder, nx=True, ex=LOCK_SECONDS)):
        if time.monotonic() >= until:
            raise Busy("another process changes the clusters: try again in half a minute")
        time.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        locks.leave(store.client, name, holder)


def leave(client: Client, collection: str, run: str) -> None:
    """Remove what a run that failed has stored, unless another attempt has it answered."""
    kept = _find(client, collection)
    if kept is None or kept.run != run:
        steady(lambda: client.unlink(*_keys(collection, run)))
        steady(lambda: client.srem(_runs(collection), run))
    if kept is None and not steady(lambda: client.exists(_runs(collection))):
        _note_nothing(client, collection)


def forget(client: Client, collection: str) -> bool:
    """Remove the clusters of a collection, and have no changes noted; whether there was anything to remove.
    Raises `Busy`."""
    try:
        with lock(Named(client, collection), FORGET_SECONDS):
            return _forget(client, collection)
    except WritesRefused:
        # A full Redis has room for no lock, and nobody changes clusters there; this makes room
        return _forget(client, collection)


def _forget(client: Client, collection: str) -> bool:
    runs = steady(lambda: client.smembers(_runs(collection)))
    names = [name for run in runs for name in _keys(collection, run.decode())]
    found = steady(lambda: client.unlink(keys.clusters(collection), _runs(collection), *names))
    noted = _note_nothing(client, collection)
    return bool(found or noted)


def _find(client: Client, collection: str) -> Kept | None:
    stored = steady(lambda: client.get(keys.clusters(collection)))
    if stored is None:
        return None
    found = orjson.loads(stored)
    return Kept(**found | {"generations": tuple(found["generations"])})


def _note_nothing(client: Client, collection: str) -> bool:
    """Have no changes noted any more; whether any were. Those of a collection that is dropped go with it."""
    found = header.find(client, collection)
    names = [PartitionKeys.of(collection, part).changed for part in range(found.partitions if found else 0)]
    return sum(steady(lambda name=name: client.unlink(name)) for name in names) > 0  # type: ignore[misc]


def _keys(collection: str, run: str) -> list[str]:
    return [keys.of_clusters(collection, run, what) for what in WHAT]


def _runs(collection: str) -> str:
    return f"{keys.clusters(collection)}/runs"


def _forget_changes(store: Store, since: Sequence[int]) -> None:
    for part, number in zip(store.partitions, since, strict=True):
        name = part.keys.changed
        steady(lambda name=name, number=number: store.client.zremrangebyscore(name, "-inf", f"({number}"))  # type: ignore[misc]


def _at(store: Store, run: str, partition: int) -> int:
    return int(steady(lambda: store.client.hget(_of(store, run, "at"), str(partition))) or 0)


def _of(store: Store, run: str, what: str) -> str:
    return keys.of_clusters(store.collection, run, what)
