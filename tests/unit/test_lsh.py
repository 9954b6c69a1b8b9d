"""The three nets and what each promises."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearcopy.lsh import Buckets, buckets_of, fingerprints_of
from nearcopy.parameters import LEAST_WINDOW, Parameters, detection
from nearcopy.text.scanning import scan_texts
from tests import naive
from tests.unit.texts import COMPILED, THOROUGH, VOCABULARY

word_lists = st.lists(st.sampled_from(VOCABULARY), max_size=60)
winnowing = st.builds(Parameters, gram=st.integers(1, 6), window=st.integers(LEAST_WINDOW, 17))


def cast(words: list[str], parameters: Parameters) -> set[tuple[str, int, int]]:
    """Every fingerprint twice: with the words before it, and with those after it."""
    found, contexts, _ = fingerprints_of(scan_texts([" ".join(words)]), parameters)
    sides = zip(found.tolist(), contexts.tolist(), strict=True)
    return {one for hash, context in sides for one in (("<", hash, context >> 8), (">", hash, context & 255))}


@THOROUGH
@given(st.lists(word_lists, max_size=4), winnowing)
def test_the_oracles_fingerprints(batch: list[list[str]], parameters: Parameters) -> None:
    found, contexts, bounds = fingerprints_of(scan_texts([" ".join(words) for words in batch]), parameters)
    expected = []
    for words in batch:
        hashes = [naive.word_hash(word) for word in words]
        expected.append(naive.fingerprints(hashes, parameters.gram, parameters.window))
    both = list(zip(found.tolist(), contexts.tolist(), strict=True))
    assert [both[a:b] for a, b in pairwise(bounds)] == expected


@THOROUGH
@given(st.data(), winnowing, st.integers(1, len(VOCABULARY)))
def test_a_verbatim_run_shares_a_fingerprint_with_its_source(
    data: st.DataObject, parameters: Parameters, vocabulary: int
) -> None:
    """Wherever it stands in either text, and however its words repeat."""
    some = st.lists(st.sampled_from(VOCABULARY[:vocabulary]), max_size=40)
    copied = data.draw(
        st.lists(
            st.sampled_from(VOCABULARY[:vocabulary]),
            min_size=parameters.verbatim_words, max_size=parameters.verbatim_words,
        )
    )
    source, other = ([*data.draw(some), *copied, *data.draw(some)] for _ in range(2))
    assert cast(source, parameters) & cast(other, parameters)


def test_twenty_words_anywhere_in_real_prose() -> None:
    """Every position of 300 different words, in the middle of others, at the beginning and at the end."""
    parameters = Parameters()
    source = [f"word{k * k % 211}x{k % 7}" for k in range(300 if COMPILED else 40)]
    around = [f"other{k}" for k in range(50)]
    prints = cast(source, parameters)
    for at in range(len(source) - 19):
        copied = source[at : at + 20]
        for text in (around[:25] + copied + around[25:], copied + around, around + copied, copied):
            assert prints & cast(text, parameters), at


def alike(resemblance: float, count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Pairs of texts whose sets of words have exactly that resemblance; no word stands in two pairs."""
    shared = round(40 * resemblance)
    pairs = []
    for words in rng.permutation(40 * count).reshape(count, 40):
        named = [f"w{word}" for word in words]
        half = (40 + shared) // 2
        pairs.append((" ".join(named[:half]), " ".join(named[:shared] + named[half:])))
    return pairs


@pytest.mark.skipif(not COMPILED, reason="needs thousands of pairs")
@pytest.mark.parametrize("resemblance", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8])
@pytest.mark.parametrize("net", [(36, 3), (35, 3), (17, 2), (9, 4), (20, 5), (7, 1)], ids=str)
def test_the_share_of_pairs_found_follows_the_curve(resemblance: float, net: tuple[int, int]) -> None:
    """In both nets of bands, within four standard deviations of 2,000 pairs."""
    bands, rows = net
    parameters = Parameters(bands=bands, rows=rows, shingle=1)
    pairs = alike(resemblance, 2000, np.random.default_rng(7))
    left, right = (buckets_of(scan_texts(list(side)), parameters) for side in zip(*pairs, strict=True))
    promised = float(detection(bands, rows, resemblance))
    for one, two in ((left.bands, right.bands), (left.document_bands, right.document_bands)):
        share = float((one == two).any(axis=1).mean())
        assert abs(share - promised) <= 4 * math.sqrt(promised * (1 - promised) / len(pairs)) + 1e-9


def test_exact_resemblance_of_the_pairs() -> None:
    a, b = (text.split() for text in alike(0.3, 1, np.random.default_rng(1))[0])
    assert len(set(a) & set(b)) / len(set(a) | set(b)) == 0.3


def texts_of(*words: int) -> list[str]:
    return [" ".join(f"w{k}" for k in range(count)) for count in words]


def test_which_paragraphs_are_indexed() -> None:
    parameters = Parameters(least_words=3)
    buckets = buckets_of(scan_texts(["a b c\n\nd\n\ne f g h", "i", "", "j k l"]), parameters)
    assert buckets.paragraphs.tolist() == [0, 2, 4]
    assert buckets.bounds.tolist() == [0, 2, 2, 2, 3]
    assert buckets.bands.shape == (3, 36)
    assert buckets.document_bands.shape == (4, 36)


def test_no_band_of_one_net_is_met_in_another() -> None:
    """Bands are salted by their net and their number: every bucket of a text is another."""
    buckets = buckets_of(scan_texts(texts_of(30)), Parameters())
    every = np.concatenate([buckets.bands.ravel(), buckets.document_bands.ravel(), buckets.fingerprints])
    assert len(set(every.tolist())) == 36 + 36 + len(buckets.fingerprints)


def test_runs_are_equal_for_equal_words_only() -> None:
    batch = [
        "The sun, the sea - the old red rose!", "the SUN the sea the old red rose",
        "the sea the sun the old red rose", "the sun the sea the old red rose the",
        "the sun the sea the old red",
    ]
    runs = buckets_of(scan_texts(batch), Parameters(least_words=1)).runs
    assert runs[0] == runs[1]
    assert len(set(runs.tolist())) == 4


@pytest.mark.parametrize("batch", [[], [""], ["…", "\n\n"]])
def test_nothing_to_cast(batch: list[str]) -> None:
    buckets: Buckets = buckets_of(scan_texts(batch), Parameters())
    for empty in (buckets.paragraphs, buckets.bands, buckets.runs, buckets.fingerprints):
        assert len(empty) == 0
    assert buckets.fingerprint_bounds.tolist() == buckets.bounds.tolist() == [0] * (len(batch) + 1)
    assert len(buckets.document_bands) == len(batch)
