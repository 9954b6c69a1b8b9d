"""Meet and compare: documents that share a bucket, and of these the pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nearcopy.clusters.meeting import enough, halves, meetings
from nearcopy.clusters.pairs import Pairs
from nearcopy.clusters.verifying import Bounds, Texts, verified
from nearcopy.index.keys import page_numbers
from worker.clusters.numbering import PART as NUMBERS
from worker.clusters.numbering import by_block
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.signing import part_name

Range = tuple[int, int]
"""Numbers of documents: the first, and the end."""

RANGES, FEWEST = 32, 1 << 14
"""Of candidates: into so many ranges they are cut, but none of fewer than that."""

PAIRS = ("a", "b", "shared", "resemblance", "a_in_b", "b_in_a")


PRINTS = -1
"""In place of a band: the fingerprints."""


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


def shares(folder: Path, bands: int, most: int) -> list[Share]:
    """All bands, and the fingerprints, where there are any; cut so that no part has many more than ``most``
    hashes."""
    numbers = files.read(folder, NUMBERS)
    sizes = dict.fromkeys(range(bands), len(numbers["rows"]))
    if "prints" in numbers:
        sizes[PRINTS] = int(numbers["prints"].sum())
    each = {band: size // most + 1 for band, size in sizes.items()}
    return [Share(band, share, count) for band, count in each.items() for share in range(count)]


def write_met(folder: Path, blocks: int, wanted: Share) -> str:
    """Write the part of a share; returns its checksum.

    - ``keys`` int64, rising: the documents that share a bucket, as `nearcopy.clusters.meeting.meetings`
    - ``counts`` int64: in how many buckets, of fingerprints
    - ``crowded`` int64[1]: buckets in which not all were compared
    """
    numbers = files.read(folder, NUMBERS)
    parts = [(files.read(folder, part_name(b)), rows) for b, rows in by_block(numbers, blocks)]
    if wanted.band == PRINTS:
        keys, counts, crowded = meetings(*_prints(parts, numbers, wanted))
    else:
        hashes = np.concatenate([part["bands"][wanted.band][rows] for part, rows in parts])
        order = numbers["order"][numbers["words"][numbers["order"]] > 0]
        order = order[_in_share(hashes[order], wanted)]
        keys, counts, crowded = meetings(hashes[order], order)
        counts = counts[:0]
    arrays = {"keys": keys, "counts": counts, "crowded": np.array([crowded], dtype=np.int64)}
    return files.write(folder, wanted.name, arrays)


def _prints(parts: list[tuple[dict[str, Array], Array]], numbers: dict[str, Array], wanted: Share) -> Any:
    """Hashes, owners and contexts of the fingerprints of a share, by the order of the digests."""
    found, first = [], 0
    for part, rows in parts:
        owners = np.full(len(part["ids"]), -1, dtype=np.int64)
        owners[rows] = np.arange(first, first + len(rows))
        first += len(rows)
        owners = np.repeat(owners, np.diff(part["print_bounds"]))
        mine = np.flatnonzero((owners >= 0) & _in_share(part["fingerprints"], wanted))
        found.append((part["fingerprints"][mine], owners[mine], part["contexts"][mine]))
    hashes, owners, contexts = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(numbers["ranks"][owners], kind="stable")
    return hashes[order], owners[order], contexts[order]


def _in_share(hashes: Array, wanted: Share) -> Array:
    return np.asarray(page_numbers(hashes, wanted.shares) == wanted.share)


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
    numbers = files.read(folder, NUMBERS)
    keys = np.unique(np.concatenate([
        _met(folder, [one for one in met if one.band != PRINTS], among)[0],
        _held(folder, met, among, numbers, least),
    ]))
    pairs = verify(folder, keys, words, least)
    return files.write(folder, compared_name(among[0]), {name: getattr(pairs, name) for name in PAIRS})


def verify(folder: Path, keys: Array, words: int, least: Bounds) -> Pairs:
    """The pairs among candidates; about so many ``words`` are in memory at a time."""
    lengths = files.read(folder, NUMBERS)["words"]
    return _joined([
        verified(read_texts(folder, np.unique(np.concatenate(halves(some)))), some, least)
        for some in chunks(keys, lengths, words)
    ])


def _met(folder: Path, met: list[Share], among: Range) -> tuple[Array, Array]:
    """The keys and counts of a range, part by part."""
    keys, counts = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for one in met:
        part = files.read(folder, one.name)
        mine = slice(*np.searchsorted(part["keys"], [among[0] << 32, among[1] << 32]))
        keys.append(part["keys"][mine])
        counts.append(part["counts"][mine])
    return np.concatenate(keys), np.concatenate(counts)


def _held(folder: Path, met: list[Share], among: Range, numbers: dict[str, Array], least: Bounds) -> Array:
    """The candidates of a range by their fingerprints."""
    keys, counts = _met(folder, [one for one in met if one.band == PRINTS], among)
    if least.containment is None:
        return keys
    keys, which = np.unique(keys, return_inverse=True)
    met_in = np.bincount(which, counts, minlength=len(keys)).astype(np.int64)
    return enough(keys, met_in, numbers["prints"], least.containment)


def chunks(keys: Array, lengths: Array, most: int) -> Iterator[Array]:
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


def read_texts(folder: Path, wanted: Array) -> Texts:
    """The documents of these numbers, which rise."""
    numbers = files.read(folder, NUMBERS)
    found = {name: numbers[name][wanted] for name in ("blocks", "rows", "words", "ranks")}
    words = [np.empty(0, np.uint64)]
    for block, rows in by_block(found, int(found["blocks"].max(initial=-1)) + 1):
        if len(rows):
            part = files.read(folder, part_name(block))
            bounds = part["word_bounds"]
            places = zip(bounds[rows].tolist(), bounds[rows + 1].tolist(), strict=True)
            words += [part["words"][first:end] for first, end in places]
    ends = np.append(0, np.cumsum(found["words"])).astype(np.int64)
    return Texts(wanted, np.concatenate(words), ends, found["ranks"])
