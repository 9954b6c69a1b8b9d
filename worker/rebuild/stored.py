"""The documents that a collection holds, as blocks beside those of archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from nearcopy.connection import pipeline, steady, strings
from nearcopy.document import Document
from nearcopy.index import documents
from nearcopy.index.store import Partition, Store
from nearcopy.retention import too_old

PACKED = 3
"""Bytes of text in a stored byte, about."""

KEYS_A_CALL = 1000
"""Texts asked for together."""

Cut = list[int]
"""Partition, and the first and the end of some numbers of documents."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Documents of a collection, as they are stored; ``number`` counts on from the blocks of the archives.
    ``before``: those that were published before then are too old for the collection."""

    number: int
    texts: tuple[bytes, ...]
    source: str = ""
    before: datetime | None = None

    def documents(self) -> Iterator[Document]:
        """The documents that are not too old, in the order of their numbers."""
        found = (documents.unpacked(text)[0] for text in self.texts)
        return (one for one in found if self.before is None or not too_old(one, self.before))


def cuts(store: Store, block_bytes: int) -> list[Cut]:
    """The numbers of all documents of the live generation, cut into blocks of about so many bytes of text."""
    found: list[Cut] = []
    for number in range(len(store.partitions)):
        sizes = _sizes(store, store.refresh(number)) * PACKED
        blocks = (np.cumsum(sizes) - sizes) // block_bytes
        starts = np.flatnonzero(np.diff(blocks, prepend=-1)).tolist()
        found += [[number, a + 1, b + 1] for a, b in pairwise([*starts, len(sizes)])]
    return found


def read(
    store: Store, generation: bytes, cut: Cut, number: int, before: datetime | None = None
) -> Stored:
    """One block. What was removed since is left out, and what was replaced is new: the log tells of both."""
    partition, first, end = cut
    names = [store.partitions[partition].keys.text(generation, one) for one in range(first, end)]
    texts: list[bytes | None] = []
    for start in range(0, len(names), KEYS_A_CALL):
        part = names[start : start + KEYS_A_CALL]
        texts += steady(lambda part=part: strings(store.client, part))  # type: ignore[misc]
    return Stored(number, tuple(text for text in texts if text is not None), before=before)


def _sizes(store: Store, part: Partition) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Bytes of each stored document, from number 1 on; 0 where there is none."""
    last = int(steady(lambda: store.client.hget(part.keys.counters(part.generation), "d")) or 0)
    sizes: list[int] = []
    for start in range(1, last + 1, KEYS_A_CALL):
        def ask(start: int = start) -> list[int]:
            batch = pipeline(store.client)
            for one in range(start, min(start + KEYS_A_CALL, last + 1)):
                batch.strlen(part.keys.text(part.generation, one))
            return batch.execute()  # type: ignore[no-any-return]

        sizes += steady(ask)
    return np.array(sizes, dtype=np.int64)
