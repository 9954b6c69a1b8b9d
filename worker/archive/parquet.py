"""Parquet: read batch by batch in one process, since a row group may be larger than memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from nearcopy.errors import InputError
from worker.archive.block import Block, Reject, Row
from worker.archive.source import Source

BUFFER = 1 << 20
"""Bytes of a column read ahead. pyarrow's own way reads whole columns of a row group at once."""

MOST_ROWS = 16_384
"""Rows read at a time: what the footer says of bytes is of no use where a dictionary holds them."""


@contextmanager
def opened(source: Source) -> Iterator[Any]:
    """The file with its footer read. Raises `InputError` where that is missing or damaged."""
    with source.seekable() as file:
        try:
            parquet = pq.ParquetFile(
                file, pre_buffer=False, buffer_size=BUFFER, page_checksum_verification=True
            )
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{source.name} is no whole Parquet file: {error}") from None
        yield parquet


def cut(source: Source, block_bytes: int) -> Iterator[Block]:
    """Blocks of whole rows, never across row groups, that travel in Arrow's format; a row group that cannot
    be read is passed over with a reject."""
    with opened(source) as file:
        first, rows = 1, max(file.metadata.num_rows, 1)
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            end = first + group.num_rows
            begun = first
            try:
                for batch in _batches(file, number, group, block_bytes):
                    read = (source.size or 0) * (begun - 1 + batch.num_rows) // rows
                    yield Block("parquet", source.name, begun, payload=_packed(batch), read=read)
                    begun += batch.num_rows
            except (pa.ArrowException, OSError) as error:
                here = Block("parquet", source.name, begun, payload=b"")
                reason = f"rows {begun} to {end - 1} cannot be read: {error}"
                yield Block("parquet", source.name, begun, payload=b"", trouble=here.reject(begun, reason))
            first = end


def _batches(file: Any, number: int, group: Any, block_bytes: int) -> Iterator[Any]:
    row_bytes = max(1, group.total_byte_size // max(1, group.num_rows))
    at_once = min(MOST_ROWS, max(1, block_bytes // row_bytes))
    for batch in file.iter_batches(at_once, row_groups=[number], use_threads=False):
        rows = max(1, block_bytes * batch.num_rows // max(1, batch.nbytes))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _packed(batch: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def rows(block: Block) -> Iterator[Row | Reject]:
    """The records of a block, in values that JSON has."""
    if not block.payload:
        return
    with pa.ipc.open_stream(block.payload) as stream:
        table = stream.read_all()
    for number in range(table.num_rows):
        try:
            (record,) = _readable(table.slice(number, 1)).to_pylist()
            yield Row(block.first + number, record, {name: _json(value) for name, value in record.items()})
        except (pa.ArrowException, ValueError, InputError) as error:
            yield block.reject(block.first + number, error)


def _readable(table: Any) -> Any:
    """Moments in microseconds: Python has no shorter ones."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            target = pa.timestamp("us", column.type.tz)
            table = table.set_column(index, column.name, table.column(index).cast(target, safe=False))
    return table


def _json(value: object) -> object:
    """The same value as JSON would have it: moments as text, bytes as the UTF-8 they are, no NaN."""
    if isinstance(value, dict):
        return {str(name): _json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime | date | time):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Decimal | timedelta) else value
