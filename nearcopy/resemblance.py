"""The exact resemblance (Broder 1997) of a submission, and of each of its paragraphs, to other texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel.resemble import best_units
from nearcopy.text.scanning import Scanned

Ints = NDArray[np.int64]
Shares = NDArray[np.float64]


def of_texts(scanned: Scanned, others: Scanned, chosen: Sequence[int], shingle: int) -> Shares:
    """``float64[K]``: the Jaccard resemblance of the one text of ``scanned`` to each chosen text of the
    others, by the shingles of their whole runs of words."""
    places = np.asarray(chosen, dtype=np.int64)
    units = np.stack([places, places + 1], axis=1)
    return _best(scanned, _text_bounds(scanned), others, _text_bounds(others), units, shingle)[0][:, 0]


def of_paragraphs(
    scanned: Scanned, others: Scanned, chosen: Sequence[int], shingle: int
) -> tuple[Shares, Ints]:
    """``float64[K, P]`` and ``int64[K, P]``: for each paragraph of the one text of ``scanned`` the greatest
    resemblance to a paragraph of each chosen text, and which span of the others has it (-1 for none)."""
    places = np.asarray(chosen, dtype=np.int64)
    units = np.stack([others.text_spans[places], others.text_spans[places + 1]], axis=1)
    return _best(scanned, scanned.span_bounds(), others, others.span_bounds(), units, shingle)


def _text_bounds(scanned: Scanned) -> Ints:
    return np.stack([scanned.text_words[:-1], scanned.text_words[1:]], axis=1)


def _best(
    scanned: Scanned, bounds: Ints, others: Scanned, other_bounds: Ints, units: Ints, shingle: int
) -> tuple[Shares, Ints]:
    shares = np.empty((len(units), len(bounds)), dtype=np.float64)
    best = np.empty((len(units), len(bounds)), dtype=np.int64)
    best_units(scanned.hashes, bounds, others.hashes, other_bounds, units, shingle, shares, best)
    return shares, best
