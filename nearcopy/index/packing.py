"""From bucket hashes to the bytes that the write script and the base pages are made of."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.keys import big_endian, page_numbers, page_suffixes
from nearcopy.index.shape import Shape
from nearcopy.lsh import Buckets

Bytes = NDArray[np.uint8]

POSTING = 9
"""Bytes of a posting of a document, as they are handed to ``write.lua``."""


def band_numbers(units: int, bands: int) -> NDArray[np.uint8]:
    """``uint8[units * bands]``: the band of each hash of a raveled ``[units, bands]`` array."""
    return np.tile(np.arange(bands, dtype=np.uint8), units)


def document_postings(buckets: Buckets, kind: str, pages: int, letter: bytes) -> list[bytes]:
    """Per text the packed postings of its bands ("d") or fingerprints ("f") for pages of one letter.

    Each is page letter (1), band and page (4), bucket hash (2), context (2), as ``write.lua`` reads them.
    """
    if kind == "d":
        hashes, width = buckets.document_bands.ravel(), buckets.document_bands.shape[1]
        bands = band_numbers(len(buckets.document_bands), width)
        bounds = np.arange(len(buckets.document_bands) + 1, dtype=np.int64) * width
    else:
        hashes, bounds = buckets.fingerprints, buckets.fingerprint_bounds
        bands = np.zeros(len(hashes), dtype=np.uint8)
    contexts = buckets.contexts if kind == "f" else np.zeros(len(hashes), dtype=np.uint16)
    rows = np.empty((len(hashes), POSTING), dtype=np.uint8)
    rows[:, 0] = letter[0]
    rows[:, 1:5] = page_suffixes(bands, page_numbers(hashes, pages))
    rows[:, 5:7] = big_endian(hashes, 2)
    rows[:, 7:] = big_endian(contexts.astype(np.uint64), 2)
    return [_unique(rows[a:b]).tobytes() for a, b in pairwise(bounds)]


def exact_rows(runs: NDArray[np.uint64], shape: Shape) -> Bytes:
    """``uint8[P, 14]``: where each exact paragraph is looked up: base page, delta page (4 + 4), hash (6)."""
    zeros = np.zeros(len(runs), dtype=np.uint8)
    rows = np.zeros((len(runs), 14), dtype=np.uint8)
    rows[:, :4] = page_suffixes(zeros, page_numbers(runs, shape.base["x"]))
    rows[:, 4:8] = page_suffixes(zeros, page_numbers(runs, shape.delta["x"]))
    rows[:, 8:] = big_endian(runs, 6)
    return rows


def paragraph_rows(buckets: Buckets, shape: Shape) -> Bytes:
    """``uint8[P, 14 + 6 * bands]``: each paragraph's exact row and its band postings for delta pages."""
    units, width = buckets.bands.shape
    postings = np.empty((units * width, 6), dtype=np.uint8)
    hashes = buckets.bands.ravel()
    postings[:, :4] = page_suffixes(band_numbers(units, width), page_numbers(hashes, shape.delta["p"]))
    postings[:, 4:] = big_endian(hashes, 2)
    return np.concatenate([exact_rows(buckets.runs, shape), postings.reshape(units, width * 6)], axis=1)


def _unique(rows: Bytes) -> Bytes:
    """Without repeats: a fingerprint that stands twice in a text is one posting."""
    if len(rows) < 2:
        return rows
    return np.unique(np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").ravel())
