"""What a report is judged by: the submission, what was asked, and the candidates aligned with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.align import Aligned
from nearcopy.document import Document
from nearcopy.kernel.sign import run_hashes
from nearcopy.lsh import Buckets, buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import Scanned

Key = int
"""A document: its partition, and in the lower 3 bytes its number there."""

Keys = NDArray[np.int64]

Mask = NDArray[np.bool_]


def key_of(partition: int, numbers: NDArray[np.int64]) -> Keys:
    """The keys of documents of one partition, by their numbers there."""
    return numbers + (partition << 24)


def partition_of_key(key: Key) -> int:
    """The partition that a document is in."""
    return key >> 24


@dataclass(frozen=True, slots=True)
class Options:
    """What a check may be asked to do; the defaults are the contract's.

    ``verify``: candidates aligned, the best first; never fewer than ``limit``. ``common_documents``: how many
    documents a paragraph stands in before it may be boilerplate. ``common_share``: the share of their words
    from which two documents tell one story. ``copy_from``, ``unique_below``: the verdict's bounds.
    """

    threshold: float | None = None
    min_words: int = 8
    exclude_documents: Collection[str] = ()
    exclude_publishers: Collection[str] = ()
    limit: int = 10
    verify: int = 200
    common_documents: int = 12
    common_share: float = 0.5
    copy_from: float = 0.8
    unique_below: float = 0.05


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission, segmented, and signed with some parameters."""

    scanned: Scanned
    parameters: Parameters
    buckets: Buckets
    options: Options

    @property
    def threshold(self) -> float:
        """The resemblance from which a paragraph matches."""
        asked = self.options.threshold
        return self.parameters.threshold if asked is None else asked

    def signed_with(self, parameters: Parameters) -> Buckets:
        """Its buckets with these parameters."""
        return self.buckets if parameters == self.parameters else buckets_of(self.scanned, parameters)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.scanned.hashes)

    def bounds(self) -> NDArray[np.int64]:
        """``int64[paragraphs, 2]``: first and end word of each."""
        return self.scanned.span_bounds()

    def indexed_words(self) -> NDArray[np.int64]:
        """The length in words of each paragraph that is looked up."""
        bounds = self.bounds()[self.buckets.paragraphs]
        return np.asarray(bounds[:, 1] - bounds[:, 0], dtype=np.int64)

    def repeats(self) -> list[int | None]:
        """For each paragraph the index of the same one earlier in the text."""
        runs = np.empty(len(self.scanned.spans), dtype=np.uint64)
        run_hashes(self.scanned.hashes, self.bounds(), runs)
        first: dict[int, int] = {}
        return [
            None if first.setdefault(run, index) == index else first[run]
            for index, run in enumerate(runs.tolist())
        ]

    def mask(self, paragraphs: Iterable[int]) -> Mask:
        """bool[words]: which words stand in these paragraphs."""
        bounds = self.bounds()
        chosen = np.zeros(len(bounds), dtype=np.bool_)
        chosen[list(paragraphs)] = True
        return np.repeat(chosen, bounds[:, 1] - bounds[:, 0])


@dataclass(frozen=True, slots=True)
class Case:
    """The candidates that were aligned, all in one order, and what the index says of the paragraphs' copies.

    ``copies``: for each paragraph that was looked up the documents that hold it, int64[H]. ``gone`` int64[G]:
    candidates that were removed meanwhile, or excluded. ``shingle``: of the index, in words.
    """

    submission: Submission
    options: Options
    documents: list[Document]
    places: dict[Key, int]
    others: Scanned
    aligned: Aligned
    copies: dict[int, Keys]
    gone: Keys
    shingle: int

    def contained(self) -> NDArray[np.float64]:
        """``float64[candidates]``: the share of each one's own words that lie in a passage."""
        return np.asarray(self.aligned.contained / np.maximum(np.diff(self.others.text_words), 1))

    def holders(self, paragraph: int) -> Keys:
        """The documents that hold a paragraph, as far as they count."""
        held = self.copies.get(paragraph, self.gone[:0])
        return held[~np.isin(held, self.gone)] if len(self.gone) else held
