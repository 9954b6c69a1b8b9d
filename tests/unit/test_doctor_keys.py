"""The doctor knows every key that is described: it would remove the others."""

from __future__ import annotations

import re

from nearcopy.doctor.keyspace import OF_A_GENERATION, OF_A_PARTITION
from nearcopy.index import keys

DESCRIBED = re.compile(r"^    \{main/0\}(1?)([a-z]+) +(string|hash|set|sorted set|stream):", re.MULTILINE)
REDIS = {"sorted set": b"zset"}
"""What Redis calls a type, where that is another word."""


def test_keys_of_partitions_and_generations_are_those_that_are_described() -> None:
    found = DESCRIBED.findall(keys.__doc__ or "")
    kinds = {(one, name.encode()): REDIS.get(kind, kind.encode()) for one, name, kind in found}
    of_partitions = {("", name): kind for name, kind in OF_A_PARTITION.items()}
    assert kinds == of_partitions | {("1", name): kind for name, kind in OF_A_GENERATION.items()}
