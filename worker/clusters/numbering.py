"""Number: each document gets its number, in the order of the archive; of a repeated id the first counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from nearcopy.clusters.pairs import Members
from worker.archive import Reject
from worker.clusters.signing import TOLD
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.numbering import repeated
from worker.rebuild.signing import part_name

PART = "numbers"

COUNTED = {"prints": "print_bounds", "paragraphs": "paragraph_bounds"}


def number(folder: Path, blocks: int) -> str:
    """Write the part ``numbers``; returns its checksum. Of n documents:

    - ``blocks`` and ``rows`` int64[n]: where each stands
    - ``order`` int64[n]: all numbers in the order of the digests; ``ranks`` int64[n]: the place of each there
    - ``words`` int64[n], ``digests`` uint8[n, 12]
    - ``prints`` and ``paragraphs`` int64[n], where excerpts are looked for: how many each has
    """
    signed = [files.read(folder, part_name(block)) for block in range(blocks)]
    every = np.concatenate([part["ids"] for part in signed])
    first = ~repeated(every)
    counts = [len(part["ids"]) for part in signed]
    digests = every[first]
    order = np.lexsort(digests.view(">u4").astype(np.uint32).T[::-1]).astype(np.int64)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return files.write(folder, PART, {
        "blocks": np.repeat(np.arange(blocks, dtype=np.int64), counts)[first],
        "rows": np.concatenate([np.arange(count, dtype=np.int64) for count in counts])[first],
        "order": order,
        "ranks": ranks,
        "words": np.concatenate([np.diff(part["word_bounds"]) for part in signed])[first],
        "digests": digests,
        **{
            name: np.concatenate([np.diff(part[bounds]) for part in signed])[first]
            for name, bounds in COUNTED.items() if "print_bounds" in signed[0]
        },
    })


def members(folder: Path, blocks: int) -> Members:
    """All documents by number."""
    numbers = files.read(folder, PART)
    columns: tuple[list[Any], ...] = tuple([] for _ in TOLD)
    for block, rows in by_block(numbers, blocks):
        told = orjson.loads(files.read(folder, part_name(block))["told"].tobytes())
        for column, values in zip(columns, told, strict=True):
            column += values if len(rows) == len(values) else [values[row] for row in rows.tolist()]
    ids, publishers, published_at, titles, credits = columns
    return Members(
        ids=ids, publishers=publishers, published_at=published_at, titles=titles, credits=credits,
        words=numbers["words"], digests=numbers["digests"],
    )


def by_block(numbers: Mapping[str, Array], blocks: int) -> Iterator[tuple[int, Array]]:
    """Each block, and which of its rows are among documents in the order of their numbers."""
    bounds = np.searchsorted(numbers["blocks"], np.arange(blocks + 1))
    for block in range(blocks):
        yield block, numbers["rows"][bounds[block] : bounds[block + 1]]


def write_rejects(folder: Path, target: Path, blocks: int) -> int:
    """Write the rejects of all signed blocks into a file, in the order of the archive; returns how many there
    are."""
    count = 0
    with open(target, "w", encoding="utf-8") as file:
        for block in range(blocks):
            for reject in _rejects(folder, block):
                file.write(json.dumps(reject, ensure_ascii=False) + "\n")
                count += 1
    return count


def _rejects(folder: Path, block: int) -> Iterator[dict[str, str]]:
    part = files.read(folder, part_name(block))
    yield from json.loads(part["rejects"].tobytes())
    source = json.loads(part["source"].tobytes())
    if not source or not files.path_of(folder, PART).exists():
        return
    left_out = _left_out(files.read(folder, PART), block, len(part["ids"]))
    told = orjson.loads(part["told"].tobytes()) if left_out else []
    for row in left_out:
        yield asdict(Reject(f"{source}: {told[0][row]}", "the id stands earlier in the archive"))


def _left_out(numbers: dict[str, Array], block: int, count: int) -> list[int]:
    kept = numbers["rows"][numbers["blocks"] == block]
    found: list[int] = np.setdiff1d(np.arange(count), kept).tolist()
    return found
