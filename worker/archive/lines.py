"""Lines of a stream, cut into pieces; memory stays bounded whatever a line's length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from worker.archive.block import LONGEST, SAMPLE_CHARACTERS
from worker.archive.unpacking import CHUNK, Stream

TOO_LONG = f"the line is longer than {LONGEST >> 20} MB"


class Piece(NamedTuple):
    """Whole lines: where they start in the stream, the number of the first, and the bytes; or, where
    ``overlong``, one line that was skipped, of which only the beginning is given."""

    start: int
    first: int
    data: bytes
    overlong: bool = False


def pieces(stream: Stream, piece_bytes: int) -> Iterator[Piece]:
    """Pieces of the fewest lines that have ``piece_bytes``. Only the last may lack its newline."""
    held, size, line = list[bytes](), 0, 0  # of the piece that is read; its last line begins at ``line``
    start, first, chunk = 0, 1, b""
    while chunk := chunk or stream.read(CHUNK):
        at = 0
        while end := chunk.find(b"\n", at + max(piece_bytes - 1 - size, 0)) + 1:
            piece = b"".join([*held, chunk[at:end]])
            yield Piece(start, first, piece)
            start, first, at = start + len(piece), first + newlines(piece), end
            held, size, line = [], 0, 0
        held.append(chunk[at:])
        line = size + last if (last := held[-1].rfind(b"\n") + 1) else line
        size += len(held[-1])
        chunk = b""
        if size - line > LONGEST:
            data, held = b"".join(held), []
            if line:
                yield Piece(start, first, data[:line])
                start, first = start + line, first + newlines(data[:line])
            yield Piece(start, first, data[line : line + 4 * SAMPLE_CHARACTERS], overlong=True)
            length, chunk = _past_the_line(stream)
            start, first = start + size - line + length, first + 1
            size, line = 0, 0
    if size:
        yield Piece(start, first, b"".join(held))


def newlines(data: bytes) -> int:
    """How many there are; ``bytes.count`` looks at one byte after the other."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")))


def _past_the_line(stream: Stream) -> tuple[int, bytes]:
    """Skip to the end of a line: how much was skipped, and what was read after it."""
    skipped = 0
    while chunk := stream.read(CHUNK):
        if end := chunk.find(b"\n") + 1:
            return skipped + end, chunk[end:]
        skipped += len(chunk)
    return skipped, b""
