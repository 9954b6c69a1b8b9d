"""Meet and compare: documents that share a bucket, and of these the pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from nearcopy.clusters.meeting import halves, meetings
from nearcopy.clusters.pairs import Pairs
from nearcopy.clusters.verifying import Bounds, Texts, verified
from nearcopy.index.keys import page_numbers
from worker.clusters.numbering import PART as NUMBERS
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.signing import part_name

Range = tuple[int, int]
"""Numbers of documents: the first, and the end."""

RANGES, FEWEST = 32, 1 << 14
"""Of candidates: into so many ranges they are cut, but none of fewer than that."""

PAIRS = ("a", "b", "shared", "resemblance", "a_in_b", "b_in_a")


@dataclass(frozen=True, slots=True)
class Share:
    """The hashes of one band that fall into one of so many equal ``shares`` of all hashes."""

    band: int
    share: int
    shares: int

    @property
    def name(self) -> str:
        """Of its part."""
        return f"met-{self.band:03}-{self.share:04}"


def shares(bands: int, documents: int, most: int) -> list[Share]:
    """All bands, cut so that no part has much more than ``most`` documents."""
    each = documents // most + 1
    return [Share(band, share, each) for band in range(bands) for share in range(each)]


def write_met(folder: Path, blocks: int, wanted: Share) -> str:
    """Write the part of a share; returns its checksum.

    - ``keys`` int64, rising: the documents that share a bucket, as `nearcopy.clusters.meeting.meetings`
    - ``crowded`` int64[1]: buckets in which not all were compared
    """
    numbers = files.read(folder, NUMBERS)
    hashes = np.concatenate([
        files.read(folder, part_name(block))["bands"][wanted.band][numbers["rows"][mine]]
        for block, mine in _by_block(numbers["blocks"], blocks)
    ])
    order = numbers["order"]
    order = order[numbers["words"][order] > 0]
    if wanted.shares > 1:
        order = order[page_numbers(hashes[order], wanted.shares) == wanted.share]
    keys, crowded = meetings(hashes[order], order)
    return files.write(folder, wanted.name, {"keys": keys, "crowded": np.array([crowded], dtype=np.int64)})


def cuts(folder: Path, met: list[Share], documents: int, most: int) -> list[Range]:
    """Ranges of documents, with about ``most`` candidates each, as they stand in all bands, or fewer."""
    counts = np.zeros(documents, dtype=np.int64)
    for one in met:
        counts += np.bincount(halves(files.read(folder, one.name)["keys"])[0], minlength=documents)
    each = min(most, max(int(counts.sum()) // RANGES, FEWEST))
    starts = np.flatnonzero(np.diff(np.cumsum(counts) // each, prepend=-1)).tolist()
    return list(pairwise([0, *starts[1:], documents]))


def compared_name(first: int) -> str:
    """The part of the pairs of a range of documents."""
    return f"pairs-{first:010}"


def compare(folder: Path, met: list[Share], among: Range, words: int, least: Bounds) -> str:
    """Write the part of the pairs whose lesser document is in a range: the arrays of `Pairs`; returns its
    checksum. About so many ``words`` are in memory at a time."""
    ends, found = [among[0] << 32, among[1] << 32], [np.empty(0, dtype=np.int64)]
    for one in met:
        keys = files.read(folder, one.name)["keys"]
        found.append(keys[slice(*np.searchsorted(keys, ends))])
    chunks = _chunks(np.unique(np.concatenate(found)), files.read(folder, NUMBERS)["words"], words)
    pairs = _joined([verified(_texts(folder, keys), keys, least) for keys in chunks])
    return files.write(folder, compared_name(among[0]), {name: getattr(pairs, name) for name in PAIRS})


def _chunks(keys: Array, lengths: Array, most: int) -> Iterator[Array]:
    """Candidates in their order, halved until the documents of a part have so many words at most."""
    left = [keys]
    while left:
        keys = left.pop()
        if len(keys) > 1 and lengths[np.unique(np.concatenate(halves(keys)))].sum() > most:
            left += [keys[len(keys) // 2 :], keys[: len(keys) // 2]]
        else:
            yield keys


def read_pairs(folder: Path, ranges: list[Range]) -> Pairs:
    """All pairs."""
    return _joined([Pairs(**files.read(folder, compared_name(first))) for first, _ in ranges])


def _joined(parts: list[Pairs]) -> Pairs:
    return Pairs.joined([Pairs(*(np.empty(0, np.int64),) * 3, *(np.empty(0, np.float64),) * 3), *parts])


def _texts(folder: Path, keys: Array) -> Texts:
    """The documents of candidates."""
    numbers, wanted = files.read(folder, NUMBERS), np.unique(np.concatenate(halves(keys)))
    places, words = numbers["blocks"][wanted], []
    for block, mine in _by_block(places, int(places.max(initial=-1)) + 1):
        if not len(mine):
            continue
        part = files.read(folder, part_name(block))
        bounds = part["word_bounds"]
        rows = numbers["rows"][wanted[mine]]
        words += [
            part["words"][a:b] for a, b in zip(bounds[rows].tolist(), bounds[rows + 1].tolist(), strict=True)
        ]
    lengths = numbers["words"][wanted]
    return Texts(
        wanted, np.concatenate([np.empty(0, np.uint64), *words]),
        np.append(0, np.cumsum(lengths)).astype(np.int64), numbers["ranks"][wanted],
    )


def _by_block(places: Array, blocks: int) -> list[tuple[int, Array]]:
    """Which of some rising numbers of blocks are each block's."""
    bounds = np.searchsorted(places, np.arange(blocks + 1))
    return [(block, np.arange(*bounds[block : block + 2])) for block in range(blocks)]
