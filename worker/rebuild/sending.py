"""Send: texts, ids, pages, counters and shape into a generation that is not live. Sent twice, they are the
same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nearcopy.connection import pipeline, steady
from nearcopy.index.bulk import KEYS_A_CALL
from nearcopy.index.keys import ID_BUCKETS, PartitionKeys, big_endian
from nearcopy.index.store import Store
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.numbering import numbers_of
from worker.rebuild.packing import Pages
from worker.rebuild.signing import part_name

BYTES_A_CALL = 1 << 19
"""Of texts sent in one MSET: Redis serves nobody else meanwhile."""

BUCKETS_A_CALL = 64
"""Of ids, sent in one pipeline."""


def send_texts(store: Store, folder: Path, block: int, partition: int, generation: bytes) -> None:
    """The texts of a block's documents that live in a partition."""
    names, part = store.partitions[partition].keys, files.read(folder, part_name(block))
    numbers, bounds = numbers_of(folder, block), part["text_bounds"].tolist()
    texts: dict[bytes, bytes] = {}
    size = 0
    for row in np.flatnonzero((part["partitions"] == partition) & (numbers > 0)).tolist():
        blob = part["texts"][bounds[row] : bounds[row + 1]].tobytes()
        texts[names.text(generation, int(numbers[row]))] = blob
        size += len(blob)
        if size >= BYTES_A_CALL:
            _mset(store, texts)
            texts, size = {}, 0
    _mset(store, texts)


def send_ids(store: Store, folder: Path, blocks: int, partition: int, generation: bytes) -> None:
    """The ids of a partition, bucket by bucket."""
    names = store.partitions[partition].keys
    digests, entries = _entries(folder, blocks, partition)
    buckets = digests[:, 0].astype(np.int64) << 8 | digests[:, 1]
    buckets %= ID_BUCKETS
    order = np.argsort(buckets, kind="stable")
    starts = np.flatnonzero(np.diff(buckets[order], prepend=-1))
    ranges = list(pairwise([*starts.tolist(), len(order)]))
    for first in range(0, len(ranges), BUCKETS_A_CALL):
        mappings: dict[bytes, dict[bytes, bytes]] = {}
        for start, end in ranges[first : first + BUCKETS_A_CALL]:
            mine = order[start:end]
            mapping = dict(zip(_rows(digests[mine]), _rows(entries[mine]), strict=True))
            mappings[names.id_bucket(generation, next(iter(mapping)))] = mapping
        _hset(store, mappings)


def send_pages(store: Store, folder: Path, wanted: Pages, generation: bytes) -> int:
    """The pages of a part; returns how many bytes they have."""
    part = files.read(folder, wanted.name)
    bounds, blob = part["bounds"].tolist(), part["blob"].data
    names = store.partitions[wanted.partition].keys
    keys = names.pages(generation, wanted.kind.encode(), part["suffixes"])
    for start in range(0, len(keys), KEYS_A_CALL):
        end = min(start + KEYS_A_CALL, len(keys))
        contents = [bytes(blob[a:b]) for a, b in pairwise(bounds[start : end + 1])]
        _mset(store, dict(zip(keys[start:end], contents, strict=True)))
    return len(blob)


def send_counts(
    store: Store, names: PartitionKeys, generation: bytes, documents: int, paragraphs: int, state: str
) -> None:
    """What makes a generation readable: its counters, and the `state` that it keeps of itself."""
    def send() -> None:
        counts: dict[Any, Any] = {"d": documents, "c": documents, "p": paragraphs}
        store.client.hset(names.counters(generation), mapping=counts)
        store.client.set(names.shape(generation), state)

    steady(send)


def _entries(folder: Path, blocks: int, partition: int) -> tuple[Array, Array]:
    """Digests of ids uint8[D, 12], and what is stored for each, uint8[D, 11]."""
    digests, entries = [], []
    for block in range(blocks):
        part, numbers = files.read(folder, part_name(block)), numbers_of(folder, block)
        mine = np.flatnonzero((part["partitions"] == partition) & (numbers > 0))
        contents = part["texts"][part["text_bounds"][mine][:, None] + np.arange(8)]
        digests.append(part["ids"][mine])
        entries.append(np.concatenate([big_endian(numbers[mine].astype(np.uint64), 3), contents], axis=1))
    return np.concatenate(digests), np.concatenate(entries)


def _rows(array: Array) -> list[bytes]:
    return [row.tobytes() for row in array]


def _mset(store: Store, pairs: dict[bytes, bytes]) -> None:
    if pairs:
        steady(lambda: store.client.mset(pairs))


def _hset(store: Store, mappings: dict[bytes, dict[bytes, bytes]]) -> None:
    def send() -> None:
        batch = pipeline(store.client)
        for name, mapping in mappings.items():
            batch.hset(name, mapping=mapping)
        batch.execute()

    steady(send)
