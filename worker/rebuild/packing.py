"""Pack: some pages of some bands, from all blocks that have postings on them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nearcopy.index.base import holder_records, pack
from nearcopy.index.keys import MAX_NUMBER, OWNER_BITS, page_numbers, page_suffixes
from nearcopy.index.shape import Shape
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.numbering import numbers_of
from worker.rebuild.paragraphs import bucket_name, placed_name
from worker.rebuild.signing import part_name


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages ``first`` to ``end - 1`` of the ``pages`` that each band of that ``kind`` has in a partition, of
    the bands ``band`` to ``band_end - 1``."""

    partition: int
    kind: str
    band: int
    band_end: int
    pages: int
    first: int
    end: int

    @property
    def name(self) -> str:
        """Of their part."""
        return f"pages-{self.partition:04}-{self.kind}{self.band:03}-{self.first:08}"


def all_pages(partition: int, bands: int, shape: Shape, records: dict[str, int], most: int) -> list[Pages]:
    """All pages of a partition, cut so that no part has much more than ``most`` records: several bands in a
    part, or several parts a band, by how many ``records`` a band of each kind has."""
    owners = (records["p"] >> OWNER_BITS) + 1
    found = []
    for kind, pages in {**shape.base, "o": owners}.items():
        of_kind = bands if kind in "pd" else 1
        together = max(most // max(records[kind], 1), 1)
        cuts = np.linspace(0, pages, records[kind] // most + 2 if together == 1 else 2).astype(int).tolist()
        for band in range(0, of_kind, together):
            band_end = min(band + together, of_kind)
            found += [
                Pages(partition, kind, band, band_end, pages, a, b) for a, b in pairwise(cuts) if a < b
            ]
    return found


def write_pages(folder: Path, blocks: int, wanted: Pages, starts: list[int]) -> str:
    """Write the part of some pages; returns its checksum. ``starts``: the `bases` of the partition.

    - ``suffixes`` uint8[N, 4]: band and page, as they end a key
    - ``blob`` uint8: page i from ``bounds[i]`` on; ``bounds`` int64[N + 1]
    """
    if wanted.kind == "o":
        packed = [pack("o", *_holders(folder, wanted, starts))]
    else:
        hashes, owners, contexts = _postings(folder, blocks, wanted)
        packed = [pack(wanted.kind, page_numbers(one, wanted.pages), one, owners, contexts) for one in hashes]
    bands = np.repeat(
        np.arange(wanted.band, wanted.band_end, dtype=np.uint8), [len(one.pages) for one in packed]
    )
    sizes = np.concatenate([np.diff(one.bounds) for one in packed])
    return files.write(folder, wanted.name, {
        "suffixes": page_suffixes(bands, np.concatenate([one.pages for one in packed])),
        "bounds": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        "blob": np.concatenate([one.blob for one in packed]),
    })


def _holders(folder: Path, wanted: Pages, starts: list[int]) -> tuple[Array, ...]:
    found = []
    for bucket, base in enumerate(starts[:-1]):
        held = files.read(folder, bucket_name(wanted.partition, bucket))["holders"]
        pairs = np.stack([(held >> 24) + base + 1, held & MAX_NUMBER], axis=1)
        pages = pairs[:, 0] >> OWNER_BITS
        found.append(pairs[(pages >= wanted.first) & (pages < wanted.end)])
    return holder_records(np.concatenate(found))


def _postings(folder: Path, blocks: int, wanted: Pages) -> tuple[Array, Array, Array | None]:
    """The hashes uint64[bands, N] of all postings on the pages, the owner of each and, of fingerprints, its
    context; in the order of the archive."""
    found = []
    for block in range(blocks):
        one = (_of_paragraphs if wanted.kind in "px" else _of_documents)(folder, block, wanted)
        if wanted.end - wanted.first < wanted.pages:
            pages = page_numbers(one[0][0], wanted.pages)
            mine = (pages >= wanted.first) & (pages < wanted.end)
            one = [array[..., mine] for array in one]
        found.append(one)
    hashes, owners, *contexts = [np.concatenate(arrays, axis=-1) for arrays in zip(*found, strict=True)]
    return hashes, owners, contexts[0] if contexts else None


def _of_paragraphs(folder: Path, block: int, wanted: Pages) -> list[Array]:
    part, placed = files.read(folder, part_name(block)), files.read(folder, placed_name(block))
    rows, numbers = placed["rows"], placed["numbers"]
    if len(mine := np.flatnonzero(placed["partitions"] == wanted.partition)) < len(rows):
        rows, numbers = rows[mine], numbers[mine]
    if wanted.kind == "x":
        return [part["runs"][None, rows], numbers]
    return [part["bands"][wanted.band : wanted.band_end, rows], numbers]


def _of_documents(folder: Path, block: int, wanted: Pages) -> list[Array]:
    part = files.read(folder, part_name(block))
    numbers = np.where(part["partitions"] == wanted.partition, numbers_of(folder, block), 0)
    if wanted.kind == "d":
        mine = numbers > 0
        return [part["document_bands"][wanted.band : wanted.band_end, mine], numbers[mine]]
    owners = np.repeat(numbers, np.diff(part["fingerprint_bounds"]))
    mine = owners > 0
    return [part["fingerprints"][None, mine], owners[mine], part["contexts"][mine]]
