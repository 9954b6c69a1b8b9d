"""WARC: the pages that a crawl brought home, a document each; what is no page is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urlsplit

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from nearcopy.document import MAX_ID_BYTES, Document
from nearcopy.errors import InputError
from worker.archive.block import Block, Reject, reject
from worker.archive.html import article
from worker.archive.mapping import Mapping, reader

PAGES = WarcRecordType.response | WarcRecordType.resource | WarcRecordType.conversion
HTML = frozenset({"text/html", "application/xhtml+xml"})
TORN = "the record ends too early"


def documents(block: Block) -> Iterator[Document | Reject]:
    """The documents of a block: the main text of HTML that was answered with 200, and the texts of WET files.

    Id and url are the page's address, the publisher is who the page says or its host, and the date is what
    the page says or that of the crawl.
    """
    document = reader(Mapping())
    records = ArchiveIterator(BytesIO(block.data()), parse_http=False)
    number = block.first - 1
    while True:
        try:
            record = next(records)
        except (StopIteration, OSError):
            return  # who cut the block saw the damage too, and says so
        number += 1
        url = (record.headers.get("WARC-Target-URI") or "").strip("<>")
        try:
            if fields := _fields(record):
                yield document({**_about(record, url), **fields})
        except InputError as error:
            if not (block.trouble and str(error) == TORN):
                yield reject(f"{block.place(number)} ({url})", error)


def _about(record: WarcRecord, url: str) -> dict[str, object]:
    return {
        "id": url if 0 < len(url.encode()) <= MAX_ID_BYTES else None,
        "url": url or None,
        "publisher": _host(url),
        "published_at": record.headers.get("WARC-Date"),
    }


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _fields(record: WarcRecord) -> dict[str, object] | None:
    """What the page itself gives; None where the record is no page."""
    size, kind = record.content_length, record.record_type
    if not record.headers.get("Content-Length"):
        raise InputError(TORN)
    if not kind & PAGES:
        return None
    body = record.reader.read()
    if len(body) < size:
        raise InputError(TORN)
    if kind == WarcRecordType.conversion:
        return {"text": _utf8(body)}
    if kind == WarcRecordType.resource:
        return article(body) if _media(record.headers.get("Content-Type")) in HTML else None
    return _answered(record, body)


def _answered(record: WarcRecord, body: bytes) -> dict[str, object] | None:
    try:
        record.set_bytes_content(body)
        record.is_http = True  # whatever its header says: it is a response
        record.parse_http(auto_decode="all")
        if record.http_headers.status_code is None:
            raise ValueError("there is no status")
        if record.http_headers.status_code != 200 or _media(record.http_content_type) not in HTML:
            return None
        page = record.reader.read()
    except (OSError, ValueError) as error:
        raise InputError(f"not HTTP that can be read: {error}") from None
    return article(page, record.http_charset)


def _media(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start} of the record") from None
