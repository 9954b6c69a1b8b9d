"""Meet and compare: documents that share a bucket, and of these the pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from nearcopy.clusters.meeting import distinct, enough, halves, meetings, meetings_beside
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

RANGES, FEWEST = 32, 1 << 16
"""Of candidates: into so many ranges they are cut, but none of fewer than that."""

PAIRS = ("a", "b", "shared", "resemblance", "a_in_b", "b_in_a")


Net = Literal["documents", "paragraphs", "runs", "prints"]
"""Bands of documents and of paragraphs; paragraphs that are equal word for word; fingerprints."""


@dataclass(frozen=True, slots=True)
class Share:
    """The hashes of one band of a net that fall into one of so many equal ``shares`` of all hashes."""

    net: Net
    band: int
    share: int
    shares: int

    @property
    def name(self) -> str:
        """Of its part."""
        return f"met-{self.net}-{self.band:03}-{self.share:04}"


def shares(folder: Path, bands: int, most: int) -> list[Share]:
    """All bands of documents, and the nets for excerpts where they were cast; cut so that no part has many
    more than ``most`` hashes."""
    numbers = files.read(folder, NUMBERS)
    sizes: dict[tuple[Net, int], int] = {("documents", band): len(numbers["rows"]) for band in range(bands)}
    if "prints" in numbers:
        paragraphs = int(numbers["paragraphs"].sum())
        sizes |= {("paragraphs", band): paragraphs for band in range(bands)}
        sizes |= {("runs", 0): paragraphs, ("prints", 0): int(numbers["prints"].sum())}
    return [
        Share(net, band, share, size // most + 1)
        for (net, band), size in sizes.items() for share in range(size // most + 1)
    ]


def write_met(folder: Path, blocks: int, wanted: Share) -> str:
    """Write the part of a share; returns its checksum.

    - ``keys`` int64, rising: the documents that share a bucket, as `nearcopy.clusters.meeting.meetings`
    - ``counts`` int64: of fingerprints, in how many buckets; of paragraphs, with how many words
    - ``crowded`` int64[1]: buckets in which not all were compared
    """
    numbers = files.read(folder, NUMBERS)
    parts = [(files.read(folder, part_name(b)), rows) for b, rows in by_block(numbers, blocks)]
    if wanted.net == "documents":
        hashes = np.concatenate([part["bands"][wanted.band][rows] for part, rows in parts])
        order = numbers["order"][numbers["words"][numbers["order"]] > 0]
        order = order[_in_share(hashes[order], wanted)]
        keys, counts, crowded = meetings(hashes[order], order)
        counts = counts[:0]
    elif wanted.net == "prints":
        hashes, owners, contexts = _of_all(parts, numbers, wanted, "print_bounds", _prints)
        keys, counts, crowded = meetings(hashes, owners, contexts)
    else:
        hashes, owners, runs, words = _of_all(parts, numbers, wanted, "paragraph_bounds", _paragraphs)
        if wanted.net == "runs":
            runs = np.arange(len(runs), dtype=np.uint64)  # equal ones meet here
        keys, counts, crowded = meetings_beside(hashes, owners, runs, words)
    arrays = {"keys": keys, "counts": counts, "crowded": np.array([crowded], dtype=np.int64)}
    return files.write(folder, wanted.name, arrays)


def _prints(part: dict[str, Array], _: Share) -> tuple[Array, ...]:
    """Hashes and contexts of the fingerprints of a block."""
    return part["fingerprints"], part["contexts"]


def _paragraphs(part: dict[str, Array], wanted: Share) -> tuple[Array, ...]:
    """Hashes, runs and words of the paragraphs of a block."""
    hashes = part["runs"] if wanted.net == "runs" else part["paragraph_bands"][wanted.band]
    return hashes, part["runs"], np.diff(part["spans"], axis=1)[:, 0]


def _of_all(
    parts: list[tuple[dict[str, Array], Array]], numbers: dict[str, Array], wanted: Share, bounds: str,
    read: Callable[[dict[str, Array], Share], tuple[Array, ...]],
) -> list[Array]:
    """What is read of all blocks and falls into the share, by the order of the digests: hashes, the number of
    the document that has each, and the rest."""
    found, first = [], 0
    for part, rows in parts:
        owners = np.full(len(part["ids"]), -1, dtype=np.int64)
        owners[rows] = np.arange(first, first + len(rows))
        first += len(rows)
        owners = np.repeat(owners, np.diff(part[bounds]))
        hashes, *rest = read(part, wanted)
        mine = np.flatnonzero((owners >= 0) & _in_share(hashes, wanted))
        found.append([hashes[mine], owners[mine], *(array[mine] for array in rest)])
    arrays = [np.concatenate(each) for each in zip(*found, strict=True)]
    order = np.argsort(numbers["ranks"][arrays[1]], kind="stable")
    return [array[order] for array in arrays]


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
    return f"compared-{first:010}"


def compare(folder: Path, met: list[Share], among: Range, words: int, least: Bounds) -> str:
    """Write the part of the pairs whose lesser document is in a range: the arrays of `Pairs`; returns its
    checksum. About so many ``words`` are in memory at a time."""
    numbers = files.read(folder, NUMBERS)
    keys = distinct(np.concatenate([
        _met(folder, [one for one in met if one.net == "documents"], among)[0],
        *_held(folder, met, among, numbers, least),
    ]))
    pairs = verify(folder, keys, words, least)
    return files.write(folder, compared_name(among[0]), {name: getattr(pairs, name) for name in PAIRS})


def verify(folder: Path, keys: Array, words: int, least: Bounds) -> Pairs:
    """The pairs among candidates; about so many ``words`` are in memory at a time."""
    lengths = files.read(folder, NUMBERS)["words"]
    return _joined([
        verified(read_texts(folder, numbers), some, least) for some, numbers in chunks(keys, lengths, words)
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


def _held(
    folder: Path, met: list[Share], among: Range, numbers: dict[str, Array], least: Bounds
) -> Iterator[Array]:
    """The candidates of a range by their excerpts: those of each band."""
    if least.containment is None:
        return
    for (net, _), of_band in groupby(met, lambda one: (one.net, one.band)):
        if net != "documents":
            keys, counts = _met(folder, list(of_band), among)
            keys, which = np.unique(keys, return_inverse=True)
            met_in = np.bincount(which, counts, minlength=len(keys)).astype(np.int64)
            yield enough(keys, met_in, numbers["prints" if net == "prints" else "words"], least.containment)


def chunks(keys: Array, lengths: Array, most: int) -> Iterator[tuple[Array, Array]]:
    """Candidates in their order, halved until the documents of a part have so many words at most; and these
    documents, rising."""
    left = [keys]
    while left:
        keys = left.pop()
        numbers = distinct(np.concatenate(halves(keys)))
        if len(keys) > 1 and lengths[numbers].sum() > most:
            left += [keys[len(keys) // 2 :], keys[: len(keys) // 2]]
        else:
            yield keys, numbers


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
