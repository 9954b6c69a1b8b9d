"""Archives into blocks, and blocks into documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nearcopy.document import Document
from nearcopy.errors import InputError
from worker.archive import jsonl, pages, table
from worker.archive.block import BLOCK_BYTES, Block, Reject, Row
from worker.archive.mapping import Mapping, reader
from worker.archive.source import Source

# The modules that load pyarrow, fastwarc and resiliparse are imported where an archive needs them:
# together they cost each process 0.3 s and 60 MB.


def blocks(sources: Sequence[Source], *, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The blocks of all sources, numbered from 0: always the same ones for the same archives."""
    number = 0
    for source in sources:
        for block in cut(source, block_bytes):
            yield replace(block, number=number)
            number += 1


def cut(source: Source, block_bytes: int, *, sample: bool = False) -> Iterator[Block]:
    """The blocks of one source, not numbered; of a ``sample`` only those of its beginning, where a pipe
    is left as it is."""
    if source.kind == "pages":
        yield from pages.cut(source, block_bytes)
    elif source.kind == "parquet":
        from worker.archive import parquet

        yield from parquet.cut(source, block_bytes)
    else:
        with source.sample() if sample else source.open() as stream:
            if source.kind == "warc":
                from worker.archive import crawl

                yield from crawl.cut(source, stream, block_bytes)
            else:
                yield from (table if source.kind == "csv" else jsonl).cut(source, stream, block_bytes)


def parse(block: Block, mapping: Mapping) -> Iterator[Document | Reject]:
    """The documents of a block, and what of it cannot be used, in order.

    The mapping counts for JSON lines, CSV and Parquet; pages and WARC name their own fields. Raises `OSError`
    where the block's file has gone, or become shorter since it was cut.
    """
    if block.kind == "pages":
        yield from pages.documents(block)
    elif block.kind == "warc":
        from worker.archive import warc

        yield from warc.documents(block)
    else:
        yield from _mapped(block, mapping)
    if block.trouble is not None:
        yield block.trouble


def _mapped(block: Block, mapping: Mapping) -> Iterator[Document | Reject]:
    document = reader(mapping)
    for row in rows(block):
        if isinstance(row, Reject):
            yield row
        else:
            try:
                yield document(row.fields)
            except InputError as error:
                yield block.reject(row.number, error, row.raw)


def rows(block: Block) -> Iterator[Row | Reject]:
    """The records of a block of JSON lines, CSV or Parquet as they are, before any mapping."""
    if block.kind == "parquet":
        from worker.archive import parquet

        yield from parquet.rows(block)
    else:
        yield from (table if block.kind == "csv" else jsonl).rows(block)
