"""Texts made by number: equal numbers give equal paragraphs, others share no run of words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

from nearcopy.archive import Archive
from nearcopy.document import Document


@cache
def paragraph(number: int, words: int = 12) -> str:
    """A paragraph long enough for every net."""
    draw = random.Random(number)
    return " ".join("".join(draw.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(words))


def document(id: str, numbers: Sequence[int], **metadata: str) -> Document:
    """A document of those paragraphs."""
    return Document(id, "\n\n".join(paragraph(number) for number in numbers), **metadata)


def holders(archive: Archive, number: int) -> set[str]:
    """The documents that a check of that paragraph alone reports."""
    return {source.document for source in archive.check(paragraph(number), limit=1000).sources}


def copies(archive: Archive, number: int) -> int:
    """How many documents the index says hold that paragraph."""
    return archive.check(paragraph(number)).paragraphs[0].documents
