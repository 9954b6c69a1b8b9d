"""Dedupe and place: equal paragraphs become one, with a number and the documents that hold it.

Run hashes are split into buckets by their upper bits, so that one bucket at a time fits in memory. Paragraphs
are numbered in the order of their hashes: bucket after bucket, and by hash within one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nearcopy.index.keys import page_numbers
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.numbering import numbers_of
from worker.rebuild.signing import part_name


def bucket_name(partition: int, bucket: int) -> str:
    """The part of the distinct paragraphs of a bucket."""
    return f"distinct-{partition:04}-{bucket:04}"


def placed_name(block: int) -> str:
    """The part of the numbers of a block's paragraphs."""
    return f"placed-{block:06}"


def buckets_of(count: int, most: int) -> int:
    """How many buckets so many paragraphs are split into: to sort one takes four times the memory of a
    record, of which a part may have ``most``."""
    return 4 * count // most + 1


def dedupe(folder: Path, blocks: int, partition: int, bucket: int, buckets: int) -> str:
    """Write the part of a bucket; returns its checksum. N distinct paragraphs, numbered from 0 here:

    - ``runs`` uint64[N], rising; ``first`` int64[N]: block << 32 | row where each stands first
    - ``holders`` int64[H]: paragraph << 24 | number of a document, rising, each once
    """
    runs, places, owners = [np.empty(0, np.uint64)], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for block in range(blocks):
        rows, found, documents = _rows(folder, block, partition, bucket, buckets)
        runs.append(found)
        places.append(rows | block << 32)
        owners.append(documents)
    distinct, first, which = np.unique(np.concatenate(runs), return_index=True, return_inverse=True)
    holders = np.unique(which.astype(np.int64) << 24 | np.concatenate(owners))
    arrays = {"runs": distinct, "first": np.concatenate(places)[first], "holders": holders}
    return files.write(folder, bucket_name(partition, bucket), arrays)


def bases(folder: Path, partition: int, buckets: int) -> list[int]:
    """How many paragraphs lie in the buckets before each; the last is the count of all."""
    counts = [len(files.read(folder, bucket_name(partition, one))["runs"]) for one in range(buckets)]
    return [0, *np.cumsum(counts, dtype=np.int64).tolist()]


def place(folder: Path, block: int, starts: list[list[int]]) -> str:
    """Write the part of a block; returns its checksum. ``starts``: the `bases` of each partition.

    - ``rows`` int64[K]: the paragraphs of the block that stand there first
    - ``numbers`` int64[K]: theirs, from 1; ``partitions`` uint16[K]
    """
    rows, numbers, partitions = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.uint16)]
    for partition, before in enumerate(starts):
        for bucket, base in enumerate(before[:-1]):
            mine, runs, _ = _rows(folder, block, partition, bucket, len(before) - 1)
            distinct = files.read(folder, bucket_name(partition, bucket))
            which = np.searchsorted(distinct["runs"], runs)
            first = distinct["first"][which] == (mine | block << 32)
            rows.append(mine[first])
            numbers.append(which[first] + base + 1)
            partitions.append(np.full(first.sum(), partition, dtype=np.uint16))
    return files.write(folder, placed_name(block), {
        "rows": np.concatenate(rows),
        "numbers": np.concatenate(numbers),
        "partitions": np.concatenate(partitions),
    })


def _rows(
    folder: Path, block: int, partition: int, bucket: int, buckets: int
) -> tuple[Array, Array, Array]:
    """The paragraphs of a block that fall into a bucket: rows, run hashes, numbers of their documents."""
    part = files.read(folder, part_name(block))
    numbers = np.where(part["partitions"] == partition, numbers_of(folder, block), 0)
    owners = np.repeat(numbers, np.diff(part["paragraph_bounds"]))
    mine = np.flatnonzero((owners > 0) & (page_numbers(part["runs"], buckets) == bucket))
    return mine.astype(np.int64), part["runs"][mine], owners[mine]
