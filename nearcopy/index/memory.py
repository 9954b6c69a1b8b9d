"""What keys take in Redis's memory, and what each server has left.

A string costs its key and its value, each an allocation with a header, an entry of the table of keys, and a
slot of that table. Allocators round up: jemalloc to one of four sizes between two powers of two, the C
library to 16 bytes. Within 2% of ``used_memory`` in Redis 6.2 and 7.0; later servers take a little less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady
from nearcopy.errors import WillNotFit
from nearcopy.index.keys import ID_BUCKETS
from nearcopy.index.store import Store

Ints = NDArray[np.int64]

ENTRY = 24
"""Bytes of an entry of the table of keys."""

OBJECT = 16
"""Bytes of the object that stands before a value."""

EMBEDDED = 44
"""Bytes of the longest value that lies in its object."""

ID_BYTES = 27
"""Bytes of an id, its number and its digest in a compact hash."""

COMPACT = 512
"""Entries that a hash has at most to stay compact."""

LOOSE_ID_BYTES = 88
"""Bytes of the same in a hash that is not compact any more: three allocations and a slot."""


HEADROOM = 4 << 20
"""Bytes for what is on its way to a server, and for what others write meanwhile."""


@dataclass(frozen=True, slots=True)
class Server:
    """A Redis server: which ``partitions`` it holds, bytes in use, bytes allowed (0: no bound), what it does
    where there are no more, its ``allocator`` and how many keys it holds."""

    name: str
    partitions: list[int]
    used: int
    allowed: int
    policy: str
    allocator: str
    keys: int


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a new generation takes on one Redis server (of them ``table`` for more keys), those that are
    ``free`` there (None: without a bound), and its bound and ``policy`` where that is reached."""

    server: str
    needed: int
    table: int
    free: int | None
    allowed: int
    policy: str

    @property
    def fits(self) -> bool:
        """Whether there is room."""
        return self.free is None or self.needed + HEADROOM <= self.free


def needs(store: Store, bytes: Sequence[float], keys: Sequence[float], frees: float = 0.0) -> list[Need]:
    """What each server needs for a generation whose partitions have so many ``bytes``, but for the table of
    keys, and so many ``keys``; all partitions together let ``frees`` bytes go before."""
    found = []
    for one in servers(store):
        table = table_bytes(one.keys, round(sum(keys[p] for p in one.partitions)))
        needed = round(sum(bytes[p] for p in one.partitions)) + table
        freed = round(frees * len(one.partitions) / len(store.partitions))
        free = max(one.allowed - one.used + freed, 0) if one.allowed else None
        found.append(Need(one.name, needed, table, free, one.allowed, one.policy))
    return found


def bounded(store: Store) -> bool:
    """Whether a server has a bound."""
    return any(one.allowed for one in servers(store))


def check_room(needs: list[Need]) -> None:
    """Raise `WillNotFit` where a server has less room than it needs."""
    for need in needs:
        if not need.fits:
            raise WillNotFit(_refusal(need))


def servers(store: Store) -> list[Server]:
    """The servers that a collection lies on."""
    by_node: dict[Any, list[int]] = {}
    for number, part in enumerate(store.partitions):
        by_node.setdefault(_node(store, part.keys.pointer), []).append(number)
    return [_server(store, node, partitions) for node, partitions in by_node.items()]


def strings_bytes(key_bytes: int, lengths: Ints, allocator: str) -> int:
    """Bytes that strings of these lengths take, with keys of ``key_bytes``, but for the table of keys."""
    head = np.where(lengths < 256, 4, np.where(lengths < 65536, 6, 10))
    embedded = _rounded(OBJECT + 4 + lengths, allocator)
    apart = _rounded(np.array(OBJECT), allocator) + _rounded(head + lengths, allocator)
    values = np.where(lengths <= EMBEDDED, embedded, apart)
    return int(values.sum()) + len(lengths) * _of_key(key_bytes, allocator)


def ids_bytes(documents: int, key_bytes: int, allocator: str) -> int:
    """Bytes that the ids of so many documents take in their hashes."""
    each = -(-documents // ID_BUCKETS)
    hashes = min(documents, ID_BUCKETS)
    if each > COMPACT:
        return documents * LOOSE_ID_BYTES
    body = _rounded(np.array(each * ID_BYTES + 11), allocator) + _rounded(np.array(OBJECT), allocator)
    return hashes * (int(body) + _of_key(key_bytes, allocator))


def table_bytes(before: int, more: int) -> int:
    """Bytes by which the table of keys grows when ``more`` keys come to those ``before``."""
    return 8 * (_power(before + more) - _power(before))


def _of_key(key_bytes: int, allocator: str) -> int:
    name = np.array(key_bytes + (2 if key_bytes < 32 else 4))
    return int(_rounded(name, allocator) + _rounded(np.array(ENTRY), allocator))


def _rounded(sizes: Ints, allocator: str) -> Ints:
    """What the allocator gives for these sizes."""
    if not allocator.startswith("jemalloc"):
        return np.maximum((sizes + 23) // 16 * 16 - 8, 24)
    power = np.log2(np.maximum(sizes - 1, 1)).astype(np.int64)
    step = 2 ** np.maximum(power - 2, 3)
    rounded: Ints = -(-sizes // step) * step
    return rounded


def _power(count: int) -> int:
    return 1 << max(count - 1, 0).bit_length()


def _refusal(need: Need) -> str:
    free, wanted = need.free or 0, need.needed + HEADROOM
    evicts = "" if need.policy == "noeviction" else (
        f". Its maxmemory-policy is {need.policy}: set noeviction, or it throws live keys away"
    )
    return (
        f"{need.server}: the new generation needs {_mb(wanted)} beside the live one, but {_mb(free)} of its "
        f"maxmemory of {_mb(need.allowed)} are free: raise that to {_mb(need.allowed + wanted - free)}, keep "
        f"fewer generations, or use a larger server{evicts}"
    )


def _mb(size: int) -> str:
    return f"{-(-size // 2**20):,} MB"


def _node(store: Store, key: bytes) -> Any:
    find = getattr(store.client, "get_node_from_key", None)
    return find(key) if find else None


def _server(store: Store, node: Any, partitions: list[int]) -> Server:
    to = {"target_nodes": node} if node is not None else {}
    memory = steady(lambda: store.client.info("memory", **to))
    held = steady(lambda: store.client.dbsize(**to))
    return Server(
        node.name if node is not None else "Redis", partitions, memory["used_memory"], memory["maxmemory"],
        memory["maxmemory_policy"], memory["mem_allocator"], held,
    )
