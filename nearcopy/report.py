"""What a check answers: plain data, named as in the HTTP contract.

Offsets are Unicode code points, end exclusive: ``start``/``end`` in the submission,
``source_start``/``source_end`` in the stored document. Shares are between 0 and 1.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["copy", "partial", "unique"]
Status = Literal["matched", "repeat", "common", "short", "unique"]


@dataclass(frozen=True, slots=True)
class Passage:
    """An aligned run of words. ``words`` are the submission's, ``similarity`` is equal words over the longer
    side's."""

    start: int
    end: int
    source_start: int
    source_end: int
    words: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Source:
    """A stored document that shares a verified passage with the submission."""

    document: str
    title: str | None
    publisher: str | None
    url: str | None
    published_at: str | None
    containment: float
    contained: float
    resemblance: float
    matched_words: int
    earliest: bool
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A paragraph of a source that a paragraph of the submission resembles or lies in."""

    document: str
    start: int
    end: int
    resemblance: float
    containment: float


@dataclass(frozen=True, slots=True)
class ParagraphReport:
    """One paragraph of the submission. ``documents``: how many stored documents hold this very paragraph."""

    index: int
    start: int
    end: int
    words: int
    status: Status
    repeats: int | None
    documents: int
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Detection:
    """What the nets promise: a unit at ``threshold`` is found with ``probability``, a verbatim run of
    ``verbatim_words`` words always."""

    threshold: float
    probability: float
    bands: int
    rows: int
    shingle: str
    verbatim_words: int


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to a check. ``bounded`` is true where a bucket was full, so that more documents exist
    than could be candidates."""

    verdict: Verdict
    words: int
    coverage: float
    candidates: int
    verified: int
    sources_found: int
    bounded: bool
    sources: tuple[Source, ...]
    paragraphs: tuple[ParagraphReport, ...]
    detection: Detection
    generation: str
    took_ms: float

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready dicts and lists."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts against each other: A is the submission's side of ``passages``, B the source's."""

    words_a: int
    words_b: int
    resemblance: float
    containment_a: float
    containment_b: float
    matched_words_a: int
    matched_words_b: int
    passages: tuple[Passage, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON-ready dicts and lists."""
        return asdict(self)
