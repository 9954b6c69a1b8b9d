"""The three nets: what a batch of texts leaves in the index, and what a submission looks up.

1. Paragraph bands find near-duplicate paragraphs.
2. Document bands find near-duplicate texts, wherever their paragraphs break.
3. Winnowed fingerprints find any run of ``gram + window - 1`` words that was copied word for word.

A bucket is a 64-bit hash. Its upper half chooses the page, its lower 16 bits the place in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.kernel import sign as kernels
from nearcopy.parameters import Parameters
from nearcopy.signature import Signatures, sign_documents, sign_paragraphs, sign_runs
from nearcopy.text.scanning import Scanned

PARAGRAPH_SALT, DOCUMENT_SALT = np.uint64(0x70), np.uint64(0x64)


@dataclass(frozen=True, slots=True)
class Buckets:
    """The bucket hashes of a batch of T texts, of which P paragraphs are long enough to be indexed.

    - ``paragraphs`` int64[P]: which spans of the batch those are
    - ``bands`` uint64[P, bands] and ``runs`` uint64[P]: their bands, and the hash of their words in order
    - ``document_bands`` uint64[T, bands]
    - ``fingerprints`` uint64[F], those of text t at ``fingerprint_bounds[t]`` int64[T + 1]; ``contexts``
      uint16[F]: a byte of the words before each, a byte of those after it
    - ``bounds`` int64[T + 1]: where the indexed paragraphs of each text begin
    """

    paragraphs: NDArray[np.int64]
    bands: NDArray[np.uint64]
    runs: NDArray[np.uint64]
    document_bands: NDArray[np.uint64]
    fingerprints: NDArray[np.uint64]
    contexts: NDArray[np.uint16]
    fingerprint_bounds: NDArray[np.int64]
    bounds: NDArray[np.int64]

    def one(self, text: int, first_span: int) -> Buckets:
        """Those of one text of the batch, whose spans begin at ``first_span``, as if it were alone."""
        mine = slice(self.bounds[text], self.bounds[text + 1])
        prints = slice(self.fingerprint_bounds[text], self.fingerprint_bounds[text + 1])
        return Buckets(
            self.paragraphs[mine] - first_span,
            self.bands[mine],
            self.runs[mine],
            self.document_bands[text : text + 1],
            self.fingerprints[prints],
            self.contexts[prints],
            np.array([0, prints.stop - prints.start], dtype=np.int64),
            np.array([0, mine.stop - mine.start], dtype=np.int64),
        )


def buckets_of(scanned: Scanned, parameters: Parameters) -> Buckets:
    """Sign a batch and cast all three nets. A paragraph below ``least_words`` is only part of its text."""
    signatures = sign_paragraphs(scanned, parameters)
    documents = sign_documents(scanned, signatures, parameters)
    bounds = scanned.span_bounds()
    long = np.flatnonzero(bounds[:, 1] - bounds[:, 0] >= parameters.least_words)
    runs = np.empty(len(long), dtype=np.uint64)
    kernels.run_hashes(scanned.hashes, np.ascontiguousarray(bounds[long]), runs)
    fingerprints, contexts, fingerprint_bounds = fingerprints_of(scanned, parameters)
    return Buckets(
        paragraphs=long,
        bands=_bands(signatures[long], parameters, PARAGRAPH_SALT),
        runs=runs,
        document_bands=_bands(documents, parameters, DOCUMENT_SALT),
        fingerprints=fingerprints,
        contexts=contexts,
        fingerprint_bounds=fingerprint_bounds,
        bounds=np.searchsorted(long, scanned.text_spans).astype(np.int64),
    )


def fingerprints_of(
    scanned: Scanned, parameters: Parameters
) -> tuple[NDArray[np.uint64], NDArray[np.uint16], NDArray[np.int64]]:
    """Winnowed fingerprints uint64[F] of a batch, their contexts uint16[F], and where those of each text
    begin, int64[T + 1].

    Two fingerprints that are equal by chance, or by a phrase that everybody uses, seldom have the same words
    before or after them: a hit counts only where one of the two bytes of the context is equal.
    """
    out, contexts = np.empty(len(scanned.hashes), np.uint64), np.empty(len(scanned.hashes), np.uint16)
    bounds = np.empty_like(scanned.text_words)
    count = kernels.winnow(
        scanned.hashes, scanned.text_words, parameters.gram, parameters.window, out, contexts, bounds
    )
    return out[:count], contexts[:count], bounds


def document_bands(scanned: Scanned, parameters: Parameters) -> NDArray[np.uint64]:
    """``uint64[T, bands]``: the second net alone."""
    return _bands(sign_runs(scanned, scanned.text_bounds(), parameters), parameters, DOCUMENT_SALT)


def paragraph_bands(
    scanned: Scanned, bounds: NDArray[np.int64], parameters: Parameters
) -> NDArray[np.uint64]:
    """``uint64[P, bands]``: the first net alone, of paragraphs whose words are int64[P, 2] ``bounds``."""
    return _bands(sign_runs(scanned, bounds, parameters), parameters, PARAGRAPH_SALT)


def _bands(signatures: Signatures, parameters: Parameters, salt: np.uint64) -> NDArray[np.uint64]:
    out = np.empty((len(signatures), parameters.bands), dtype=np.uint64)
    kernels.band_hashes(np.ascontiguousarray(signatures), parameters.bands, parameters.rows, salt, out)
    return out
