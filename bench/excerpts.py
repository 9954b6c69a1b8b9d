"""Excerpts of press releases, put into the middle of a paragraph of a text that is not stored.

Verbatim, any listed source counts that contains the excerpt word for word, by Python's own words. With each
word changed with 5% chance, any counts that contains the excerpt as it was before. The report is the default
one, 10 listed. Of those that it misses is told how many were aligned but not listed, and how many are
candidates that were not aligned; the others no net has found. The peer is datasketch's LSH at 25x5 over the
paragraphs of the documents that the excerpts are from, which is less to confuse it than all.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from datasketch import MinHashLSH

from bench.check import changed
from bench.common import Figure, documents, plain_words, progress
from bench.pairs import ALL, FEW, PEER
from nearcopy.archive import Archive
from nearcopy.signature import sign_texts, to_datasketch
from nearcopy.text.scanning import scan_texts

LENGTHS = (20, 40, 100)
COUNT = 800
TARGETS = {(20, 0): 100.0, (40, 0): 100.0, (100, 0): 100.0, (40, 5): 97.0, (100, 5): 99.5}
"""By words and per cent of words changed."""

FOREIGN_WORDS = 60


def excerpt(text: str, length: int, dice: random.Random) -> str | None:
    """A run of words from anywhere in a text, on one line; None where the text is shorter."""
    scanned = scan_texts([text])
    room = len(scanned.hashes) - length
    if room < 0:
        return None
    first = dice.randint(0, room)
    return " ".join(text[scanned.starts[first] : scanned.ends[first + length - 1]].split())


class Planted(NamedTuple):
    """A run of words, the document it is from, and the foreign text to put it in, which is one paragraph."""

    name: str
    run: str
    foreign: str

    def text(self, share: float, dice: random.Random) -> str:
        """The foreign text with the run in its middle, this share of whose words are changed."""
        words = self.foreign.split()
        half = len(words) // 2
        return " ".join([*words[:half], changed(self.run, share, dice), *words[half:]])


def holds(text: str, run: str) -> bool:
    """Whether a text contains the words of a run, in a row."""
    return f" {' '.join(plain_words(run))} " in f" {' '.join(plain_words(text))} "


class Texts:
    """The stored texts, and foreign ones to plant in."""

    def __init__(self) -> None:
        self.stored = {document.id: document.text for document in documents("press_releases")}
        codes = islice(documents("civil_codes"), 0, None, 10)
        texts = [" ".join(code.text.split()) for code in codes]
        self.foreign = [text for text in texts if len(text.split()) >= FOREIGN_WORDS]

    def runs(self, length: int, count: int) -> list[Planted]:
        """Excerpts, and foreign texts to put them in; always the same."""
        dice, ids = random.Random(length), list(self.stored)
        out: list[Planted] = []
        while len(out) < count:
            name = dice.choice(ids)
            run = excerpt(self.stored[name], length, dice)
            if run is not None:
                out.append(Planted(name, run, dice.choice(self.foreign)))
        return out

    def held(self, names: Iterable[str], run: str) -> bool:
        """Whether any of these documents contains the words of a run, in a row."""
        return any(holds(self.stored[name], run) for name in names)


class Peer:
    """datasketch's LSH over paragraphs, in memory; signatures by our kernel, equal to its own."""

    def __init__(self, texts: Texts, names: Iterable[str]) -> None:
        self.lsh = MinHashLSH(num_perm=PEER.permutations, params=(PEER.bands, PEER.rows))
        for name in names:
            for number, row in enumerate(sign_texts([texts.stored[name]], PEER)):
                self.lsh.insert(f"{number} {name}", to_datasketch(row, PEER), check_duplication=False)

    def find(self, text: str) -> set[str]:
        """The documents whose paragraphs share a band with one of the text's."""
        rows = sign_texts([text], PEER)
        return {name.partition(" ")[2] for row in rows for name in self.lsh.query(to_datasketch(row, PEER))}


def found(archive: Archive, text: str, verify: int) -> list[str]:
    """All sources with so many candidates aligned."""
    return [source.document for source in archive.check(text, limit=verify, verify=verify).sources]


def measured(
    archive: Archive, texts: Texts, peer: Peer, cases: list[Planted], length: int, share: int
) -> list[Figure]:
    """One length and one share of words changed, ours and the peer's."""
    dice, taken = random.Random(length + share), []
    missed, unlisted, unaligned, theirs = 0, 0, 0, 0
    for case in cases:
        text = case.text(share / 100, dice)
        started = time.perf_counter()
        report = archive.check(text)
        taken.append(1000 * (time.perf_counter() - started))
        theirs += texts.held(peer.find(text), case.run)
        if texts.held((source.document for source in report.sources), case.run):
            continue
        missed += 1
        if texts.held(found(archive, text, FEW), case.run):
            unlisted += 1
        elif texts.held(found(archive, text, ALL), case.run):
            unaligned += 1
        if share == 0:
            progress(f"missed {length} words of {case.name}: {case.run}")
    count = len(cases)
    note = f"{missed} of {count} missed: {unlisted} not listed, {unaligned} not aligned"
    name = f"excerpts of {length} words, " + (f"{share}% of words changed" if share else "verbatim")
    return [
        Figure(name, 100 - 100 * missed / count, "%", TARGETS.get((length, share)), note=note),
        Figure("  datasketch 25x5 over paragraphs", 100 * theirs / count, "%"),
        Figure("  check, p50", statistics.median(taken), "ms"),
    ]


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """The share of excerpts found, by length and change."""
    texts = Texts()
    cases = {length: texts.runs(length, COUNT // 10 if quick else COUNT) for length in LENGTHS}
    peer = Peer(texts, {case.name for some in cases.values() for case in some})
    return [
        figure
        for length, some in cases.items()
        for share in (0, 5)
        for figure in measured(archive, texts, peer, some, length, share)
    ]
