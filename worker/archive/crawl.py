"""WARC files cut into blocks of whole records, past what is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord

from worker.archive.block import LONGEST, Block
from worker.archive.source import Source
from worker.archive.unpacking import CHUNK, Stream
from worker.archive.warc import PAGES, TORN

HEADER_END = b"\r\n\r\n"
RECORD = b"\nWARC/1."
TOO_LONG = f"the record is larger than {LONGEST >> 20} MB"


def cut(source: Source, stream: Stream, block_bytes: int) -> Iterator[Block]:
    """Blocks of the fewest records that have ``block_bytes``. What lies plain on disk is read there again by
    whoever parses it; the rest travels in the block. Behind a damaged record it goes on with the next."""
    cutter = _Cutter(source, stream, block_bytes)
    while cutter.more:
        yield from cutter.run()


class _Cutter:
    """``number`` counts the records, ``first`` is that of the first one kept."""

    def __init__(self, source: Source, stream: Stream, block_bytes: int) -> None:
        self.more, self.first, self.number = True, 1, 0
        self._source, self._stream, self._block_bytes = source, stream, block_bytes
        self._kept = _Kept(stream)

    def run(self) -> Iterator[Block]:
        """The blocks up to the next damage, or to the end."""
        end = self._kept.tell()
        try:
            for record in ArchiveIterator(cast(BinaryIO, self._kept), parse_http=False):
                self.number += 1
                yield from self._record(record)
                end = self._kept.end_of_record(record)
            self.number += (torn := self._kept.holds_more(end))
            damage = self._stream.damage and f"{self._stream.damage}; what came before was read"
            yield from self._rest(self._kept.tell(), damage or TORN * torn)
            self.more = False
        except OSError as error:
            yield from self._rest(end)
            self.number += 1
            yield self._trouble(f"{error}: the record is passed over")
            self.first = self.number + 1
            self.more = self._kept.seek_past(end + len(HEADER_END), RECORD)

    def _record(self, record: WarcRecord) -> Iterator[Block]:
        start, long = record.stream_pos, record.content_length > LONGEST
        if long or self._kept.skipping or start - self._kept.base >= self._block_bytes:
            yield from self._rest(start)
            self.first = self.number + long
        if long and record.record_type & PAGES:
            yield self._trouble(TOO_LONG)
        self._kept.skipping = long

    def _rest(self, end: int, damage: str = "") -> Iterator[Block]:
        """What was kept, up to an offset, unless it is of a record that is too long."""
        start, data = self._kept.base, self._kept.take(end)
        block = Block("warc", self._source.name, self.first, read=self._stream.position())
        if damage:
            trouble = block.reject(self.number, damage)
            yield replace(block, payload=b"" if self._kept.skipping else data, trouble=trouble)
        elif data and not self._kept.skipping:
            if self._source.plain:
                yield replace(block, path=self._source.path, start=start, length=len(data))
            else:
                yield replace(block, payload=data)

    def _trouble(self, reason: str) -> Block:
        block = Block("warc", self._source.name, self.number, payload=b"", read=self._stream.position())
        return replace(block, trouble=block.reject(self.number, reason))


class _Kept:
    """A stream as fastwarc reads it, and the bytes since the last cut, which begin at ``base``. While
    ``skipping``, only as many are kept as fastwarc may have read ahead."""

    def __init__(self, stream: Stream) -> None:
        self.base, self.skipping = 0, False
        self._stream, self._bytes, self._at = stream, bytearray(), 0

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes."""
        ready = bytes(self._bytes[self._at - self.base : self._at - self.base + size])
        if not ready:
            ready = self._stream.read(size) or b""
            self._bytes += ready
            if self.skipping:
                self._drop(self._at - CHUNK)
        self._at += len(ready)
        return ready

    def tell(self) -> int:
        """Where fastwarc has read to."""
        return self._at

    def take(self, end: int) -> bytes:
        """The bytes up to an offset, which are kept no longer."""
        data = bytes(self._bytes[: max(0, end - self.base)])
        self._drop(end)
        return data

    def end_of_record(self, record: WarcRecord) -> int:
        """Where the record's content should end; as far as was read, where its header has no end."""
        header = self._bytes.find(HEADER_END, max(0, record.stream_pos - self.base))
        if header < 0:
            return self._at
        return self.base + header + len(HEADER_END) + record.content_length

    def holds_more(self, end: int) -> bool:
        """Whether something stands behind an offset: a record too short for fastwarc to see."""
        return bool(self._bytes[max(0, end - self.base) :].strip())

    def seek_past(self, start: int, mark: bytes) -> bool:
        """Go on with the second byte of the next mark after an offset; False where there is none."""
        self._drop(start + 1)
        while (found := self._bytes.find(mark)) < 0:
            self._drop(self.base + len(self._bytes) - len(mark))
            if not (chunk := self._stream.read(CHUNK)):
                return False
            self._bytes += chunk
        self._drop(self.base + found + 1)
        self._at, self.skipping = self.base, False
        return True

    def _drop(self, end: int) -> None:
        if end > self.base:
            del self._bytes[: end - self.base]
            self.base = end
