"""Pairs of press releases that brute force knows: is each reported as a source of the other?

Both directions of a pair are asked and counted apart. Four fifths of all pairs lie in a few families of
templates with hundreds of members, more than the candidates that a check aligns by default: so all are asked
for twice, with as many aligned as there are candidates, which is what the index finds, and with the default,
which is what a report finds. Pairs across publishers are told apart.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH

from bench.common import Figure, documents, folder, plain_words, progress, truth
from nearcopy.archive import Archive
from nearcopy.check import Options
from nearcopy.document import Document
from nearcopy.parameters import Parameters
from nearcopy.signature import sign_documents, sign_paragraphs, to_datasketch
from nearcopy.text.scanning import scan_texts

LEAST = 0.5
ALL = 1 << 24
FEW = Options().verify
"""Candidates aligned: as many as there are, or the default."""
PEER = Parameters(bands=25, rows=5)
"""What datasketch chooses for a threshold of 0.5, on its own signatures of whole documents."""

Pairs = dict[str, set[str]]
"""Of each document those that it must be found like; every pair stands twice."""


def listed(least: float = LEAST) -> Pairs:
    """The pairs of the truth that comes with the data: resemblance of the sets of 5 words."""
    rows = truth("press_releases", "exact_pairs.tsv")
    return both_ways((a, b) for a, b, resemblance, *_ in rows if float(resemblance) >= least)


def brute_force(shingle: int, least: float = LEAST) -> Pairs:
    """The same for other shingles, by the data's own program: every pair compared."""
    ids, numbers = [], {}
    with tempfile.TemporaryDirectory() as directory:
        program, tokens, out = (str(Path(directory) / name) for name in ("allpairs", "tokens", "pairs"))
        source = folder("tools") / "allpairs.cpp"
        subprocess.run(["g++", "-O3", "-std=c++17", "-pthread", "-o", program, str(source)], check=True)
        with Path(tokens).open("wb") as file:
            file.write(struct.pack("<I", 0))
            for document in documents("press_releases"):
                ids.append(document.id)
                line = [numbers.setdefault(word, len(numbers)) for word in plain_words(document.text)]
                file.write(np.array([len(line), *line], dtype="<u4").tobytes())
            file.seek(0)
            file.write(struct.pack("<I", len(ids)))
        call = [program, tokens, str(shingle), str(least), out]
        subprocess.run(call, check=True, stderr=subprocess.DEVNULL)
        rows = [line.split("\t")[:2] for line in Path(out).read_text().splitlines()]
    return both_ways((ids[int(a)], ids[int(b)]) for a, b in rows)


def both_ways(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Pairs by each of their two."""
    out: Pairs = {}
    for a, b in pairs:
        out.setdefault(a, set()).add(b)
        out.setdefault(b, set()).add(a)
    return out


def across(a: str, b: str) -> bool:
    """Whether two releases have different publishers, which their ids begin with."""
    return a.split("/")[0] != b.split("/")[0]


def shares(name: str, pairs: Pairs, find: Callable[[str], set[str]], *, promised: bool) -> list[Figure]:
    """The share of pairs that ``find`` has, all of them and those across publishers."""
    asked, missed = {True: 0, False: 0}, {True: 0, False: 0}
    for number, (document, others) in enumerate(pairs.items()):
        found = find(document)
        for other in others:
            asked[across(document, other)] += 1
            if other not in found:
                missed[across(document, other)] += 1
                if promised and sum(missed.values()) <= 5:
                    progress(f"missed by {document}: {other}")
        if number % 1000 == 999:
            progress(f"{name}: {number + 1:,} of {len(pairs):,} documents")
    total, lost = sum(asked.values()), sum(missed.values())
    least = 99.5 if promised else None
    return [
        Figure(f"pairs, {name}", 100 - 100 * lost / total, "%", least, note=f"{lost:,} of {total:,} missed"),
        Figure(f"pairs across publishers, {name}", 100 - 100 * missed[True] / max(asked[True], 1), "%", least,
               note=f"{missed[True]:,} of {asked[True]:,} missed"),
    ]


def sources(archive: Archive, document: str, verify: int) -> set[str]:
    """The sources of a stored document."""
    return {source.document for source in archive.copies(document, limit=verify, verify=verify).sources}


class Peer:
    """datasketch's LSH over the signatures of whole documents, in memory.

    The signatures are made by our kernel, which gives datasketch's own values, in a fraction of its time.
    """

    def __init__(self, stored: Iterable[Document]) -> None:
        self.lsh = MinHashLSH(num_perm=PEER.permutations, params=(PEER.bands, PEER.rows))
        self.sketches: dict[str, MinHash] = {}
        stream = iter(stored)
        while batch := list(islice(stream, 256)):
            for document, sketch in zip(batch, self.sign([d.text for d in batch]), strict=True):
                self.sketches[document.id] = sketch
                self.lsh.insert(document.id, sketch, check_duplication=False)

    def sign(self, texts: list[str]) -> list[MinHash]:
        """datasketch's signature of each text."""
        scanned = scan_texts(texts)
        rows = sign_documents(scanned, sign_paragraphs(scanned, PEER), PEER)
        return [to_datasketch(row, PEER) for row in rows]

    def find(self, document: str) -> set[str]:
        """Candidates of a stored document."""
        return set(self.lsh.query(self.sketches[document]))


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """Recall of pairs; quick asks for a tenth of the documents and the listed truth alone."""
    out: list[Figure] = []
    truths = {"5-word truth": listed()}
    if not quick:
        truths["3-word truth"] = brute_force(archive.parameters.shingle)
    peer = Peer(documents("press_releases"))
    for name, every in truths.items():
        pairs = dict(islice(every.items(), 0, None, 10)) if quick else every
        few = {document: others for document, others in pairs.items() if len(others) <= FEW}
        by_default = cache(partial(sources, archive, verify=FEW))
        out += shares(f"{name}, all aligned", pairs, partial(sources, archive, verify=ALL), promised=True)
        out += shares(f"{name}, {FEW} aligned", pairs, by_default, promised=False)
        out += shares(f"{name}, {FEW} aligned, {FEW} or fewer sought", few, by_default, promised=False)
        out += shares(f"{name}, datasketch 25x5", pairs, peer.find, promised=False)
    return out
