"""Archives of every kind made from the same records, and their reading."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from nearcopy.document import Document
from worker.archive import Reject, blocks, guess, parse, sources

Result = Document | Reject

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
}

RECORDS: list[dict[str, Any]] = [
    {"id": "a/1", "text": "One paragraph.\n\nAnd \"another\", with a comma.", "title": "First", "lang": "en"},
    {"id": "b", "text": "Zeile\r\nUmbruch\u2028und Trenner\u0085hier", "publisher": "Blatt", "lang": "de"},
    {"id": "c", "text": "日本語の記事" * 40, "url": "https://news.example/c", "published_at": "2026-11-24"},
    {"id": "d", "text": "\ttabs; and | bars, \"\" and '", "published_at": "2026-11-24T10:00:00Z"},
    {"id": "e", "text": "e\u0301 😀 " + "long " * 400, "title": "Last, but \"quoted\""},
]
COLUMNS = ["id", "text", "title", "publisher", "url", "published_at", "lang"]


def jsonl(records: Sequence[Any]) -> bytes:
    """A line a record."""
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def table(records: Sequence[dict[str, Any]], delimiter: str = ",") -> bytes:
    """CSV of the columns."""
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, COLUMNS, delimiter=delimiter)
    rows.writeheader()
    rows.writerows(records)
    return out.getvalue().encode()


def parquet(records: Sequence[dict[str, Any]], **options: Any) -> bytes:
    """Parquet of the columns, two rows a group."""
    sink = io.BytesIO()
    rows = [{name: record.get(name) for name in COLUMNS} for record in records]
    pq.write_table(pa.Table.from_pylist(rows), sink, **{"row_group_size": 2, **options})
    return sink.getvalue()


def web(
    url: str, body: bytes, *, status: str = "200 OK", kind: str = "response", headers: str = "",
    content: str = "text/html; charset=utf-8",
) -> bytes:
    """A record of a WARC file."""
    answer = f"HTTP/1.1 {status}\r\nContent-Type: {content}\r\n{headers}\r\n".encode() + body
    media = "application/http; msgtype=response"
    if kind != "response":
        answer, media = body, "text/html" if kind == "resource" else "text/plain"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-11-24T10:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{len(url):012}>\r\n"
        f"Content-Type: {media}\r\nContent-Length: {len(answer)}\r\n\r\n"
    )
    return head.encode() + answer + b"\r\n\r\n"


def page(number: int) -> bytes:
    """A small web page."""
    return (
        f"<html><head><title>Page {number}</title></head><body><article><p>Paragraph one of page {number}, "
        f"grün.</p><p>{'Another paragraph. ' * number}</p></article></body></html>"
    ).encode()


def crawl(pages: int) -> bytes:
    """A WARC file of some pages."""
    return b"".join(web(f"https://news.example/{number}", page(number)) for number in range(1, pages + 1))


MAKERS: dict[str, Callable[[Sequence[dict[str, Any]]], bytes]] = {
    ".jsonl": jsonl, ".csv": table, ".tsv": lambda records: table(records, "\t"), ".parquet": parquet,
}


def written(folder: Path, name: str, data: bytes) -> str:
    """A file of some bytes; its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def read(*paths: str, block_bytes: int = 4 << 20, stdin: bytes | None = None, **given: str) -> list[Result]:
    """Everything that archives give, in order."""
    found = sources(paths, None if stdin is None else io.BytesIO(stdin))
    mapping = guess(found, given)
    return [result for block in blocks(found, block_bytes=block_bytes) for result in parse(block, mapping)]


def documents(results: Sequence[Result]) -> list[Document]:
    """The documents among results."""
    return [result for result in results if isinstance(result, Document)]


def rejects(results: Sequence[Result]) -> list[Reject]:
    """The rejects among results."""
    return [result for result in results if isinstance(result, Reject)]


def expected() -> list[Document]:
    """The documents that the records are."""
    return [Document.checked(record) for record in RECORDS]


def without_nulls(found: Sequence[Document]) -> list[Document]:
    """Documents without free fields that are null, as Parquet has them for what a record lacks."""
    return [
        Document.checked({**document.to_dict(), "fields": {k: v for k, v in document.fields.items() if v}})
        for document in found
    ]


