"""The bytes of a request's body: read up to the limit, and what is left of them cleared away."""

from __future__ import annotations

from flask import Request, Response, request
from werkzeug.wsgi import get_input_stream

from service.problems import TOO_LARGE, Refused

BLOCK = 1 << 16
"""Bytes read at once."""

MOST_DRAINED = 32 << 20
"""Bytes of an unwanted body that are read and thrown away. Whoever sends more may miss the answer."""


def read_bytes(request: Request, setting: str = "BODY_LIMIT") -> bytes:
    """The whole body. Refuses one over the limit, with Content-Length or chunked; ``setting`` made the limit.

    Flask's own limit cuts a chunked body off at the limit without a word, so it is not used.
    """
    limit = request.max_content_length or 0
    if (request.content_length or 0) > limit:
        raise _too_large(limit, setting)
    stream = get_input_stream(request.environ)
    parts, size = [], 0
    while part := stream.read(BLOCK):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_large(limit, setting)
    return b"".join(parts)


def drain(response: Response) -> Response:
    """Read what is left of the body before answering.

    A client that is still sending would find its connection reset, and the answer gone with it.
    """
    stream = request.environ["wsgi.input"]
    waits = request.headers.get("Expect", "").lower() == "100-continue"
    if request.environ.get("wsgi.input_terminated") and not waits:
        left = 0 if (request.content_length or 0) > MOST_DRAINED else MOST_DRAINED
        while left > 0 and (part := stream.read(BLOCK)):
            left -= len(part)
    return response


def _too_large(limit: int, setting: str) -> Refused:
    return Refused(TOO_LARGE, f"send at most {limit} bytes, or raise NEARCOPY_{setting}")
