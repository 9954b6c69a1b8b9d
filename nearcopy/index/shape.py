"""How many pages each kind of posting is spread over, in one generation of one partition."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("p", "d", "f", "x")
"""Paragraph bands, document bands, fingerprints, exact paragraphs; documents of a paragraph need no count."""

BUCKET_CAP = 1024
"""Documents or paragraphs a bucket may hold: what stands in thousands costs a lookup 5 kB, not megabytes."""

RECORDS_A_PAGE = 128
"""Base records a page: smaller pages waste more on keys, larger ones are more to send a lookup."""

DELTA_SHARE = 8
"""Base pages a delta page: what is ingested between two rebuilds is a small part of the whole."""

LEAST_DELTA = {"p": 256, "d": 64, "f": 1024, "x": 256}
"""Delta pages beside however few base pages: an archive that begins small must not stay slow."""

FRESH = {"p": 2048, "d": 512, "f": 8192, "x": 2048}
"""Delta pages of a generation that began empty: good for some hundred thousand paragraphs, and no burden for
ten, since a page exists only once something is in it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Base and delta pages of each kind; no base page exists where its count is 0."""

    base: dict[str, int]
    delta: dict[str, int]

    @classmethod
    def fresh(cls) -> Shape:
        """Of a generation that is filled by ingest alone."""
        return cls(dict.fromkeys(KINDS, 0), dict(FRESH))

    @classmethod
    def for_records(cls, paragraphs: int, documents: int, fingerprints: int) -> Shape:
        """Of a generation whose base is written in bulk."""
        records = {"p": paragraphs, "d": documents, "f": fingerprints, "x": paragraphs}
        base = {kind: max(count // RECORDS_A_PAGE, 1) for kind, count in records.items()}
        return cls(base, {kind: max(pages // DELTA_SHARE, LEAST_DELTA[kind]) for kind, pages in base.items()})
