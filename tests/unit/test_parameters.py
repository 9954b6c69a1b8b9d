"""The detection curve, the choice of bands and rows, the digest."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearcopy.errors import InputError
from nearcopy.parameters import MAX_BANDS, MET, Parameters, detection, fewest_postings


def all_nets(threshold: float, probability: float) -> list[tuple[float, int, int]]:
    """Postings stored and met, bands and rows of every net that keeps the promise."""
    return [
        (bands + bands * MET[rows], bands, rows)
        for rows in MET
        for bands in range(1, MAX_BANDS + 1)
        if 1 - (1 - threshold**rows) ** bands >= probability
    ]


@settings(deadline=None, max_examples=300)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.999))
def test_no_net_that_keeps_the_promise_has_fewer_postings(threshold: float, probability: float) -> None:
    nets = all_nets(threshold, probability)
    if not nets:
        with pytest.raises(InputError, match="ask for a higher threshold or a lower probability"):
            fewest_postings(threshold, probability)
        return
    bands, rows = fewest_postings(threshold, probability)
    assert detection(bands, rows, threshold) >= probability
    assert bands * (1 + MET[rows]) == pytest.approx(min(nets)[0])


@pytest.mark.parametrize(
    ("threshold", "net"), [(0.2, (113, 2)), (0.3, (49, 2)), (0.5, (35, 3)), (0.7, (11, 3)), (0.8, (9, 4))]
)
def test_the_net_for_a_threshold(threshold: float, net: tuple[int, int]) -> None:
    assert fewest_postings(threshold, 0.99) == net
    chosen = Parameters.for_threshold(threshold)
    assert (chosen.bands, chosen.rows, chosen.threshold) == (*net, threshold)
    assert chosen.probability >= 0.99


def test_more_rows_meet_fewer_postings() -> None:
    assert list(MET) == list(range(1, len(MET) + 1))
    assert sorted(MET.values(), reverse=True) == list(MET.values())


def test_the_default_promise() -> None:
    default = Parameters()
    assert (default.bands, default.rows, default.permutations, default.verbatim_words) == (36, 3, 108, 20)
    assert default.probability == pytest.approx(1 - (7 / 8) ** 36)
    assert default.probability > 0.99


def test_the_curve_of_numbers_and_of_arrays() -> None:
    at = np.array([0.0, 0.3, 0.5, 1.0])
    assert detection(36, 3, at) == pytest.approx([0.0, 1 - (1 - 0.027) ** 36, 0.99182, 1.0], abs=1e-5)
    assert [Parameters().detection(s) for s in at] == pytest.approx(detection(36, 3, at))


OTHERS = {
    "threshold": 0.6, "bands": 35, "rows": 4, "shingle": 4, "gram": 6, "window": 17, "least_words": 9,
    "seed": 2,
}


def test_the_digest_differs_for_every_field() -> None:
    assert set(OTHERS) == {field.name for field in fields(Parameters)}
    digests = {replace(Parameters(), **{name: value}).digest for name, value in OTHERS.items()}
    assert len(digests | {Parameters().digest}) == len(OTHERS) + 1
    assert Parameters().digest == Parameters(threshold=0.5).digest


def test_the_digest_does_not_change_by_chance() -> None:
    """Every stored index is refused where this fails. Raise LAYOUT if that is meant."""
    assert Parameters().digest == "f78a394f34b4"


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 0.0), ("threshold", 1.1), ("bands", 0), ("bands", 256), ("rows", 0), ("shingle", 0),
     ("gram", 0), ("window", 0), ("least_words", 0)],
)
def test_what_cannot_be_built_is_named(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        replace(Parameters(), **{name: value})


@pytest.mark.parametrize(("threshold", "probability"), [(0.0, 0.9), (1.0, 0.9), (0.5, 0.0), (0.5, 1.0)])
def test_a_promise_lies_between_none_and_all(threshold: float, probability: float) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        Parameters.for_threshold(threshold, probability)
