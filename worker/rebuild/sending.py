"""Send: texts, ids, pages, counters and shape into a generation that is not live. Sent twice, they are the
same.

Redis itself keeps which parts it has, beside them: should it lose what it was sent last, it does not claim to
have it, and a rebuild that goes on sends it again.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from worker.rebuild.running import Part
from worker.rebuild.signing import part_name

BYTES_A_CALL = 1 << 19
"""Of texts sent in one MSET: Redis serves nobody else meanwhile."""

BUCKETS_A_CALL = 64
"""Of ids, sent in one pipeline."""


THREADS = 2
"""One makes the next command while Redis works on the other's."""


class Sent:
    """The parts of a generation that a partition has, and the bytes of each."""

    def __init__(self, store: Store, names: PartitionKeys, generation: bytes) -> None:
        self._store, self._key = store, names.sent(generation)
        found = steady(lambda: store.client.hgetall(self._key))
        self._sizes = {name.decode(): int(size) for name, size in found.items()}

    def has(self, part: str) -> bool:
        """Whether a part is there."""
        return part in self._sizes

    def finished(self, part: str, size: str) -> None:
        """A part of that many bytes is there."""
        steady(lambda: self._store.client.hset(self._key, part, size))
        self._sizes[part] = int(size)

    def bytes(self, kind: str) -> int:
        """Of all parts whose name begins so."""
        return sum(size for name, size in self._sizes.items() if name.startswith(kind))


def parts(
    store: Store, folder: Path, blocks: int, pages: Sequence[Pages], partition: int, generation: bytes
) -> list[Part]:
    """All that a partition gets: each part's name, and what `operator.call` is to call for it."""
    found: list[Part] = [
        (f"texts-{block:06}", (send_texts, store, folder, block, partition, generation))
        for block in range(blocks)
    ]
    found.append(("ids", (send_ids, store, folder, blocks, partition, generation)))
    mine = [one for one in pages if one.partition == partition]
    return found + [(one.name, (send_pages, store, folder, one, generation)) for one in mine]


def send_texts(store: Store, folder: Path, block: int, partition: int, generation: bytes) -> str:
    """The texts of a block's documents that live in a partition; returns how many bytes they have."""
    names, part = store.partitions[partition].keys, files.read(folder, part_name(block))
    numbers, bounds, blob = numbers_of(folder, block), part["text_bounds"].tolist(), part["texts"].data
    texts: dict[bytes, bytes] = {}
    size = total = 0
    for row in np.flatnonzero((part["partitions"] == partition) & (numbers > 0)).tolist():
        text = bytes(blob[bounds[row] : bounds[row + 1]])
        texts[names.text(generation, int(numbers[row]))] = text
        size += len(text)
        if size >= BYTES_A_CALL:
            _mset(store, texts)
            total, texts, size = total + size, {}, 0
    _mset(store, texts)
    return str(total + size)


def send_ids(store: Store, folder: Path, blocks: int, partition: int, generation: bytes) -> str:
    """The ids of a partition, bucket by bucket; returns how many bytes they have."""
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
    return str(digests.size + entries.size)


def send_pages(store: Store, folder: Path, wanted: Pages, generation: bytes) -> str:
    """The pages of a part; returns how many bytes they have."""
    part = files.read(folder, wanted.name)
    bounds, blob = part["bounds"].tolist(), part["blob"].data
    names = store.partitions[wanted.partition].keys
    keys = names.pages(generation, wanted.kind.encode(), part["suffixes"])
    for start in range(0, len(keys), KEYS_A_CALL):
        end = min(start + KEYS_A_CALL, len(keys))
        contents = [bytes(blob[a:b]) for a, b in pairwise(bounds[start : end + 1])]
        _mset(store, dict(zip(keys[start:end], contents, strict=True)))
    return str(len(blob))


def send_counts(
    store: Store, names: PartitionKeys, generation: bytes, documents: int, paragraphs: int, state: str
) -> None:
    """What makes a generation readable: its counters, and the `state` that it keeps of itself."""
    def send() -> None:
        counts: dict[Any, Any] = {"d": documents, "c": documents, "p": paragraphs}
        store.client.hset(names.counters(generation), mapping=counts)
        store.client.set(names.shape(generation), state)

    steady(send)


def forget_sent(store: Store, names: PartitionKeys, generation: bytes) -> None:
    """Once all is there, and known to be."""
    steady(lambda: store.client.unlink(names.sent(generation)))


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
    return array.view(f"V{array.shape[1]}").ravel().tolist()


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
