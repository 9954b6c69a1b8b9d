"""A sample of what a rebuild will read: documents from places spread over all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from nearcopy.connection import steady
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index.store import Store
from worker.archive import LONGEST, Block, Source, parse
from worker.archive.reading import cut
from worker.rebuild import stored
from worker.rebuild.asked import Reading

BLOCK_BYTES = 256 << 10
"""Of text in a block of a sample: small ones are spread better, for neighbours are alike."""

READ_BYTES = 256 << 20
"""Bytes on disk that are read of all archives together: some seconds where they are compressed."""

SOURCES = 256
"""Archives opened, spread over the list of them."""

DOCUMENTS = 64
"""Stored documents read from one place."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Documents block by block; how many times as many blocks all of it has (``times``, 1 where the sample is
    all of it); ``told`` in words how it was taken."""

    blocks: Iterator[list[Document]]
    times: float
    told: str


def of_archives(reading: Reading, most: int) -> Sample:
    """At most so many blocks, spread evenly over what is read of the archives: of each the same share, from
    the front where it cannot be read from anywhere else. Raises `InputError` where one is a pipe, and
    `OSError`."""
    for source in reading.sources:
        if source.size is None:
            raise InputError(f"{source.name} is a pipe, whose size nobody knows: name a file", "archive")
    sizes = np.array([source.size for source in reading.sources], dtype=np.int64)
    chosen = np.unique(np.linspace(0, len(sizes) - 1, min(len(sizes), SOURCES)).astype(int))
    share = min(1.0, READ_BYTES / max(int(sizes[chosen].sum()), 1))
    kept: list[Block] = []
    stride, read, whole = 1, 0, 0.0
    for one in chosen.tolist():
        before, position = read, 1
        for block in _some(reading.sources[one], share):
            if read % stride == 0:
                kept.append(block)
            read, position = read + 1, block.read
            if len(kept) > most:
                kept, stride = kept[::2], 2 * stride
        whole += (read - before) * (1.0 if share == 1 else max(int(sizes[one]) / position, 1.0))
    whole *= int(sizes.sum()) / max(int(sizes[chosen].sum()), 1)
    blocks = ([one for one in parse(block, reading.mapping) if isinstance(one, Document)] for block in kept)
    return Sample(blocks, whole / max(len(kept), 1), _told(len(kept), whole, share))


def of_stored(store: Store, most: int) -> Sample:
    """The same of the documents that a collection holds."""
    places: list[stored.Cut] = []
    for number, part in enumerate(store.partitions):
        name = part.keys.counters(part.generation)
        last = int(steady(lambda name=name: store.client.hget(name, "d")) or 0)  # type: ignore[misc]
        places += [[number, start, start + DOCUMENTS] for start in range(1, last + 1, DOCUMENTS)]
    kept = places[:: -(-len(places) // most)] if places else []
    blocks = (
        list(stored.read(store, store.partitions[cut[0]].generation, cut, 0).documents()) for cut in kept
    )
    told = f"of the stored documents {len(kept)} of {len(places)} parts were read"
    return Sample(blocks, len(places) / max(len(kept), 1), told)


def _some(source: Source, share: float) -> Iterator[Block]:
    """About that share of the blocks of a source; each says that this share of it was read."""
    if source.kind == "jsonl" and source.plain:
        yield from _spread(source, share)
        return
    for block in cut(source, BLOCK_BYTES):
        yield block
        if share < 1 and block.read > share * (source.size or 0):
            return


def _spread(source: Source, share: float) -> Iterator[Block]:
    """Of lines that lie plain on disk, from places spread over the file; nothing between is read."""
    size = source.size or 0
    with open(source.path, "rb") as file:
        for place in np.arange(0, size, BLOCK_BYTES / share).astype(int).tolist():
            start, end = _line_after(file, place), _line_after(file, min(place + BLOCK_BYTES, size))
            yield Block(
                "jsonl", source.name, 1, path=source.path, start=start, length=end - start,
                read=round(share * size),
            )


def _line_after(file: BinaryIO, place: int) -> int:
    """Where the first line begins that does not begin before a place."""
    if place:
        file.seek(place - 1)
        file.readline(LONGEST)
    return file.tell() if place else 0


def _told(kept: int, whole: float, share: float) -> str:
    """How the sample was taken."""
    where = "all of the archives" if share == 1 else (
        f"all of each plain JSONL file and the first {share:.0%} of each other archive"
    )
    return f"of the archives {kept} of {round(whole)} parts of 256 kB were read, spread over {where}"
