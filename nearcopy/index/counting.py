"""How much of a generation is there, counted by the server: what a bulk load has sent must have arrived."""

from __future__ import annotations

from collections.abc import Sequence

from nearcopy.connection import steady
from nearcopy.index.keys import ID_BUCKETS
from nearcopy.index.store import Partition, Store

KEYS_A_CALL = 1000
"""Looked at by one command, in well under a millisecond."""

_SUM = """
-- KEYS some keys  ARGV[1] STRLEN or HLEN  ->  the sum over all of them; what is missing has none
local sum = 0
for i = 1, #KEYS do sum = sum + redis.call(ARGV[1], KEYS[i]) end
return sum
"""


def ids(store: Store, part: Partition) -> int:
    """Ids in all hashes of ids of a generation."""
    buckets = (bucket.to_bytes(2, "big") for bucket in range(ID_BUCKETS))
    return _sum(store, [part.keys.id_bucket(part.generation, bucket) for bucket in buckets], "HLEN")


def texts(store: Store, part: Partition, documents: int) -> int:
    """How many of the documents 1 to ``documents`` have a text."""
    names = [part.keys.text(part.generation, number) for number in range(1, documents + 1)]
    return sum(steady(lambda step=step: store.client.exists(*step)) for step in _steps(names))  # type: ignore[misc]


def bytes_of(store: Store, names: Sequence[bytes]) -> int:
    """Bytes of all strings of one partition."""
    return _sum(store, names, "STRLEN")


def counters(store: Store, part: Partition) -> dict[str, int]:
    """The counters of a generation, by their names in `keys`; 0 where one is missing."""
    name = part.keys.counters(part.generation)
    found = steady(lambda: store.client.hmget(name, "d", "c", "p"))
    return {field: int(value or 0) for field, value in zip("dcp", found, strict=True)}


def _sum(store: Store, names: Sequence[bytes], command: str) -> int:
    def ask(step: Sequence[bytes]) -> int:
        return store.client.eval(_SUM, len(step), *step, command)  # type: ignore[no-any-return]

    return sum(steady(lambda step=step: ask(step)) for step in _steps(names))  # type: ignore[misc]


def _steps(names: Sequence[bytes]) -> list[Sequence[bytes]]:
    return [names[start : start + KEYS_A_CALL] for start in range(0, len(names), KEYS_A_CALL)]
