"""The parameters of an index, and what they promise.

A unit whose resemblance to another is s is found by ``bands`` bands of ``rows`` rows with probability
``1 - (1 - s**rows)**bands`` (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.errors import InputError

LAYOUT = 2
"""Version of folding, hashing and pages. It is part of the digest: an index of another layout is refused."""

CONTEXT = 3
"""Words on either side of a fingerprint that its context tells of. With the fingerprint's own five that makes
eight: the shortest passage that is reported."""

LEAST_WINDOW = 2 * CONTEXT + 1
"""Of winnowing: a run that is always found must hold a fingerprint and its context on one side."""

MAX_BANDS = 255
"""Bands are numbered in one byte of a key."""

MET = {1: 145.0, 2: 7.64, 3: 2.91, 4: 1.87, 5: 1.31, 6: 0.985, 7: 0.726, 8: 0.579, 9: 0.452, 10: 0.370}
"""Postings of others that a look-up meets in one band, by rows, where a million paragraphs are stored: the
mean over 108 permutations of 305,612 distinct paragraphs of press releases, 3-word shingles, scaled up. Above
ten rows hardly anything is left to save."""

Share = float | NDArray[np.floating]


def detection(bands: int | NDArray[np.int64], rows: int, resemblance: Share) -> Share:
    """The probability that a unit of that resemblance (0 to 1) shares a bucket; of a number or an array."""
    return 1.0 - (1.0 - resemblance**rows) ** bands


def fewest_postings(threshold: float, probability: float) -> tuple[int, int]:
    """The bands and rows that find a unit at the threshold with that probability for the fewest postings.

    Counted are the postings of both sides: those that a unit stores, one a band, and those of others that its
    look-up meets, `MET` a band in an archive of a million. Stored ones alone would always choose one row (7
    bands for 0.5 and 0.99, which meet a thousand others for nothing); with both it is 35 bands of 3 rows.
    Raises `InputError` where `MAX_BANDS` bands do not reach the probability.
    """
    bands = np.arange(1, MAX_BANDS + 1)
    nets = []
    for rows, met in MET.items():
        enough = bands[detection(bands, rows, threshold) >= probability]
        if len(enough):
            nets.append((float(enough[0] * (1 + met)), int(enough[0]), rows))
    if not nets:
        raise InputError(
            f"{MAX_BANDS} bands cannot find a resemblance of {threshold} with probability {probability}: "
            "ask for a higher threshold or a lower probability",
            "threshold",
        )
    _, fewest, rows = min(nets)
    return fewest, rows


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an index is built with; two indexes can be compared only where all of it is equal.

    ``threshold``: the resemblance from which a unit is promised to be found. ``bands`` x ``rows``: its nets
    of paragraphs and of documents (one band more than the promise at 0.5 needs; every figure was measured
    with it). ``shingle``: words a shingle. ``gram``, ``window``: winnowing; any ``gram + window - 1`` words
    copied verbatim are found. ``least_words``: shorter paragraphs have no postings. ``seed``: of datasketch's
    permutations.
    """

    threshold: float = 0.5
    bands: int = 36
    rows: int = 3
    shingle: int = 3
    gram: int = 5
    window: int = 16
    least_words: int = 8
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError("the threshold must be above 0 and at most 1", "threshold")
        if not 1 <= self.bands <= MAX_BANDS:
            raise InputError(f"bands must be 1 to {MAX_BANDS}", "bands")
        for name in ("rows", "shingle", "gram", "least_words"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1", name)
        if self.window < LEAST_WINDOW:
            raise InputError(f"the window must be at least {LEAST_WINDOW}", "window")

    @classmethod
    def for_threshold(cls, threshold: float = 0.5, probability: float = 0.99) -> Parameters:
        """The default parameters with the bands and rows of `fewest_postings`; raises `InputError`."""
        if not 0 < threshold < 1:
            raise InputError("the threshold must lie between 0 and 1", "threshold")
        if not 0 < probability < 1:
            raise InputError("the probability must lie between 0 and 1", "probability")
        bands, rows = fewest_postings(threshold, probability)
        return cls(threshold=threshold, bands=bands, rows=rows)

    @property
    def permutations(self) -> int:
        """Values in a signature."""
        return self.bands * self.rows

    @property
    def probability(self) -> float:
        """The share of units at the threshold that are found."""
        return self.detection(self.threshold)

    @property
    def verbatim_words(self) -> int:
        """The length from which a run of words copied verbatim is always found."""
        return self.gram + self.window - 1

    def detection(self, resemblance: float) -> float:
        """The probability that a unit of that resemblance is found."""
        return float(detection(self.bands, self.rows, resemblance))

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that differ where anything that shapes the index differs."""
        shape = json.dumps({"layout": LAYOUT, **asdict(self)}, sort_keys=True)
        return hashlib.blake2b(shape.encode(), digest_size=6).hexdigest()
