"""All nets of one partition of a generation against its texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady
from nearcopy.doctor import contents
from nearcopy.doctor.findings import Finding, Kind
from nearcopy.doctor.marks import full_buckets
from nearcopy.doctor.nets import Expected, Head, Mender, Tally, compared
from nearcopy.doctor.paragraphs import Paragraphs, add, numbered
from nearcopy.doctor.records import Ints, Records, read
from nearcopy.doctor.signing import Signed
from nearcopy.doctor.unheld import Unheld
from nearcopy.index.keys import MAX_NUMBER, OWNER_BITS
from nearcopy.index.store import Partition, Store

NAMES = {"p": "paragraph band", "d": "document band", "f": "fingerprints", "x": "exact paragraphs",
         "o": "documents of paragraphs"}

AT_ONCE = 1 << 22
"""Fingerprints compared together: a few hundred megabytes while they are sorted."""


@dataclass(slots=True)
class Postings:
    """One run over all bands. ``lost``: documents that were found lost before, whose postings say nothing
    new; ``old``: the last paragraph number that was given before anything was read."""

    store: Store
    part: Partition
    where: str
    signed: Signed
    head: Head
    lost: frozenset[int]
    old: int
    repair: bool
    checked: Counter[str]
    findings: list[Finding] = field(default_factory=list)
    delta: bool = False

    def run(self) -> None:
        """Compare every band, and mend it."""
        exact = self._read("x", 0)
        last = self._top(exact)
        pages = (last >> OWNER_BITS) + 1
        held = [read(self.store, self.part, letter, 0, pages) for letter in self._letters("o")]
        paragraphs = numbered(self.store, self.part, self.signed, exact, held, self.head)
        self.checked["paragraphs"] += len(paragraphs.runs)
        self._paragraphs(paragraphs, exact, last)
        self._holders(paragraphs, held)
        self._documents()
        self._new(paragraphs)
        self._marks()

    def _top(self, exact: list[Records]) -> int:
        """The last number of a paragraph; the counter must say no less. A number was given if exact records
        and a band agree on it."""
        listed, posted = (
            np.concatenate([layer.numbers for layer in layers]) for layers in (exact, self._read("p", 0))
        )
        top = int(listed[np.isin(listed, posted)].max(initial=0))
        self.findings += contents.raised(self.store, self.part, self.where, "p", top, self.repair)
        return max(top, contents.last_paragraph(self.store, self.part))

    def _letters(self, kind: str) -> str:
        based = self.part.shape.base["p" if kind == "o" else kind]
        return kind + kind.upper() if based else kind.upper()

    def _read(self, kind: str, band: int) -> list[Records]:
        return [
            read(self.store, self.part, letter, band, self._shape(letter)[kind])
            for letter in self._letters(kind)
        ]

    def _shape(self, letter: str) -> dict[str, int]:
        return self.part.shape.delta if letter.isupper() else self.part.shape.base

    def _compare(
        self, kind: str, band: int, expected: Expected, layers: list[Records],
        judged: Callable[[Ints], NDArray[np.bool_]], head: Head | None, told: Kind = "postings",
    ) -> None:
        self._tell(kind, band, self._settled(expected, band, layers, judged, head), told)

    def _settled(
        self, expected: Expected, band: int, layers: list[Records],
        judged: Callable[[Ints], NDArray[np.bool_]], head: Head | None,
    ) -> Tally:
        self.checked["postings"] += sum(len(layer.numbers) for layer in layers)
        self.delta |= any(layer.letter.isupper() and len(layer.numbers) for layer in layers)
        silent = self.lost if head is not None else frozenset()
        mender = Mender(self.store, self.part, band, self.repair, head, silent=silent)
        return mender.settle(compared(expected, layers, judged), layers)

    def _tell(self, kind: str, band: int, tally: Tally, told: Kind) -> None:
        if tally:
            place = f"{NAMES[kind]} {band}" if kind in "pd" else NAMES[kind]
            thing = {"x": "exact record", "o": "holder"}.get(kind, "posting")
            self.findings.append(
                Finding(told, f"{self.where}, {place}", tally.sentence(thing), self.repair and tally.mended)
            )

    def _paragraphs(self, paragraphs: Paragraphs, exact: list[Records], last: int) -> None:
        """Exact records, and the bands."""
        known = paragraphs.numbers > 0
        numbers = paragraphs.numbers[known]
        reached = np.zeros(max(self.old, int(numbers.max(initial=0))) + 1, dtype=np.bool_)
        reached[numbers] = True
        unheld = Unheld(self.store, self.part, self.old, ~reached[: self.old + 1])
        unheld.count(exact, exact=True)

        def judged(found: Ints) -> NDArray[np.bool_]:
            inside = found < len(reached)
            given = max(last, contents.last_paragraph(self.store, self.part))
            return np.where(inside, reached[np.where(inside, found, 0)], found > given)

        self._compare(
            "x", 0, Expected.of("x", self.part, paragraphs.runs[known], numbers), exact, judged, None, "exact"
        )
        for band in range(self.part.parameters.bands):
            layers = self._read("p", band)
            hashes = self.signed.bands.column(band)[paragraphs.first[known]]
            self._compare("p", band, Expected.of("p", self.part, hashes, numbers), layers, judged, None)
            unheld.count(layers)
        finding = unheld.settled(self.where, self._letters("p"), self.repair)
        if finding:
            self.findings.append(finding)

    def _holders(self, paragraphs: Paragraphs, held: list[Records]) -> None:
        pairs = paragraphs.holders(self.signed)
        pages = pairs >> 24 + OWNER_BITS
        expected = Expected(
            "o", (pairs >> 24 & (1 << OWNER_BITS) - 1).astype(np.uint64), pairs & (1 << 24) - 1,
            pages if self.part.shape.base["p"] else None, pages,
        )
        self._compare("o", 0, expected, held, _all, self.head, "holders")

    def _documents(self) -> None:
        """Document bands and fingerprints."""
        signed = self.signed
        for band in range(self.part.parameters.bands):
            hashes = signed.document_bands.column(band)
            expected = Expected.of("d", self.part, hashes, signed.documents)
            self._compare("d", band, expected, self._read("d", band), _all, self.head)
        # The one band that has many records of a document: some documents at a time
        cuts = signed.owners[AT_ONCE::AT_ONCE].tolist()
        tally = Tally()
        for first, end in pairwise([0, *cuts, MAX_NUMBER + 1]):
            a, b = np.searchsorted(signed.owners, (first, end))
            expected = Expected.of(
                "f", self.part, signed.prints[a:b], signed.owners[a:b], signed.contexts[a:b]
            )
            layers = [layer.between(first, end) for layer in self._read("f", 0)]
            tally += self._settled(expected, 0, layers, _all, self.head)
        self._tell("f", 0, tally, "postings")

    def _new(self, paragraphs: Paragraphs) -> None:
        """Paragraphs that are in the index under no number."""
        new = np.flatnonzero((paragraphs.numbers == 0) & ~paragraphs.changed)
        if not len(new):
            return
        if self.repair:
            bands = np.stack([
                self.signed.bands.column(band)[paragraphs.first[new]]
                for band in range(self.part.parameters.bands)
            ], axis=1)
            for row, one in enumerate(new.tolist()):
                add(self.store, self.part, paragraphs.runs[one], bands[row])
        what = f"paragraphs of stored documents that are in the index under no number: {len(new):,}"
        self.findings.append(Finding("exact", self.where, what, self.repair))

    def _marks(self) -> None:
        """The key that says that there are delta pages, and the set of full buckets."""
        name = self.part.keys.written(self.part.generation)
        if self.delta and not steady(lambda: self.store.client.exists(name)):
            if self.repair:
                steady(lambda: self.store.client.set(name, 1))
            what = "there are delta pages, and no mark that says so: nobody reads them"
            self.findings.append(Finding("marks", self.where, what, self.repair))
        self.findings += full_buckets(self.store, self.part, self.where, self.repair)


def _all(numbers: Ints) -> NDArray[np.bool_]:
    """Whether a record belongs to its document is seen from the text."""
    return np.ones(len(numbers), dtype=np.bool_)
