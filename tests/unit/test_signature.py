"""Signatures: datasketch's own, value for value, however they are computed."""

from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from nearcopy import signature
from nearcopy.errors import InputError
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from tests import naive
from tests.unit.texts import THOROUGH, VOCABULARY, texts

parameters = st.builds(
    Parameters, bands=st.integers(1, 40), rows=st.integers(1, 5), shingle=st.integers(1, 6),
    seed=st.integers(0, 2**32 - 1),
)
prose = st.lists(st.sampled_from([*VOCABULARY, "\n\n", "\n"]), max_size=80).map(" ".join)


def shingle_hash(shingle: tuple[str, ...]) -> int:
    """Ours, as a user would give it to datasketch."""
    return naive.run_hash([naive.word_hash(word) for word in shingle]) & 0xFFFFFFFF


def datasketch_of(words: list[str], chosen: Parameters) -> MinHash:
    minhash = MinHash(
        num_perm=chosen.permutations, seed=chosen.seed, scheme="affine32", hashfunc=shingle_hash
    )
    minhash.update_batch(naive.runs(words, chosen.shingle))
    return minhash


def folds(text: str) -> list[str]:
    return [word.fold for word in naive.words(text)]


@THOROUGH
@given(st.one_of(texts, prose), parameters)
def test_paragraphs_and_texts_sign_as_in_datasketch(text: str, chosen: Parameters) -> None:
    scanned = scan_texts([text])
    signed = signature.sign_paragraphs(scanned, chosen)
    words, spans = folds(text), naive.paragraphs(text)
    assert signed.dtype == np.uint32
    assert signed.shape == (len(spans), chosen.permutations)
    for row, span in zip(signed, spans, strict=True):
        assert np.array_equal(row, datasketch_of(words[span.first : span.last], chosen).hashvalues)
    whole = signature.sign_documents(scanned, signed, chosen)
    assert np.array_equal(whole[0], datasketch_of(words, chosen).hashvalues)


@THOROUGH
@given(st.lists(st.one_of(texts, prose), max_size=6), parameters)
def test_a_batch_is_its_texts_one_by_one(batch: list[str], chosen: Parameters) -> None:
    together = signature.sign_texts(batch, chosen)
    alone = [signature.sign_texts([text], chosen) for text in batch]
    assert np.array_equal(together, np.concatenate([*alone, np.empty((0, chosen.permutations), np.uint32)]))
    scanned = scan_texts(batch)
    documents = signature.sign_documents(scanned, together, chosen)
    assert np.array_equal(documents, signature.sign_runs(scanned, scanned.text_bounds(), chosen))
    for text, row in zip(batch, documents, strict=True):
        one = scan_texts([text])
        signed = signature.sign_paragraphs(one, chosen)
        assert np.array_equal(row, signature.sign_documents(one, signed, chosen)[0])


@THOROUGH
@given(st.one_of(texts, prose), parameters)
def test_the_shingles_of_a_text(text: str, chosen: Parameters) -> None:
    scanned = scan_texts(["before", text])
    hashes = signature.shingle_hashes(scanned, 1, chosen).tolist()
    assert hashes == naive.run_hashes([naive.word_hash(word) for word in folds(text)], chosen.shingle)
    minhash = naive.signature(hashes, chosen.permutations, chosen.seed)
    assert np.array_equal(minhash, datasketch_of(folds(text), chosen).hashvalues)


@THOROUGH
@given(prose, prose, parameters)
def test_to_datasketch_and_back(a: str, b: str, chosen: Parameters) -> None:
    scanned = scan_texts([a, b])
    signed = signature.sign_documents(scanned, signature.sign_paragraphs(scanned, chosen), chosen)
    theirs = [signature.to_datasketch(row, chosen) for row in signed]
    assert theirs[0].jaccard(theirs[1]) == pytest.approx(np.mean(signed[0] == signed[1]))
    assert theirs[0].jaccard(datasketch_of(folds(b), chosen)) == theirs[0].jaccard(theirs[1])
    assert np.array_equal(signature.from_datasketch(theirs[0], chosen), signed[0])
    assert np.array_equal(signature.from_datasketch(datasketch_of(folds(b), chosen), chosen), signed[1])


def test_a_signature_given_away_is_a_copy() -> None:
    chosen = Parameters()
    signed = signature.sign_texts(["one text of words"], chosen)
    before = signed.copy()
    signature.to_datasketch(signed[0], chosen).update(b"more")
    assert np.array_equal(signed, before)


@pytest.mark.parametrize(
    ("minhash", "named"),
    [
        (MinHash(num_perm=108, seed=1, scheme="affine64"), "scheme affine64"),
        (MinHash(num_perm=108, seed=2, scheme="affine32"), "seed 2"),
        (MinHash(num_perm=64, seed=1, scheme="affine32"), "64 permutations"),
    ],
    ids=["scheme", "seed", "permutations"],
)
def test_a_minhash_that_cannot_be_compared_is_refused(minhash: MinHash, named: str) -> None:
    with pytest.raises(InputError, match=named):
        signature.from_datasketch(minhash, Parameters())


def test_no_text_and_no_word() -> None:
    chosen = Parameters()
    assert signature.sign_texts([], chosen).shape == (0, 108)
    assert signature.sign_texts(["…", ""], chosen).shape == (0, 108)
    scanned = scan_texts(["…", "one"])
    documents = signature.sign_documents(scanned, signature.sign_paragraphs(scanned, chosen), chosen)
    assert documents[0].tolist() == [2**32 - 1] * 108
    assert signature.shingle_hashes(scanned, 0, chosen).tolist() == []


@pytest.mark.parametrize("words", [1, 2, 3, 7, 8, 9, 16, 17, 200])
def test_every_length_around_what_the_kernel_takes_at_once(words: int) -> None:
    text, chosen = " ".join(f"w{k}" for k in range(words)), Parameters()
    signed = signature.sign_texts([text], chosen)
    assert np.array_equal(signed[0], datasketch_of(folds(text), chosen).hashvalues)
