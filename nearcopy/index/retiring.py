"""Retire: a generation goes, in steps so small that nobody waits for one."""

from __future__ import annotations

from nearcopy.connection import pipeline, steady, translated
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.store import Store

KEYS_A_STEP = 200
"""Unlinked together: well below a millisecond of the server's time."""


def unlink(store: Store, names: PartitionKeys, generation: bytes) -> int:
    """Remove every key of a generation of a partition; returns how many there were.

    It must be neither live nor read any more. Its shape goes first, so that nobody takes what is left for a
    whole one. The keys of generation 1 begin as those of 12 do, but a letter follows.
    """
    removed, step = 0, [names.shape(generation)]
    # None of the characters in a collection's name means anything in a pattern.
    pattern = names.prefix + generation + b"[^0-9]*"
    with translated():
        for key in store.client.scan_iter(match=pattern, count=KEYS_A_STEP):
            step.append(key)
            if len(step) >= KEYS_A_STEP:
                removed += _unlink(store, step)
                step = []
    return removed + _unlink(store, step)


def _unlink(store: Store, step: list[bytes]) -> int:
    def send() -> int:
        batch = pipeline(store.client)
        for key in step:
            batch.unlink(key)
        return sum(batch.execute())

    return steady(send) if step else 0
