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
    held, start, first, searched = bytearray(), 0, 1, 0
    while chunk := stream.read(CHUNK):
        held += chunk
        while end := held.find(b"\n", max(searched, piece_bytes - 1)) + 1:
            piece, held = bytes(memoryview(held)[:end]), held[end:]
            yield Piece(start, first, piece)
            start, first, searched = start + end, first + newlines(piece), 0
        searched = len(held)
        if searched > LONGEST and searched - (line := held.rfind(b"\n") + 1) > LONGEST:
            if line:
                yield Piece(start, first, bytes(held[:line]))
                start, first = start + line, first + newlines(held[:line])
            yield Piece(start, first, bytes(held[line : line + 4 * SAMPLE_CHARACTERS]), overlong=True)
            length, held = _past_the_line(stream, held[line:])
            start, first, searched = start + length, first + 1, 0
    if held:
        yield Piece(start, first, bytes(held))


def newlines(data: bytes | bytearray) -> int:
    """How many there are; ``bytes.count`` takes ten times as long."""
    return int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")))


def _past_the_line(stream: Stream, held: bytearray) -> tuple[int, bytearray]:
    """Skip to the end of a line: its length, and what was read after it."""
    length = 0
    while held and not (end := held.find(b"\n") + 1):
        length += len(held)
        held = bytearray(stream.read(CHUNK) or b"")
    return (length + end, held[end:]) if held else (length, held)
