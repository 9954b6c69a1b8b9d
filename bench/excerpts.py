"""Excerpts of press releases, put into the middle of a paragraph of a text that is not stored.

Verbatim, any listed source counts that contains the excerpt word for word, by Python's own words. With each
word changed with 5% chance, any counts that contains the excerpt as it was before. The report is the default
one: 50 aligned, 10 listed. The peer is datasketch's LSH at 25x5 over signatures of whole documents, and over
those of paragraphs.
"""

from __future__ import annotations

import random
import statistics
from functools import partial
from itertools import islice

from datasketch import MinHashLSH

from bench.check import changed
from bench.common import Figure, documents, plain_words, progress, seconds
from bench.pairs import PEER
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


def planted(foreign: str, run: str) -> str:
    """The foreign text, which is one paragraph, with the run in its middle."""
    words = foreign.split()
    half = len(words) // 2
    return " ".join([*words[:half], run, *words[half:]])


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

    def runs(self, length: int, count: int) -> list[tuple[str, str]]:
        """(Excerpt, foreign text with a place for it) as often as asked, always the same."""
        dice, ids = random.Random(length), list(self.stored)
        out: list[tuple[str, str]] = []
        while len(out) < count:
            run = excerpt(self.stored[dice.choice(ids)], length, dice)
            if run is not None:
                out.append((run, dice.choice(self.foreign)))
        return out


class Peer:
    """datasketch's LSH over every paragraph, in memory; signatures by our kernel, equal to its own."""

    def __init__(self, texts: Texts) -> None:
        self.lsh = MinHashLSH(num_perm=PEER.permutations, params=(PEER.bands, PEER.rows))
        for name, text in texts.stored.items():
            for number, row in enumerate(sign_texts([text], PEER)):
                self.lsh.insert(f"{number} {name}", to_datasketch(row, PEER), check_duplication=False)

    def find(self, text: str) -> set[str]:
        """The documents whose paragraphs share a band with one of the text's."""
        rows = sign_texts([text], PEER)
        return {name.partition(" ")[2] for row in rows for name in self.lsh.query(to_datasketch(row, PEER))}


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """The share of excerpts found, by length and change, ours and the peer's."""
    texts, out = Texts(), []
    peer = Peer(texts)
    dice = random.Random(5)
    for length in LENGTHS:
        for share in (0, 5):
            taken, ours, theirs = [], 0, 0
            cases = texts.runs(length, COUNT // 10 if quick else COUNT)
            for run, foreign in cases:
                text = planted(foreign, changed(run, share / 100, dice))
                taken.append(1000 * seconds(partial(archive.check, text)))
                sources = [source.document for source in archive.check(text).sources]
                found = any(holds(texts.stored[name], run) for name in sources)
                ours += found
                theirs += any(holds(texts.stored[name], run) for name in peer.find(text))
                if not found and share == 0:
                    progress(f"missed {length} words: {run}")
            name = f"excerpts of {length} words, " + (f"{share}% of words changed" if share else "verbatim")
            note = f"{len(cases) - ours} of {len(cases)} missed; check p50 {statistics.median(taken):.1f} ms"
            out += [
                Figure(name, 100 * ours / len(cases), "%", TARGETS.get((length, share)), note=note),
                Figure("  datasketch 25x5 over paragraphs", 100 * theirs / len(cases), "%"),
            ]
    return out
