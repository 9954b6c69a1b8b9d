"""What the nets of a generation find of sampled documents, of copies and excerpts of them.

All is looked up straight in the buckets of its base pages. What misses in a full bucket is counted apart: a
bucket holds a bounded number of records, and says so in every report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from nearcopy import lsh
from nearcopy.document import Document
from nearcopy.index.packing import band_numbers
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import Scanned, scan_texts
from worker.rebuild import copies
from worker.rebuild.buckets import Buckets, Hashes, Hits, Ints, Mask
from worker.rebuild.copies import Words

PARAGRAPHS = 16
"""Looked at of one document, at random."""

FINGERPRINTS = 256
"""Likewise."""

LONGEST = 20_000
"""Words of the longest text that copies are made of."""

LEVELS = 0.9, 0.7, 1.0, 0.8
"""Resemblances of copies: the first two as they are, the last two times the threshold."""


@dataclass(slots=True)
class Tally:
    """Records that had to be there: how many, how many of them are missing, and how many more are in a bucket
    that was ``full``."""

    records: int = 0
    missing: int = 0
    full: int = 0

    def add(self, found: Mask, full: Mask) -> None:
        """Count some more."""
        self.records += len(found)
        self.missing += int((~found & ~full).sum())
        self.full += int((~found & full).sum())


@dataclass(slots=True)
class Level:
    """Copies of about one resemblance: that of each, how many were found, and how many more have originals in
    a ``full`` bucket, where no copy counts."""

    resemblances: list[float] = field(default_factory=list)
    found: int = 0
    full: int = 0


class Probe:
    """Counts over all documents that it was given.

    ``tallies``: by net in words; ``levels``: by what was copied and the resemblance aimed at.
    """

    def __init__(self, parameters: Parameters, draw: np.random.Generator) -> None:
        self.parameters, self._draw = parameters, draw
        self.tallies: dict[str, Tally] = {}
        self.levels: dict[tuple[str, float], Level] = {}

    def look(self, buckets: Buckets, found: Mapping[int, Document]) -> None:
        """Look some documents of one partition up, which are given by their numbers."""
        if not found:
            return
        numbers = np.array(list(found), dtype=np.int64)
        scanned = scan_texts([one.text for one in found.values()])
        signed = buckets_of(scanned, self.parameters)
        self._paragraphs(buckets, numbers, scanned, signed)
        self._documents(buckets, numbers, scanned, signed)
        self._fingerprints(buckets, numbers, signed)
        self._excerpts(buckets, numbers, scanned, signed)

    def tally(self, name: str, found: Mask, full: Mask | None = None) -> None:
        """Count records that had to be there."""
        self.tallies.setdefault(name, Tally()).add(found, np.zeros_like(found) if full is None else full)

    def _paragraphs(self, buckets: Buckets, numbers: Ints, scanned: Scanned, signed: lsh.Buckets) -> None:
        rows, owners = self._some(signed.bounds, PARAGRAPHS)
        exact = buckets.net("x", signed.runs[rows], np.zeros(len(rows), dtype=np.uint8))
        paragraphs = np.zeros(len(rows), dtype=np.int64)
        paragraphs[exact.entry] = exact.number
        there = paragraphs > 0
        self.tally("exact paragraphs", there, exact.full)
        rows, owners, paragraphs = rows[there], owners[there], paragraphs[there]
        held = buckets.documents(paragraphs)
        self.tally("documents of paragraphs", held.holds(numbers[owners]), held.full)
        full = self._bands(buckets, "p", "paragraph bands", signed.bands[rows], paragraphs)
        _, first = np.unique(owners, return_index=True)
        spans = scanned.span_bounds()[signed.paragraphs[rows[first]]]
        units = [scanned.hashes[start:end] for start, end in spans.tolist()]
        self._copies(buckets, "p", "paragraphs", units, paragraphs[first], full[first])

    def _documents(self, buckets: Buckets, numbers: Ints, scanned: Scanned, signed: lsh.Buckets) -> None:
        full = self._bands(buckets, "d", "document bands", signed.document_bands, numbers)
        units = [scanned.hashes[scanned.words_of(text)] for text in range(len(numbers))]
        self._copies(buckets, "d", "documents", units, numbers, full)

    def _bands(self, buckets: Buckets, kind: str, name: str, bands: Hashes, numbers: Ints) -> Mask:
        """Whether the number of each unit is in all its bands; returns which have a full bucket, bool[U]."""
        width = self.parameters.bands
        hits = buckets.net(kind, bands.ravel(), band_numbers(len(bands), width))
        self.tally(name, hits.holds(np.repeat(numbers, width)), hits.full)
        return np.asarray(hits.full.reshape(-1, width).any(axis=1))

    def _copies(
        self, buckets: Buckets, kind: str, name: str, units: list[Words], numbers: Ints, full: Mask
    ) -> None:
        short = np.array([len(unit) <= LONGEST for unit in units], dtype=np.bool_)
        units = [unit for unit, fits in zip(units, short.tolist(), strict=True) if fits]
        if not units:
            return
        numbers, full, shingle = numbers[short], full[short], self.parameters.shingle
        threshold = self.parameters.threshold
        levels = sorted({*LEVELS[:2], *(round(share * threshold, 3) for share in LEVELS[2:])}, reverse=True)
        made = copies.scanned_of(
            [copies.perturbed(unit, level, shingle, self._draw) for unit in units for level in levels]
        )
        signed = buckets_of(made, self.parameters)
        bands = signed.bands if kind == "p" else signed.document_bands
        width = self.parameters.bands
        hits = buckets.net(kind, bands.ravel(), band_numbers(len(bands), width))
        held = hits.holds(np.repeat(numbers, len(levels) * width))
        found = np.asarray(held.reshape(-1, len(levels), width).any(axis=2))
        alike = copies.resemblances(units, made, shingle)
        for column, level in enumerate(levels):
            one = self.levels.setdefault((name, level), Level())
            one.resemblances += alike[~full, column].tolist()
            one.found += int(found[~full, column].sum())
            one.full += int(full.sum())

    def _fingerprints(self, buckets: Buckets, numbers: Ints, signed: lsh.Buckets) -> None:
        rows, owners = self._some(signed.fingerprint_bounds, FINGERPRINTS)
        hits = _marks(buckets, signed, rows)
        self.tally("fingerprints", hits.holds(numbers[owners]), hits.full)

    def _excerpts(self, buckets: Buckets, numbers: Ints, scanned: Scanned, signed: lsh.Buckets) -> None:
        """Each must share a fingerprint with its document, unless those that it shares are in full ones."""
        words = self.parameters.verbatim_words
        texts = [scanned.hashes[scanned.words_of(text)] for text in range(len(numbers))]
        long = [text for text, unit in enumerate(texts) if len(unit) >= words]
        made = copies.scanned_of([copies.excerpt(texts[text], words, self._draw) for text in long])
        cut = buckets_of(made, self.parameters)
        bounds = cut.fingerprint_bounds
        hits = _marks(buckets, cut, np.arange(len(cut.fingerprints)))
        owners = np.repeat(np.array(long, dtype=np.int64), np.diff(bounds))
        held = hits.holds(numbers[owners])
        found, full = np.zeros(len(long), dtype=np.bool_), np.zeros(len(long), dtype=np.bool_)
        for place, text in enumerate(long):
            mine = slice(bounds[place], bounds[place + 1])
            own = signed.fingerprints[signed.fingerprint_bounds[text] : signed.fingerprint_bounds[text + 1]]
            shared = np.isin(cut.fingerprints[mine], own)
            found[place] = held[mine].any()
            full[place] = shared.any() and hits.full[mine][shared].all()
        self.tally(f"excerpts of {words} words", found, full)

    def _some(self, bounds: Ints, most: int) -> tuple[Ints, Ints]:
        """At most so many rows of each text, in random order, and whose each is."""
        rows = [
            self._draw.permutation(np.arange(first, end))[:most]
            for first, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
        ]
        owners = np.repeat(np.arange(len(rows)), [len(part) for part in rows])
        return np.concatenate([np.empty(0, dtype=np.int64), *rows]), owners



def _marks(buckets: Buckets, signed: lsh.Buckets, rows: Ints) -> Hits:
    """The buckets of some fingerprints."""
    bands = np.zeros(len(rows), dtype=np.uint8)
    return buckets.net("f", signed.fingerprints[rows], bands, signed.contexts[rows])
