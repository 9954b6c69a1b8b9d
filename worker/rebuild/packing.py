"""Pack: some pages of one band, from all blocks that have postings on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nearcopy.index.base import Packed, holder_records, pack, records_of
from nearcopy.index.keys import MAX_NUMBER, OWNER_BITS, page_numbers
from nearcopy.index.shape import Shape
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.numbering import numbers_of
from worker.rebuild.paragraphs import bucket_name, placed_name
from worker.rebuild.signing import part_name


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages ``first`` to ``end - 1`` of the ``pages`` that a band of that ``kind`` has in a partition."""

    partition: int
    kind: str
    band: int
    pages: int
    first: int
    end: int

    @property
    def name(self) -> str:
        """Of their part."""
        return f"pages-{self.partition:04}-{self.kind}{self.band:03}-{self.first:08}"


def all_pages(partition: int, bands: int, shape: Shape, records: dict[str, int], most: int) -> list[Pages]:
    """All pages of a partition, cut so that no part has much more than ``most`` of the ``records`` of its
    kind."""
    owners = (records["p"] >> OWNER_BITS) + 1
    found = []
    for kind, pages in {**shape.base, "o": owners}.items():
        cuts = np.linspace(0, pages, records[kind] // most + 2).astype(int).tolist()
        for band in range(bands if kind in "pd" else 1):
            found += [Pages(partition, kind, band, pages, a, b) for a, b in pairwise(cuts) if a < b]
    return found


def write_pages(folder: Path, blocks: int, wanted: Pages, starts: list[int]) -> str:
    """Write the part of some pages, as `Packed` has them; returns its checksum. ``starts``: the `bases` of
    the partition."""
    gathered = _holders(folder, wanted, starts) if wanted.kind == "o" else _postings(folder, blocks, wanted)
    pages, records = [], []
    for page, record in gathered:
        mine = (page >= wanted.first) & (page < wanted.end)
        pages.append(page[mine])
        records.append(record[mine])
    packed = pack(wanted.kind, np.concatenate(pages), np.concatenate(records))
    return files.write(folder, wanted.name, {
        "pages": packed.pages, "bounds": packed.bounds, "blob": packed.blob,
    })


def read_pages(folder: Path, wanted: Pages) -> Packed:
    """The pages of a part."""
    return Packed(**files.read(folder, wanted.name))


def _holders(folder: Path, wanted: Pages, starts: list[int]) -> Iterator[tuple[Array, Array]]:
    for bucket, base in enumerate(starts[:-1]):
        held = files.read(folder, bucket_name(wanted.partition, bucket))["holders"]
        yield holder_records(np.stack([(held >> 24) + base + 1, held & MAX_NUMBER], axis=1))


def _postings(folder: Path, blocks: int, wanted: Pages) -> Iterator[tuple[Array, Array]]:
    """The page and the record of each posting, block by block."""
    for block in range(blocks):
        part = files.read(folder, part_name(block))
        if wanted.kind in "px":
            hashes, owners, contexts = *_of_paragraphs(folder, block, part, wanted), None
        else:
            hashes, owners, contexts = _of_documents(folder, block, part, wanted)
        yield page_numbers(hashes, wanted.pages), records_of(wanted.kind, hashes, owners, contexts)


def _of_paragraphs(folder: Path, block: int, part: dict[str, Array], wanted: Pages) -> tuple[Array, Array]:
    placed = files.read(folder, placed_name(block))
    mine = placed["partitions"] == wanted.partition
    hashes = part["bands"][wanted.band] if wanted.kind == "p" else part["runs"]
    return hashes[placed["rows"][mine]], placed["numbers"][mine]


def _of_documents(
    folder: Path, block: int, part: dict[str, Array], wanted: Pages
) -> tuple[Array, Array, Array | None]:
    numbers = np.where(part["partitions"] == wanted.partition, numbers_of(folder, block), 0)
    if wanted.kind == "d":
        mine = numbers > 0
        return part["document_bands"][wanted.band][mine], numbers[mine], None
    owners = np.repeat(numbers, np.diff(part["fingerprint_bounds"]))
    mine = owners > 0
    return part["fingerprints"][mine], owners[mine], part["contexts"][mine]
