"""Copies have the resemblance that was aimed at, and how many must be found is counted exactly."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from worker.rebuild import copies

PARAMETERS = Parameters()
WORDS = [f"word{number}" for number in range(400)]


def shingles(unit: np.ndarray[tuple[int], np.dtype[np.uint64]], size: int) -> set[tuple[int, ...]]:
    values = unit.tolist()
    return {tuple(values[at : at + size]) for at in range(len(values) - size + 1)}


@pytest.mark.parametrize("shingle", [1, 3, 5])
@pytest.mark.parametrize("level", [0.9, 0.7, 0.5, 0.3])
def test_copies_have_about_the_resemblance_aimed_at_and_exactly_the_one_told(
    level: float, shingle: int
) -> None:
    draw = np.random.default_rng(1)
    units = [copies.foreign(400, draw) for _ in range(20)]
    made = [copies.perturbed(unit, level, shingle, draw) for unit in units for _ in range(2)]
    told = copies.resemblances(units, copies.scanned_of(made), shingle)
    assert told.shape == (20, 2)
    assert told.mean() == pytest.approx(level, abs=0.03)
    for number, copy in enumerate(made):
        ours, theirs = shingles(units[number // 2], shingle), shingles(copy, shingle)
        assert told.ravel()[number] == pytest.approx(len(ours & theirs) / len(ours | theirs))


def test_a_copy_differs_even_where_it_can_only_differ_too_much() -> None:
    draw = np.random.default_rng(1)
    unit = copies.foreign(8, draw)
    assert (copies.perturbed(unit, 0.99, 3, draw) != unit).sum() == 1
    assert (copies.perturbed(unit, 0.01, 3, draw) != unit).sum() > 5


def test_words_alone_are_signed_as_their_text_is() -> None:
    """What is signed of the words of a paragraph is what its text leaves in the index."""
    scanned = scan_texts([" ".join(WORDS), " ".join(WORDS[:50])])
    units = [scanned.hashes[scanned.words_of(text)] for text in range(2)]
    of_texts, of_words = buckets_of(scanned, PARAMETERS), buckets_of(copies.scanned_of(units), PARAMETERS)
    for name in ("bands", "runs", "document_bands", "fingerprints", "contexts", "fingerprint_bounds"):
        assert np.array_equal(getattr(of_texts, name), getattr(of_words, name)), name


def test_an_excerpt_shares_a_fingerprint_wherever_it_is_cut() -> None:
    draw = np.random.default_rng(1)
    words = PARAMETERS.verbatim_words
    unit = copies.foreign(200, draw)
    cut = [copies.excerpt(unit, words, draw) for _ in range(300)]
    signed = buckets_of(copies.scanned_of([unit, *cut]), PARAMETERS)
    bounds = signed.fingerprint_bounds
    own = signed.fingerprints[: bounds[1]]
    for number in range(1, len(cut) + 1):
        assert np.isin(signed.fingerprints[bounds[number] : bounds[number + 1]], own).any()
    assert {len(one) for one in cut} == {words + 2 * copies.AROUND}


def test_the_chance_of_so_few_is_that_of_all_outcomes_together() -> None:
    chances = [0.9, 0.5, 0.99, 0.2, 0.75]
    for found in range(6):
        told = sum(
            prod(p if hit else 1 - p for p, hit in zip(chances, outcome, strict=True))
            for outcome in product((0, 1), repeat=5) if sum(outcome) <= found
        )
        assert copies.chance_of_so_few(chances, found) == pytest.approx(told)
    assert copies.chance_of_so_few([], 0) == 1.0
    assert copies.chance_of_so_few([0.99] * 200, 180) < 1e-12 < copies.chance_of_so_few([0.99] * 200, 190)
