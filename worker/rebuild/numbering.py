"""Number: each document gets its number, in the order of the archive; of a repeated id the first counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from nearcopy.index import documents
from worker.archive import Reject
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.signing import part_name

PART = "numbers"
REJECTS = "rejects.jsonl"


def number(folder: Path, blocks: int, partitions: int) -> str:
    """Write the part ``numbers``; returns its checksum. D documents of B blocks:

    - ``numbers`` int64[D], from 1 in each partition; 0 where the id stands earlier
    - ``bounds`` int64[B + 1]: where the documents of each block begin
    - ``counts`` int64[partitions, 3]: documents, paragraphs as they stand, fingerprints
    """
    signed = [files.read(folder, part_name(block)) for block in range(blocks)]
    ids = np.concatenate([part["ids"] for part in signed])
    places = np.concatenate([part["partitions"] for part in signed])
    sizes = np.stack([
        np.ones(len(ids), dtype=np.int64),
        np.concatenate([np.diff(part["paragraph_bounds"]) for part in signed]),
        np.concatenate([np.diff(part["fingerprint_bounds"]) for part in signed]),
    ], axis=1)
    first = ~repeated(ids)
    numbers = np.zeros(len(ids), dtype=np.int64)
    counts = np.zeros((partitions, 3), dtype=np.int64)
    for partition in range(partitions):
        mine = first & (places == partition)
        numbers[mine] = np.arange(1, mine.sum() + 1)
        counts[partition] = sizes[mine].sum(axis=0)
    bounds = np.cumsum([0, *(len(part["ids"]) for part in signed)]).astype(np.int64)
    return files.write(folder, PART, {"numbers": numbers, "bounds": bounds, "counts": counts})


def numbers_of(folder: Path, block: int) -> Array:
    """The numbers of a block's documents, int64[D]."""
    part = files.read(folder, PART)
    first, end = part["bounds"][block : block + 2]
    return part["numbers"][first:end]


def write_rejects(folder: Path) -> int:
    """Write ``rejects.jsonl`` of all signed blocks, in the order of the archive; returns how many there are.
    Once the documents are numbered, those whose id stands earlier are among them."""
    count = 0
    with open(folder / REJECTS, "w", encoding="utf-8") as file:
        for path in sorted(folder.glob(f"{part_name(0)[:-6]}*{files.SUFFIX}")):
            for reject in _rejects(folder, path.stem):
                file.write(json.dumps(reject, ensure_ascii=False) + "\n")
                count += 1
    return count


def _rejects(folder: Path, name: str) -> Iterator[dict[str, str]]:
    part = files.read(folder, name)
    yield from json.loads(part["rejects"].tobytes())
    source, bounds = json.loads(part["source"].tobytes()), part["text_bounds"]
    if not source or not files.path_of(folder, PART).exists():
        return  # what is stored gives way to what the archive has
    for row in np.flatnonzero(numbers_of(folder, int(name[-6:])) == 0):
        document, _ = documents.unpacked(part["texts"][bounds[row] : bounds[row + 1]].tobytes())
        place = f"{source}: {document.id}"
        yield asdict(Reject(place, "the id stands earlier in the archive", document.text[:200]))


def repeated(ids: Array) -> Array:
    """Which digests, uint8[D, 12], stand earlier."""
    upper = np.ascontiguousarray(ids[:, :8]).view(np.uint64).ravel()
    lower = np.ascontiguousarray(ids[:, 8:]).view(np.uint32).ravel()
    order = np.lexsort((lower, upper))
    same = (upper[order][1:] == upper[order][:-1]) & (lower[order][1:] == lower[order][:-1])
    repeated = np.zeros(len(ids), dtype=np.bool_)
    repeated[order[1:][same]] = True
    return repeated
