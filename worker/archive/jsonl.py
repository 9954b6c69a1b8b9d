"""JSON lines: an object a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

from nearcopy.document import parsed_record
from nearcopy.errors import InputError
from worker.archive.block import LONGEST, Block, Reject, Row
from worker.archive.lines import TOO_LONG, pieces
from worker.archive.source import Source
from worker.archive.unpacking import Stream

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def cut(source: Source, stream: Stream, block_bytes: int) -> Iterator[Block]:
    """Blocks of whole lines. What lies plain on disk is read there again by whoever parses it; the rest
    travels in the block."""
    last = Block("jsonl", source.name, 1)
    for piece in pieces(stream, block_bytes):
        block = Block("jsonl", source.name, piece.first, read=stream.position())
        if stream.damage:
            last = replace(block, first=piece.first + (piece.overlong or piece.data.count(b"\n")))
        if piece.overlong:
            yield replace(block, payload=b"", trouble=block.reject(piece.first, TOO_LONG, piece.data))
        elif stream.damage and not piece.data.endswith(b"\n"):
            yield replace(block, payload=piece.data, trouble=_damage(last, stream))
            return
        elif source.plain:
            yield replace(block, path=source.path, start=piece.start, length=len(piece.data))
        else:
            yield replace(block, payload=piece.data)
    if stream.damage:
        yield replace(last, payload=b"", trouble=_damage(last, stream))


def _damage(last: Block, stream: Stream) -> Reject:
    return last.reject(last.first, f"{stream.damage}; what came before was read")


def rows(block: Block) -> Iterator[Row | Reject]:
    """The objects of a block. A line that damage tore is none, unless it is whole."""
    for number, line in enumerate(BytesIO(block.data()), block.first):
        if line.isspace():
            continue
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        try:
            yield Row(number, line, _object(line))
        except InputError as error:
            torn = block.trouble is not None and not line.endswith(b"\n")
            if not torn:
                yield block.reject(number, error, line)


def _object(line: bytes) -> dict[str, object]:
    if len(line) - line.endswith(b"\n") > LONGEST:
        raise InputError(TOO_LONG)
    return parsed_record(line)
