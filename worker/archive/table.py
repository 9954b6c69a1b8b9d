"""CSV and TSV: a header, then a record a row. A quoted field may hold newlines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace

from worker.archive.block import Block, Reject, Row
from worker.archive.lines import TOO_LONG
from worker.archive.rows import Raw, Rows, delimiter
from worker.archive.source import Source
from worker.archive.unpacking import Stream


def cut(source: Source, stream: Stream, block_bytes: int) -> Iterator[Block]:
    """Blocks of whole rows, each the fewest that have ``block_bytes``. What lies plain on disk is read there
    again by whoever parses it; the rest travels in the block."""
    lines = Rows(stream)  # kept until the end: it closes the stream when it goes
    rows = iter(lines)
    header = next(rows, Raw(0, 1, 0, ""))
    empty = Block("csv", source.name, header.line, payload=b"", header=header.text.encode("latin-1"))
    if header.overlong:
        yield replace(empty, trouble=empty.reject(1, TOO_LONG, header.text))
        return
    held, size, last = list[Raw](), 0, header
    for last in rows:
        if not (last.overlong or last.torn):
            held.append(last)
            size += len(last.text)
        if held and (size >= block_bytes or last.overlong):
            yield replace(_block(source, empty, held), read=stream.position())
            held, size = [], 0
        if last.overlong:
            yield replace(empty, first=last.line, trouble=empty.reject(last.line, TOO_LONG, last.text))
    if held:
        yield replace(_block(source, empty, held), read=stream.position())
    if stream.damage:
        reason = f"{stream.damage}; what came before was read"
        number = last.line if last.torn else last.line + last.lines
        yield replace(empty, first=number, trouble=empty.reject(number, reason))


def _block(source: Source, empty: Block, held: list[Raw]) -> Block:
    length = sum(len(row.text) for row in held)
    if source.plain:
        where = replace(empty, payload=None, path=source.path, start=held[0].start, length=length)
    else:
        where = replace(empty, payload="".join(row.text for row in held).encode("latin-1"))
    return replace(where, first=held[0].line)


def rows(block: Block) -> Iterator[Row | Reject]:
    """The records of a block; empty cells are left out."""
    text, whole = _decoded(block.data())
    header = block.header.decode(errors="replace")
    columns = _columns(header)
    parsed = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(header), strict=True)
    lines: list[str] = []
    while True:
        begun = parsed.line_num
        try:
            row = next(parsed)
        except StopIteration:
            return
        except csv.Error as error:
            lines = lines or list(io.StringIO(text, newline=""))
            raw = "".join(lines[begun : parsed.line_num])
            yield block.reject(block.first + begun, f"not CSV: {error}", raw)
            continue
        if reason := _unusable(row, columns, whole):
            yield block.reject(block.first + begun, reason, ",".join(row))
        elif row:
            cells = {name: cell for name, cell in zip(columns, row, strict=True) if cell}
            yield Row(block.first + begun, row, cells)


def _decoded(data: bytes) -> tuple[str, bool]:
    """The text, and whether all of it is UTF-8; what is not is there as surrogates."""
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        return data.decode(errors="surrogateescape"), False


def _columns(header: str) -> list[str]:
    names = next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter(header)), [])
    return [name.strip() or f"column {number}" for number, name in enumerate(names, 1)]


def _unusable(row: list[str], columns: list[str], whole: bool) -> str:
    if not whole and any(not cell.isascii() and _escaped(cell) for cell in row):
        return "not UTF-8"
    if row and len(row) != len(columns):
        return f"{len(row)} fields where the header has {len(columns)}"
    return ""


def _escaped(cell: str) -> bool:
    return any("\udc80" <= character <= "\udcff" for character in cell)
