"""Candidates to pairs: each is computed, word by word, as a check computes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.align import GAP, SEED
from nearcopy.clusters.meeting import halves
from nearcopy.clusters.pairs import MIN_WORDS, Ints, Pairs
from nearcopy.kernel.pairs import contain, resemble


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on a candidate is a pair: its ``resemblance``, by shingles of ``shingle`` words, or the
    ``containment`` of one of the two in the other, unless that is None."""

    resemblance: float
    containment: float | None
    shingle: int


@dataclass(frozen=True, slots=True)
class Texts:
    """Some documents: their ``numbers`` int64[T], rising; the word hashes uint64 of each,
    ``words[bounds[t]:bounds[t + 1]]``, at least one; and ``ranks`` int64[T], their places in the order of
    digests."""

    numbers: Ints
    words: NDArray[np.uint64]
    bounds: Ints
    ranks: Ints


def verified(texts: Texts, keys: Ints, least: Bounds) -> Pairs:
    """The pairs among candidates (`nearcopy.clusters.meeting`), whose keys rise and whose documents all are
    among the texts."""
    left, right = (np.searchsorted(texts.numbers, numbers) for numbers in halves(keys))
    alike = np.empty(len(keys), dtype=np.float64)
    asked = least.resemblance if least.containment is None else 0.0
    resemble(texts.words, texts.bounds, least.shingle, left, right, asked, alike)
    if least.containment is None:
        passed = alike >= least.resemblance
        left, right, alike = left[passed], right[passed], alike[passed]
    lengths = np.diff(texts.bounds)
    turned = _turned(texts, lengths, left, right)
    of_left, of_right = _passages(texts, turned, left, right)
    found = Pairs(
        texts.numbers[left], texts.numbers[right], np.where(turned, of_right, of_left), alike,
        of_left / lengths[left], of_right / lengths[right],
    )
    if least.containment is None:
        return found
    held = np.maximum(found.a_in_b, found.b_in_a) >= least.containment
    return found.chosen(held | (alike >= least.resemblance))


def passing(texts: Texts, keys: Ints, least: Bounds) -> NDArray[np.bool_]:
    """Which candidates, whose keys rise, are pairs; aligned only where their resemblance does not say so."""
    left, right = (np.searchsorted(texts.numbers, numbers) for numbers in halves(keys))
    alike = np.empty(len(keys), dtype=np.float64)
    resemble(texts.words, texts.bounds, least.shingle, left, right, least.resemblance, alike)
    passed = alike >= least.resemblance
    if least.containment is not None:
        unlike = np.flatnonzero(~passed)
        found = verified(texts, keys[unlike], least)
        passed[unlike] = np.isin(keys[unlike], found.a << 32 | found.b)
    return passed


def _turned(texts: Texts, lengths: Ints, left: Ints, right: Ints) -> NDArray[np.bool_]:
    """Whether the right one is to be checked against the left one: it is shorter, or its digest less."""
    longer, equal = lengths[left] > lengths[right], lengths[left] == lengths[right]
    return np.asarray(longer | (equal & (texts.ranks[left] > texts.ranks[right])))


def _passages(texts: Texts, turned: NDArray[np.bool_], left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """How many words of each left text lie in passages shared with its right one, and of the right one."""
    first, second = np.where(turned, right, left), np.where(turned, left, right)
    order = np.lexsort((second, first))
    found = np.empty((2, len(left)), dtype=np.int64)
    contain(texts.words, texts.bounds, first[order], second[order], SEED, GAP, MIN_WORDS, *found)
    of_first, of_second = np.empty_like(found)
    of_first[order], of_second[order] = found
    return np.where(turned, of_second, of_first), np.where(turned, of_first, of_second)
