"""Conditional requests (RFC 9110, 13): a document's ETag, and what a request says of it."""

from __future__ import annotations

from flask import Request

from nearcopy.document import Document
from nearcopy.index.writing import Condition

MATCH, NONE_MATCH = "If-Match", "If-None-Match"


def etag(digest: bytes) -> dict[str, str]:
    """The header with the ETag of a content."""
    return {"ETag": f'"{digest.hex()}"'}


def is_known(request: Request, digest: bytes) -> bool:
    """Whether whoever asks to read has that content already."""
    return NONE_MATCH in request.headers and request.if_none_match.contains_weak(digest.hex())


def condition_of(request: Request) -> Condition | None:
    """What must hold of the document that a request writes to; None where it says nothing.

    A header that cannot be read names no content: nothing is then written under ``If-Match``.
    """
    match = request.if_match if MATCH in request.headers else None
    none_match = request.if_none_match if NONE_MATCH in request.headers else None
    if match is None and none_match is None:
        return None

    def holds(stored: tuple[Document, bytes] | None) -> bool:
        if stored is None:
            return match is None
        tag = stored[1].hex()
        return (match is None or match.contains(tag)) and not (none_match and none_match.contains_weak(tag))

    return holds
