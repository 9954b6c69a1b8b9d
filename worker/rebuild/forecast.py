"""The memory that a rebuild will take in Redis, forecast from a sample before it starts.

`sampling` takes it, `estimating` scales up what it would leave in the index.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from nearcopy.errors import InputError
from nearcopy.index import memory
from nearcopy.index.memory import Need
from nearcopy.index.store import Store
from nearcopy.jobs.task import Task
from worker.rebuild import sampling
from worker.rebuild.asked import Reading, chosen
from worker.rebuild.estimating import Estimate

BLOCKS = 128
"""Blocks of 256 kB that are signed at most: a second or two."""

MODEL = 0.05
"""By which the total may be off where all was read: what the allocator and the server's version do."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next generation of a collection will take in Redis.

    ``bytes``: by kind, in words; ``error``: the share by which the total may be off; ``sample``: in words,
    what was read for it. ``needs``: for each Redis server what is needed there and what is free.
    """

    documents: int
    paragraphs: int
    bytes: dict[str, int]
    error: float
    sample: str
    needs: list[Need]

    @property
    def total(self) -> int:
        """Bytes in Redis, on all servers together."""
        return sum(self.bytes.values())

    @property
    def fits(self) -> bool:
        """Whether every server has room."""
        return all(need.fits for need in self.needs)


def forecast(store: Store, task: Task, reading: Reading, *, blocks: int = BLOCKS) -> Forecast:
    """Forecast the memory of a rebuild or load, from at most so many ``blocks``; nothing is written.

    Raises `InputError` where an archive is a pipe, or the sample has no document that can be used; `OSError`,
    `StorageUnavailable`.
    """
    parameters = chosen(store.parameters, task)
    samples = [sampling.of_archives(reading, blocks)] if reading.sources else []
    if task.kind == "load" or not reading.sources:
        samples.append(sampling.of_stored(store, blocks))
    found = [Estimate(sample, parameters, store) for sample in samples]
    documents = sum(one.documents for one in found)
    if not documents:
        raise InputError("the sample has no document that can be used: see which fields are read", "archive")
    sizes: Counter[str] = Counter()
    for one in found:
        sizes.update(one.bytes)
    needs = memory.needs(store, sizes.total(), sum(one.keys for one in found))
    sizes["table of keys"] = sum(need.table for need in needs)
    return Forecast(
        documents=documents,
        paragraphs=sum(one.paragraphs for one in found),
        bytes=dict(sizes),
        error=round(MODEL + max(one.error for one in found), 3),
        sample="; ".join(sample.told for sample in samples),
        needs=needs,
    )
