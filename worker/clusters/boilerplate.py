"""Boilerplate: paragraphs that stand in many documents, which of them are common, and which pairs are none
without these."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from nearcopy.clusters.common import MANY, Standing, common, of_one_story, sampled
from nearcopy.clusters.meeting import distinct, first_of, halves, stable_order
from nearcopy.clusters.pairs import MIN_WORDS, Pairs
from nearcopy.clusters.verifying import Bounds, Texts, passing
from nearcopy.index.keys import page_numbers
from worker.clusters.numbering import PART as NUMBERS
from worker.clusters.numbering import by_block
from worker.clusters.pairing import Range, chunks, compared_name, read_texts
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.signing import part_name

TOGETHER = 256
"""Paragraphs, or documents with such, that are judged at a time; of each some dozen documents are read."""


def repeated_name(share: int) -> str:
    """The part of the paragraphs that stand in many documents, of a share of all hashes."""
    return f"many-{share:04}"


def repeat(folder: Path, blocks: int, share: int, shares: int) -> str:
    """Write the part of a share; returns its checksum. H paragraphs that stand in more than `MANY` documents:

    - ``runs`` uint64[H], rising: the hash of their words; ``kin`` bool[H]: `nearcopy.clusters.common`
    - ``samples`` int64[H, MANY]: documents that hold each
    - ``documents``, ``paragraphs``, ``words`` int64: by paragraph, all that hold it, and how many of their
      words lie in it
    """
    runs, documents, words = _records(folder, blocks, share, shares)
    order = stable_order(runs)
    runs, documents, words = runs[order], documents[order], words[order]
    first = np.flatnonzero(first_of(runs) | first_of(documents))
    words = np.add.reduceat(words, first) if len(first) else words
    runs, documents = runs[first], documents[first]
    begun = first_of(runs)
    which, counts = np.cumsum(begun) - 1, np.diff(np.append(np.flatnonzero(begun), len(runs)))
    many = counts > MANY
    mine = many[which]
    holders = np.split(documents[mine], np.cumsum(counts[many])[:-1])
    ranks = files.read(folder, NUMBERS)["ranks"] if many.any() else documents
    some = [sampled(held[np.argsort(ranks[held])]) for held in holders if len(held)]
    samples = np.array(some, dtype=np.int64).reshape(-1, MANY)
    return files.write(folder, repeated_name(share), {
        "runs": runs[begun][many],
        "kin": _kin(folder, samples),
        "samples": samples,
        "documents": documents[mine],
        "paragraphs": (np.cumsum(many) - 1)[which[mine]].astype(np.int64),
        "words": words[mine],
    })


def _records(folder: Path, blocks: int, share: int, shares: int) -> tuple[Array, Array, Array]:
    """Of all paragraphs of a share the hash, the document, which rises, and the words."""
    found, first = [], 0
    for block, rows in by_block(files.read(folder, NUMBERS), blocks):
        part = files.read(folder, part_name(block))
        owners = np.full(len(part["ids"]), -1, dtype=np.int64)
        owners[rows] = np.arange(first, first + len(rows))
        first += len(rows)
        owners = np.repeat(owners, np.diff(part["paragraph_bounds"]))
        mine = np.flatnonzero((owners >= 0) & (page_numbers(part["runs"], shares) == share))
        found.append((part["runs"][mine], owners[mine], np.diff(part["spans"][mine], axis=1)[:, 0]))
    runs, documents, words = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return runs, documents, words.astype(np.int64)


def _kin(folder: Path, samples: Array) -> Array:
    found = [np.empty(0, dtype=np.bool_)]
    for start in range(0, len(samples), TOGETHER):
        some = samples[start : start + TOGETHER]
        texts = read_texts(folder, distinct(some))
        found.append(of_one_story(texts, np.searchsorted(texts.numbers, some)))
    return np.concatenate(found)


def judged_name(first: int) -> str:
    """The part of the common paragraphs of a range of documents."""
    return f"common-{first:010}"


def judge(folder: Path, shares: int, among: Range, ranges: list[Range]) -> str:
    """Write the part of the common paragraphs of a range of documents, of those that are in a pair; returns
    its checksum. ``documents`` int64, rising, and ``runs`` uint64: which document, and which paragraph."""
    runs, samples, kin, standing = _repeated(folder, shares)
    documents = distinct(standing.texts)
    documents = documents[(documents >= among[0]) & (documents < among[1])]
    documents = documents[np.isin(documents, _in_pairs(folder, ranges, among))]
    found = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for start in range(0, len(documents), TOGETHER):
        some = documents[start : start + TOGETHER]
        paragraphs = distinct(standing.paragraphs[np.isin(standing.texts, some)])
        texts = read_texts(folder, distinct(np.append(samples[paragraphs], some)))
        mine = np.flatnonzero(np.isin(standing.texts, texts.numbers))
        rows = np.searchsorted(texts.numbers, standing.texts[mine])
        here = Standing(rows, standing.paragraphs[mine], standing.words[mine])
        asked = np.isin(texts.numbers, some)
        # Only paragraphs of documents that are asked for have their samples here
        places = np.searchsorted(texts.numbers, samples).clip(max=len(texts.numbers) - 1)
        of_them = mine[common(texts, here, asked, places, kin)]
        found[0].append(standing.texts[of_them])
        found[1].append(standing.paragraphs[of_them])
    return files.write(folder, judged_name(among[0]), {
        "documents": np.concatenate(found[0]), "runs": runs[np.concatenate(found[1])],
    })


def _repeated(folder: Path, shares: int) -> tuple[Array, Array, Array, Standing]:
    """Of all shares: runs, samples, kin, and where they stand, by document."""
    parts = [files.read(folder, repeated_name(share)) for share in range(shares)]
    before = np.cumsum([0, *(len(part["runs"]) for part in parts)])
    paragraphs = [part["paragraphs"] + first for part, first in zip(parts, before[:-1], strict=True)]
    documents, which = np.concatenate([part["documents"] for part in parts]), np.concatenate(paragraphs)
    order = np.lexsort((which, documents))
    words = np.concatenate([part["words"] for part in parts])
    runs, samples, kin = (
        np.concatenate([part[name] for part in parts]) for name in ("runs", "samples", "kin")
    )
    return runs, samples, kin, Standing(documents[order], which[order], words[order])


def _in_pairs(folder: Path, ranges: list[Range], among: Range) -> Array:
    """The documents of a range that are in a pair."""
    found = [np.empty(0, dtype=np.int64)]
    for first, _ in ranges:
        part = files.read(folder, compared_name(first))
        found += [part[name][(part[name] >= among[0]) & (part[name] < among[1])] for name in ("a", "b")]
    return distinct(np.concatenate(found))


def stripped_name(first: int) -> str:
    """The part that says which pairs of a range are left."""
    return f"stripped-{first:010}"


def strip(folder: Path, among: Range, ranges: list[Range], words: int, least: Bounds) -> str:
    """Write the part ``left`` bool: which pairs of a range still are pairs without the common paragraphs of
    both; returns its checksum. Where hardly anything else is in either, they are compared as they are. About
    so many ``words`` are in memory at a time."""
    pairs = Pairs(**files.read(folder, compared_name(among[0])))
    parts = [files.read(folder, judged_name(first)) for first, _ in ranges]
    documents, runs = (np.concatenate([part[name] for part in parts]) for name in ("documents", "runs"))
    left = np.ones(len(pairs), dtype=np.bool_)
    asked = np.isin(pairs.a, documents) | np.isin(pairs.b, documents)
    keys = (pairs.a << 32 | pairs.b)[asked]
    if len(keys):
        lengths = files.read(folder, NUMBERS)["words"]
        left[asked] = np.concatenate([
            _left(folder, *some, documents, runs, least) for some in chunks(keys, lengths, words)
        ])
    return files.write(folder, stripped_name(among[0]), {"left": left})


def _left(
    folder: Path, keys: Array, numbers: Array, documents: Array, runs: Array, least: Bounds
) -> Array:
    texts = _stripped(folder, read_texts(folder, numbers), documents, runs)
    lengths = np.diff(texts.bounds)
    a, b = (lengths[np.searchsorted(numbers, side)] for side in halves(keys))
    left = (a < MIN_WORDS) & (b < MIN_WORDS)
    asked = np.flatnonzero(~left & (a > 0) & (b > 0))
    left[asked] = passing(texts, keys[asked], least)
    return left


def _stripped(folder: Path, texts: Texts, documents: Array, runs: Array) -> Texts:
    """The texts without their common paragraphs."""
    kept = np.ones(len(texts.words), dtype=np.bool_)
    numbers = files.read(folder, NUMBERS)
    concerned = np.flatnonzero(np.isin(texts.numbers, documents))
    blocks = numbers["blocks"][texts.numbers[concerned]]
    parts = {block: files.read(folder, part_name(block)) for block in set(blocks.tolist())}
    for text, block in zip(concerned.tolist(), blocks.tolist(), strict=True):
        number, part = texts.numbers[text], parts[block]
        row = numbers["rows"][number]
        first, end = part["paragraph_bounds"][row : row + 2]
        of_it = runs[slice(*np.searchsorted(documents, [number, number + 1]))]
        for begin, stop in part["spans"][first:end][np.isin(part["runs"][first:end], of_it)].tolist():
            kept[texts.bounds[text] + begin : texts.bounds[text] + stop] = False
    before = np.append(0, np.cumsum(kept)).astype(np.int64)
    return Texts(texts.numbers, texts.words[kept], before[texts.bounds], texts.ranks)


def read_left(folder: Path, ranges: list[Range]) -> Array:
    """Which of all pairs are left."""
    return np.concatenate([files.read(folder, stripped_name(first))["left"] for first, _ in ranges])


def judged_ranges(documents: int, parts: int) -> list[Range]:
    """All documents, in so many ranges."""
    cuts = np.unique(np.linspace(0, documents, parts + 1).astype(int)).tolist()
    return list(pairwise(cuts))
