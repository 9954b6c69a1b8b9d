"""Retire: many keys go, in steps so small that nobody waits for one."""

from __future__ import annotations

from collections.abc import Iterator

from nearcopy.connection import Client, pipeline, steady, translated
from nearcopy.index.keys import PartitionKeys

KEYS_A_STEP = 200
"""Unlinked together: well below a millisecond of the server's time."""


def unlink(client: Client, names: PartitionKeys, generation: bytes) -> int:
    """Remove every key of a generation of a partition; returns how many there were.

    It must be neither live nor read any more. Its shape goes first, so that nobody takes what is left for a
    whole one. The keys of generation 1 begin as those of 12 do, but a letter follows.
    """
    pattern = names.prefix + generation + b"[^0-9]*"
    first = unlink_step(client, [names.shape(generation)])
    return first + sum(unlink_step(client, step) for step in steps(client, pattern))


def steps(client: Client, pattern: bytes) -> Iterator[list[bytes]]:
    """All keys that match, so many at a time. None of the characters in a collection's name means anything in
    a pattern."""
    step: list[bytes] = []
    with translated():
        for key in client.scan_iter(match=pattern, count=KEYS_A_STEP):
            step.append(key)
            if len(step) >= KEYS_A_STEP:
                yield step
                step = []
    if step:
        yield step


def unlink_step(client: Client, step: list[bytes]) -> int:
    """Remove some keys; returns how many there were."""
    def send() -> int:
        batch = pipeline(client)
        for key in step:
            batch.unlink(key)
        return sum(batch.execute())

    return steady(send)
