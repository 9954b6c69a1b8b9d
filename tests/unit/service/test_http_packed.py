"""Packed bodies: unpacked in pieces, to the limit and no further."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable

import pytest
import zstandard
from flask import Flask
from werkzeug.test import EnvironBuilder

from service.body import blocks, read_bytes
from service.problems import BAD_ENCODING, TOO_LARGE, WRONG_TYPE, Refused

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
MIB = 1 << 20

packing = pytest.mark.parametrize("name", PACKERS)


def sent(body: bytes, name: str, limit: int) -> bytes:
    """What `read_bytes` makes of a body."""
    app = Flask("reads")
    app.config["MAX_CONTENT_LENGTH"] = limit
    headers = {"Content-Encoding": name}
    environ = EnvironBuilder(method="POST", data=body, headers=headers).get_environ()
    with app.test_request_context():
        return read_bytes(app.request_class(environ))


@packing
@pytest.mark.parametrize("size", [0, 1, 3000, MIB])
def test_a_packed_body_is_unpacked(name: str, size: int) -> None:
    body = random.Random(size).randbytes(size // 2).hex().encode()
    assert sent(PACKERS[name](body), name, MIB) == body
    # Streams in a row are one, as `gzip a b` makes them
    assert sent(PACKERS[name](body) + PACKERS[name](b"more"), name, MIB + 4) == body + b"more"


@packing
def test_the_limit_counts_what_is_unpacked(name: str) -> None:
    body = bytes(MIB)
    assert sent(PACKERS[name](body), name, MIB) == body
    for too_large in (PACKERS[name](body + b" "), PACKERS[name](random.Random(1).randbytes(MIB))):
        with pytest.raises(Refused) as refused:
            sent(too_large, name, MIB)
        assert refused.value.problem is TOO_LARGE


@packing
def test_no_piece_of_a_bomb_is_large(name: str) -> None:
    bomb = PACKERS[name](bytes(256 * MIB))
    sizes = [len(part) for part in blocks(io.BytesIO(bomb), name)]
    assert sum(sizes) == 256 * MIB
    assert max(sizes) <= 8 * MIB
    with pytest.raises(Refused) as refused:
        sent(bomb, name, 2 * MIB)
    assert refused.value.problem is TOO_LARGE


@packing
def test_a_broken_body_is_refused_in_words(name: str) -> None:
    packed = PACKERS[name](random.Random(2).randbytes(9000))
    for bad in (packed[:-1], packed[: len(packed) // 2], b"plain", packed + b"rest", b"\x1f"):
        with pytest.raises(Refused) as refused:
            sent(bad, name, MIB)
        assert refused.value.problem is BAD_ENCODING
        assert name in refused.value.detail


def test_a_window_beyond_the_standard_is_refused() -> None:
    far = zstandard.ZstdCompressionParameters(window_log=24)
    packed = zstandard.ZstdCompressor(compression_params=far)
    pieces = packed.compressobj()
    body = pieces.compress(bytes(20 * MIB)) + pieces.flush()
    with pytest.raises(Refused) as refused:
        sent(body, "zstd", MIB)
    assert refused.value.problem is BAD_ENCODING


def test_names_of_packings_are_read_as_http_has_them() -> None:
    assert sent(gzip.compress(b"a"), " GZip ", 100) == sent(gzip.compress(b"a"), "x-gzip", 100) == b"a"
    assert sent(b"a", "identity", 10) == b"a"
    for name in ("br", "deflate", "gzip, gzip"):
        with pytest.raises(Refused) as refused:
            sent(b"a", name, 10)
        assert refused.value.problem is WRONG_TYPE
