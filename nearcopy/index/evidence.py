"""What speaks for a candidate: the hits of all three nets, weighed before any text is fetched.

Two orders come out of it. By *words*: how many of the submission's a candidate may share. By *place*: for
every bucket of the submission, how many others of that bucket come before. A family of hundreds of near-equal
documents takes all the first places by words; but a sentence of twenty words from elsewhere is in buckets of
its own, and there its source comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.index.plan import NUMBER, Hits, Ints, distinct
from nearcopy.parameters import Parameters

Floats = NDArray[np.float64]

NEIGHBOURS = 256
"""Paragraphs followed of those that share bands with one of the submission's, the most alike first; among
them such as no document holds any more."""

NEAR = 2
"""Fingerprints before and after one that a run copied from the same document would have hit too."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Indexed paragraphs worth following: the ``share`` of its bands that ``number`` has in common with
    paragraph ``query`` of the submission, 1 where they are equal."""

    query: Ints
    number: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds paragraphs: the documents of ``numbers[k]`` (ascending) are
    ``documents[bounds[k]:bounds[k + 1]]``."""

    numbers: Ints
    documents: Ints
    bounds: Ints

    def of(self, paragraphs: Ints) -> Ints:
        """The documents that hold any of these paragraphs, ascending."""
        if not len(paragraphs):
            return self.documents[:0]
        places = np.searchsorted(self.numbers, paragraphs)
        parts = [self.documents[self.bounds[place] : self.bounds[place + 1]] for place in places]
        return parts[0] if len(parts) == 1 else np.unique(np.concatenate([self.documents[:0], *parts]))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents, ascending (int64[D]); the ``words`` that each may share with the submission (float64[D]) and
    its best ``place`` in any bucket of it, from 0 (int64[D])."""

    numbers: Ints
    words: Floats
    places: Ints


def neighbours(alike: tuple[Ints, Ints, Ints], exact: Hits, bands: int) -> Neighbours:
    """Paragraphs that share bands with one of the submission's (paragraph, number, bands shared) or equal it.

    Of h of b bands shared the likeliest resemblance is ``(h / b) ** (1 / rows)``; here only h / b is needed.
    """
    query, number, hits = alike
    near, equal = query << 24 | number, exact[0] << 24 | exact[1]
    pairs = distinct(np.concatenate([near, equal]))
    share = np.zeros(len(pairs))
    share[np.searchsorted(pairs, near)] = hits / bands
    share[np.searchsorted(pairs, equal)] = 1.0
    return Neighbours(pairs >> 24, pairs & NUMBER, share)


def weigh(
    found: Neighbours, holders: Holders, whole: Ints, verbatim: Hits, paragraph_words: Ints,
    total_words: int, parameters: Parameters,
) -> Candidates:
    """All candidates: of paragraphs, of document bands (``whole`` int64[H], a number for each hit) and of
    fingerprints."""
    place = np.searchsorted(holders.numbers, found.number)
    alike = found.share ** (1 / parameters.rows) * paragraph_words[found.query]
    sizes = np.diff(holders.bounds)
    documents_alike, hits = np.unique(whole, return_counts=True)
    parts = [
        (holders.documents, np.repeat(np.bincount(place, alike, minlength=len(sizes)), sizes)),
        (documents_alike, (hits / parameters.bands) ** (1 / parameters.rows) * total_words),
        (verbatim[1], np.full(len(verbatim[1]), (parameters.window + 1) / 2)),
    ]
    numbers, index = np.unique(np.concatenate([part for part, _ in parts]), return_inverse=True)
    weights = np.concatenate([part for _, part in parts])
    words = np.bincount(index, weights, minlength=len(numbers)).astype(np.float64)
    return Candidates(numbers, words, _places(found, holders, place, verbatim, numbers, words))


def _places(
    found: Neighbours, holders: Holders, place: Ints, verbatim: Hits, numbers: Ints, words: Floats
) -> Ints:
    """The best place of each candidate: in a paragraph by its likeness, in a fingerprint by how many hits the
    same document has close by; then by words."""
    best = np.full(len(numbers), NUMBER)
    sizes = np.diff(holders.bounds)[place]
    held = np.concatenate([holders.documents[:0], *(
        holders.documents[holders.bounds[p] : holders.bounds[p + 1]] for p in place.tolist()
    )])
    _rank(np.repeat(found.query, sizes), held, np.repeat(found.share, sizes), numbers, words, best)
    by_document = np.sort(verbatim[1] << 24 | verbatim[0])
    here = verbatim[1] << 24 | verbatim[0]
    close = np.searchsorted(by_document, here + NEAR, side="right")
    close -= np.searchsorted(by_document, here - NEAR)
    _rank(verbatim[0], verbatim[1], close, numbers, words, best)
    return best


def _rank(
    bucket: Ints, documents: Ints, nearness: Floats | Ints, numbers: Ints, words: Floats, best: Ints
) -> None:
    """Lower ``best`` to the place of each document in each of its buckets."""
    index = np.searchsorted(numbers, documents)
    order = np.lexsort((-words[index], -nearness, bucket))
    bucket = bucket[order]
    np.minimum.at(best, index[order], np.arange(len(order)) - np.searchsorted(bucket, bucket))
