"""The parameters of an index, and what they promise.

A unit whose resemblance to another is s is found by ``bands`` bands of ``rows`` rows with probability
``1 - (1 - s**rows)**bands`` (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4).
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.errors import InputError

LAYOUT = 1
"""Version of folding, hashing and pages. It is part of the digest: an index of another layout is refused."""

MAX_BANDS = 255
"""Bands are numbered in one byte of a key."""


def detection(bands: int, rows: int, resemblance: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
    """The probability that a unit of that resemblance (0 to 1; a number or an array) shares a bucket."""
    return 1.0 - (1.0 - resemblance**rows) ** bands


def fewest_postings(threshold: float, probability: float, permutations: int = 128) -> tuple[int, int]:
    """The bands and rows that find a unit at the threshold with that probability at the least cost.

    Each row more thins the crowd that a lookup meets and asks for more bands, which are the postings. So: as
    many rows as the permutations allow, and then the fewest bands that keep the promise (35 x 3 for 0.5, 0.99).
    Raises `InputError` where no number of rows reaches it.
    """
    for rows in range(permutations, 0, -1):
        missed = -threshold**rows
        if missed > -1e-9:
            continue
        bands = math.ceil(math.log(1 - probability) / math.log1p(missed)) if missed > -1 else 1
        if bands * rows <= permutations and bands <= MAX_BANDS:
            return bands, rows
    raise InputError(
        f"{permutations} permutations cannot find a resemblance of {threshold} with probability {probability}: "
        "ask for a higher threshold or a lower probability",
        "threshold",
    )


@dataclass(frozen=True, slots=True)
class Parameters:
    """What an index is built with; two indexes can be compared only where all of it is equal.

    ``threshold``: the resemblance from which a unit is promised to be found. ``bands`` x ``rows``: its nets of
    paragraphs and of documents. ``shingle``: words a shingle. ``gram``, ``window``: winnowing; any
    ``gram + window - 1`` words copied verbatim are found. ``least_words``: shorter paragraphs have no postings.
    ``seed``: of datasketch's permutations.
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
        for name in ("rows", "shingle", "gram", "window", "least_words"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1", name)

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
