"""Common paragraphs of an archive: boilerplate, by the rule of a check (`nearcopy.judge.boilerplate`).

A paragraph that stands in many documents is common in one of them where most of a sample of the others share
nothing else with it; or nothing but such paragraphs, unless they share most of their words with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.align import GAP, SEED
from nearcopy.clusters.meeting import LOW, halves
from nearcopy.clusters.pairs import MIN_WORDS, Ints
from nearcopy.clusters.verifying import Texts
from nearcopy.kernel.pairs import contain

Mask = NDArray[np.bool_]

MANY = 12
"""Other documents in which a paragraph stands before it may be common; as many are the sample."""

PIVOTS = 3
"""Documents of the sample that are compared with the others of it."""

KIN = 0.5
"""The share of their words from which two documents tell one story."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where paragraphs that stand in many documents do so; an entry each, once a document.

    ``texts`` int64: which of `Texts`, rising; ``paragraphs`` int64: which paragraph; ``words`` int64: of the
    document that lie in it.
    """

    texts: Ints
    paragraphs: Ints
    words: Ints


def sampled(documents: Ints) -> Ints:
    """``int64[MANY]`` evenly chosen of those that hold a paragraph."""
    return documents[np.linspace(0, len(documents) - 1, MANY).astype(np.int64)]


def of_one_story(texts: Texts, samples: Ints) -> Mask:
    """``bool[H]``: whether most words of the documents of each sample, int64[H, MANY], stand in most of the
    others. Samples name texts."""
    pivots = np.repeat(samples[:, :PIVOTS], MANY, axis=1)
    others = np.tile(samples, PIVOTS)
    apart = pivots != others
    shared, lengths = _shared(texts, others, pivots, apart), np.diff(texts.bounds)
    alike = (shared >= KIN * lengths[others]) & apart
    return np.asarray(alike.sum(axis=1) * 2 > apart.sum(axis=1))


def common(texts: Texts, standing: Standing, asked: Mask, samples: Ints, kin: Mask) -> Mask:
    """``bool``: of each entry whether the paragraph is common there; only of texts that are ``asked`` for,
    bool[T]. Entries are of all texts that the samples of theirs name."""
    mine = np.flatnonzero(asked[standing.texts])
    text, paragraph, words = (array[mine] for array in (standing.texts, standing.paragraphs, standing.words))
    holders = samples[paragraph]
    here = np.broadcast_to(text[:, None], holders.shape)
    apart = here != holders
    total = _shared(texts, here, holders, apart)
    alone = (total - words[:, None] < MIN_WORDS) & apart
    beyond = (total - _in_many(standing, here, holders, len(samples)) < MIN_WORDS) & apart
    out = np.zeros(len(standing.texts), dtype=np.bool_)
    out[mine] = _most(alone, apart) | (_most(beyond, apart) & ~kin[paragraph])
    return out


def _shared(texts: Texts, left: Ints, right: Ints, apart: Mask) -> Ints:
    """How many words of each left text lie in passages shared with its right one; 0 where not ``apart``."""
    keys, which = np.unique(left[apart] << 32 | right[apart], return_inverse=True)
    found = np.empty((2, len(keys)), dtype=np.int64)
    contain(texts.words, texts.bounds, *halves(keys), SEED, GAP, MIN_WORDS, *found)
    out = np.zeros(left.shape, dtype=np.int64)
    out[apart] = found[0][which]
    return out


def _in_many(standing: Standing, left: Ints, right: Ints, paragraphs: int) -> Ints:
    """How many words of each left text lie in paragraphs of many documents that the right one holds too."""
    keys, which = np.unique(left << 32 | right, return_inverse=True)
    entries = standing.texts * paragraphs + standing.paragraphs
    bounds = np.searchsorted(standing.texts, np.stack([keys >> 32, (keys >> 32) + 1]))
    sizes = bounds[1] - bounds[0]
    pair = np.repeat(np.arange(len(keys)), sizes)
    entry = np.arange(len(pair)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(bounds[0], sizes)
    held = np.isin((keys[pair] & LOW) * paragraphs + standing.paragraphs[entry], entries)
    words = np.bincount(pair, standing.words[entry] * held, minlength=len(keys))
    return words.astype(np.int64)[which].reshape(left.shape)


def _most(alone: Mask, apart: Mask) -> Mask:
    return np.asarray(alone.sum(axis=1) * 2 > apart.sum(axis=1))
