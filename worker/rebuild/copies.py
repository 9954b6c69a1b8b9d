"""Copies of known resemblance, made of words that nobody wrote, and how many of them must be found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nearcopy import resemblance
from nearcopy.text.scanning import Scanned

Hashes = NDArray[np.uint64]
Words = NDArray[np.uint64]
"""The hash of each word of a text; a random one is that of a word that stands nowhere else."""

AROUND = 30
"""Foreign words on either side of an excerpt."""


def scanned_of(units: Sequence[Words]) -> Scanned:
    """Texts of one paragraph each, by their words; without offsets."""
    bounds = np.zeros(len(units) + 1, dtype=np.int64)
    np.cumsum([len(unit) for unit in units], out=bounds[1:])
    spans = np.zeros((len(units), 4), dtype=np.int32)
    spans[:, 2], spans[:, 3] = bounds[:-1], bounds[1:]
    offsets = np.zeros(bounds[-1], dtype=np.int32)
    hashes = np.concatenate([np.empty(0, dtype=np.uint64), *units])
    return Scanned(hashes, offsets, offsets, spans, bounds, np.arange(len(units) + 1, dtype=np.int64))


def perturbed(unit: Words, level: float, shingle: int, draw: np.random.Generator) -> Words:
    """A copy of about that resemblance s. The share 2s / (1 + s) of its shingles must stay; each stays where,
    of n words, none of its own is among the k that are replaced: (1 - k / n)**shingle."""
    count = round(len(unit) * (1 - (2 * level / (1 + level)) ** (1 / shingle)))
    copy = unit.copy()
    places = draw.choice(len(unit), max(count, 1), replace=False)
    copy[places] = foreign(len(places), draw)
    return copy


def excerpt(unit: Words, words: int, draw: np.random.Generator) -> Words:
    """So many words in a row, in foreign text."""
    start = int(draw.integers(0, len(unit) - words + 1))
    return np.concatenate([foreign(AROUND, draw), unit[start : start + words], foreign(AROUND, draw)])


def foreign(count: int, draw: np.random.Generator) -> Words:
    """Words that stand nowhere."""
    return draw.integers(0, 1 << 64, count, dtype=np.uint64)


def resemblances(units: Sequence[Words], copies: Scanned, shingle: int) -> NDArray[np.float64]:
    """float64[units, levels]: the exact resemblance of each unit to its copies, which follow each other."""
    levels = (len(copies.text_spans) - 1) // max(len(units), 1)
    found = np.empty((len(units), levels))
    for number, unit in enumerate(units):
        mine = range(number * levels, (number + 1) * levels)
        found[number] = resemblance.of_texts(scanned_of([unit]), copies, mine, shingle)
    return found


def chance_of_so_few(probabilities: Sequence[float], found: int) -> float:
    """The probability that no more than ``found`` of independent copies are found, each with its own
    probability: the tail of the Poisson binomial distribution, summed up copy by copy."""
    chances = np.zeros(len(probabilities) + 1)
    chances[0] = 1.0
    for probability in probabilities:
        chances[1:] = chances[1:] * (1 - probability) + chances[:-1] * probability
        chances[0] *= 1 - probability
    return float(chances[: found + 1].sum())
