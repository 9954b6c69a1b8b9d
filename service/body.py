"""The bytes of a request's body: unpacked, read up to the limit, and what is left of them cleared away."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import zstandard
from flask import Request, Response, g, request

from service.limits.arriving import Arriving
from service.problems import BAD_ENCODING, TOO_LARGE, WRONG_TYPE, Refused

BLOCK = 1 << 16
"""Bytes read at once."""

MOST_WINDOW = 8 << 20
"""Bytes that a zstd body may look back: what RFC 9659 allows."""

PACKINGS: dict[str, tuple[int, Callable[[], Any]]] = {
    "gzip": (1 << 12, lambda: zlib.decompressobj(16 + zlib.MAX_WBITS)),
    "zstd": (1 << 8, lambda: zstandard.ZstdDecompressor(max_window_size=MOST_WINDOW).decompressobj()),
}
"""How bodies may be packed, and how many bytes are unpacked at once: none makes more than 8 MiB of those."""

MOST_DRAINED = 32 << 20
"""Bytes of an unwanted body that are read and thrown away. Whoever sends more may miss the answer."""


def read_bytes(request: Request, setting: str = "BODY_LIMIT") -> bytes:
    """The whole body, unpacked. Refuses one over the limit, with Content-Length or chunked, packed or not;
    ``setting`` is what bounds it.

    Flask's own limit cuts a chunked body off at the limit without a word, so it is not used.
    """
    limit = request.max_content_length or 0
    packing = packing_of(request)
    if (request.content_length or 0) > limit:
        raise _too_large(limit, setting)
    parts, size = [], 0
    for part in blocks(Arriving(request), packing):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise _too_large(limit, setting)
    return b"".join(parts)


def packing_of(request: Request) -> str:
    """How the body is packed; "" where it is not. Refuses what is not unpacked here."""
    name = request.headers.get("Content-Encoding", "").strip().lower()
    name = {"identity": "", "x-gzip": "gzip"}.get(name, name)
    if name and name not in PACKINGS:
        raise Refused(WRONG_TYPE, f"send Content-Encoding: {' or '.join(PACKINGS)}, or none, not {name}")
    return name


def blocks(stream: Arriving | IO[bytes], packing: str) -> Iterator[bytes]:
    """The body in blocks, unpacked. Refuses one that is broken, or ends in the middle.

    Nothing is unpacked ahead: whoever stops asking is not sent the rest of a bomb.
    """
    if not packing:
        yield from iter(lambda: stream.read(BLOCK), b"")
        return
    step, opened = PACKINGS[packing]
    left: bytes = b""
    unpacker = None
    while part := left or stream.read(step):
        unpacker = unpacker or opened()
        try:
            yield unpacker.decompress(part)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Refused(BAD_ENCODING, f"the body is not {packing}: {error}") from None
        # Several packed streams in a row are one
        left = unpacker.unused_data if unpacker.eof else b""
        unpacker = None if unpacker.eof else unpacker
    if unpacker is not None:
        raise Refused(BAD_ENCODING, f"the body ends in the middle of its {packing} stream: send it whole")


def drain(response: Response) -> Response:
    """Read what is left of the body before answering.

    A client that is still sending would find its connection reset, and the answer gone with it. An answer
    that is a stream reads the body itself, and where too many bodies are on their way no more is read.
    """
    if response.is_streamed or g.get("leave_body"):
        return response
    stream = request.environ["wsgi.input"]
    waits = request.headers.get("Expect", "").lower() == "100-continue"
    if request.environ.get("wsgi.input_terminated") and not waits:
        left = 0 if (request.content_length or 0) > MOST_DRAINED else MOST_DRAINED
        while left > 0 and (part := stream.read(BLOCK)):
            left -= len(part)
    return response


def _too_large(limit: int, setting: str) -> Refused:
    return Refused(TOO_LARGE, f"send at most {limit} bytes, or raise NEARCOPY_{setting}")
