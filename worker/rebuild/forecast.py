"""The memory that a rebuild will take in Redis: forecast from a sample before it starts, exact once its pages
are packed. What does not fit is refused.

`sampling` takes the sample, `estimating` scales up what it would leave in the index.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nearcopy.connection import pipeline, steady
from nearcopy.errors import InputError
from nearcopy.index import generations, memory
from nearcopy.index.keys import ID_BUCKETS, id_digest, partition_of
from nearcopy.index.memory import Need
from nearcopy.index.store import Store
from nearcopy.jobs.task import Task
from worker.rebuild import files, sampling
from worker.rebuild.asked import Reading, chosen
from worker.rebuild.estimating import Estimate
from worker.rebuild.files import Array
from worker.rebuild.numbering import numbers_of
from worker.rebuild.packing import Pages
from worker.rebuild.signing import part_name

BLOCKS = 128
"""Blocks of 256 kB that are signed at most: a second or two."""

IDS = 1000
"""Of a sample that are looked up, to see how many of the stored documents are replaced."""

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
    if task.kind == "load" and found[1].documents:
        replaced = found[0].documents * _known(store, found[0].names)
        found[1].shrink(max(1 - replaced / found[1].documents, 0.0))
    documents = sum(one.documents for one in found)
    if not documents:
        raise InputError("the sample has no document that can be used: see which fields are read", "archive")
    sizes: Counter[str] = Counter()
    for one in found:
        sizes.update(one.bytes)
    share = 1 / len(store.partitions)
    needs = memory.needs(
        store, [sizes.total() * share] * len(store.partitions),
        [sum(one.keys for one in found) * share] * len(store.partitions),
        _freed(store, task.keep, sizes.total() / documents),
    )
    sizes["table of keys"] = sum(need.table for need in needs)
    return Forecast(
        documents=documents,
        paragraphs=sum(one.paragraphs for one in found),
        bytes=dict(sizes),
        error=round(MODEL + max(one.error for one in found), 3),
        sample="; ".join(sample.told for sample in samples),
        needs=needs,
    )


def check_forecast(store: Store, task: Task, reading: Reading) -> None:
    """Raise `WillNotFit` where a rebuild needs more than Redis may take, even if the forecast is too high by
    all its error. What lies nearer is for `check_packed` to decide, and so is a pipe."""
    if any(source.size is None for source in reading.sources):
        return
    found = forecast(store, task, reading)
    least = [replace(need, needed=round(need.needed * (1 - found.error))) for need in found.needs]
    memory.check_room([need for need, low in zip(found.needs, least, strict=True) if not low.fits])


def check_packed(
    store: Store, folder: Path, blocks: int, pages: list[Pages], documents: list[int]
) -> int:
    """Raise `WillNotFit` where what is packed does not fit; returns the bytes that it takes. ``documents``:
    how many each partition has."""
    allocator = memory.servers(store)[0].allocator
    bytes, keys = [0] * len(documents), [0] * len(documents)
    heads = [len(part.keys.prefix) + len(part.generation) for part in store.partitions]

    def add(partition: int, suffix: int, lengths: Array) -> None:
        bytes[partition] += memory.strings_bytes(heads[partition] + suffix, lengths, allocator)
        keys[partition] += len(lengths)

    for block in range(blocks):
        part, numbers = files.read(folder, part_name(block)), numbers_of(folder, block)
        for partition in range(len(documents)):
            add(partition, 4, np.diff(part["text_bounds"])[(part["partitions"] == partition) & (numbers > 0)])
    for one in pages:
        add(one.partition, 5, np.diff(files.read(folder, one.name)["bounds"]))
    for partition, count in enumerate(documents):
        bytes[partition] += memory.ids_bytes(count, heads[partition] + 3, allocator)
        keys[partition] += min(count, ID_BUCKETS)
    needs = memory.needs(store, bytes, keys)
    memory.check_room(needs)
    return sum(need.needed for need in needs)


def _known(store: Store, ids: list[str]) -> float:
    """The share of some ids that the collection has, by a sample of them."""
    some = ids[:: len(ids) // IDS + 1]

    def ask() -> list[int]:
        batch = pipeline(store.client)
        for id in some:
            part, digest = store.partitions[partition_of(id, len(store.partitions))], id_digest(id)
            batch.hexists(part.keys.id_bucket(part.generation, digest), digest)
        return batch.execute()  # type: ignore[no-any-return]

    return sum(steady(ask)) / len(some) if some else 0.0


def _freed(store: Store, keep: int, each: float) -> float:
    """Bytes of the generations that are removed before the new one is sent; ``each``: of a document, where
    nobody noted how large one is."""
    known = generations.listed(store)
    kept = sorted((one for one in known if one.state == "kept"), key=lambda one: -one.record["left"])
    stay = [one for one in kept if one.documents][: max(keep - 1, 0)]
    gone = [one for one in known if one.state != "live" and one not in stay]
    return float(sum(one.record.get("bytes", (one.documents or 0) * each) for one in gone))
