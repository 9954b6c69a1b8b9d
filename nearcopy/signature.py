"""From scanned texts to signatures: the one place, for the service, the worker and the tests.

The scheme is datasketch 2.0's ``affine32``: with the shingle hash x, ``h = fmix32(x)`` and per permutation
``min(a * h + b mod 2**32)``; a and b are datasketch's own for the seed. Broder, "On the resemblance and
containment of documents" (1997).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nearcopy.errors import InputError
from nearcopy.kernel import sign as kernels
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import Scanned, scan_texts

if TYPE_CHECKING:
    from datasketch import MinHash

Signatures = NDArray[np.uint32]


def sign_paragraphs(scanned: Scanned, parameters: Parameters) -> Signatures:
    """``uint32[P, permutations]``: the signature of every paragraph of the batch, in one kernel call.

    A paragraph of fewer words than a shingle has one shingle, of all its words.
    """
    return sign_runs(scanned, scanned.span_bounds(), parameters)


def sign_documents(scanned: Scanned, paragraphs: Signatures, parameters: Parameters) -> Signatures:
    """``uint32[T, permutations]``: signatures of the texts' whole runs of words, from their paragraphs'."""
    out = np.empty((len(scanned.text_spans) - 1, parameters.permutations), dtype=np.uint32)
    kernels.sign_texts(
        scanned.hashes, scanned.span_bounds(), scanned.text_spans, paragraphs, parameters.shingle,
        *permutations(parameters), out,
    )
    return out


def sign_runs(scanned: Scanned, bounds: NDArray[np.int64], parameters: Parameters) -> Signatures:
    """``uint32[R, permutations]``: signatures of runs of words, int64[R, 2] first and end."""
    out = np.empty((len(bounds), parameters.permutations), dtype=np.uint32)
    kernels.sign(scanned.hashes, bounds, parameters.shingle, *permutations(parameters), out)
    return out


def sign_texts(texts: Sequence[str], parameters: Parameters) -> Signatures:
    """``uint32[paragraphs of all texts, permutations]`` from raw text; raises `InputError`."""
    return sign_paragraphs(scan_texts(texts), parameters)


def shingle_hashes(scanned: Scanned, text: int, parameters: Parameters) -> NDArray[np.uint64]:
    """The hash of every shingle of one text's whole run of words, in order, repeats included.

    The low 32 bits are what the signature scheme hashes.
    """
    words = scanned.words_of(text)
    count = words.stop - words.start
    if count == 0:
        return np.empty(0, dtype=np.uint64)
    out = np.empty(max(count - parameters.shingle + 1, 1), dtype=np.uint64)
    kernels.gram_hashes(scanned.hashes, words.start, words.stop, parameters.shingle, out)
    return out


def to_datasketch(signature: NDArray[np.uint32], parameters: Parameters) -> MinHash:
    """The same signature as a datasketch ``MinHash``, to compare with or to put into datasketch's indexes."""
    from datasketch import MinHash  # it imports SciPy, which nothing else needs

    return MinHash(
        num_perm=parameters.permutations, seed=parameters.seed, hashvalues=signature.copy(), scheme="affine32"
    )


def from_datasketch(minhash: MinHash, parameters: Parameters) -> NDArray[np.uint32]:
    """``uint32[permutations]`` of a datasketch ``MinHash``; `InputError` where it could not be compared."""
    if minhash.scheme != "affine32" or minhash.seed != parameters.seed:
        raise InputError(
            f"the MinHash has scheme {minhash.scheme} and seed {minhash.seed}; "
            f"affine32 and seed {parameters.seed} are needed",
            "signature",
        )
    if len(minhash.hashvalues) != parameters.permutations:
        raise InputError(
            f"the MinHash has {len(minhash.hashvalues)} permutations; {parameters.permutations} are needed",
            "signature",
        )
    return np.array(minhash.hashvalues, dtype=np.uint32)


def permutations(parameters: Parameters) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """datasketch's ``a`` and ``b``, uint32[permutations] each, for the parameters' seed."""
    return _permutations(parameters.permutations, parameters.seed)


@cache
def _permutations(count: int, seed: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    drawn = np.random.RandomState(seed)  # as datasketch draws them
    a = drawn.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, drawn.randint(0, 1 << 32, count, dtype=np.uint32)
