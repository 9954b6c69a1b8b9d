"""Where the rows of a CSV file end: csv's own judgement, over bytes, at 130 MB a second."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from worker.archive.block import LONGEST
from worker.archive.unpacking import CHUNK, Stream

DELIMITERS = ",\t;|"
BYTE_ORDER_MARK = "\ufeff".encode().decode("latin-1")
ENDS = ("\n", "\r")

csv.field_size_limit(LONGEST)  # its own default, 128 kB, is less than a long article


class Raw(NamedTuple):
    """A row as it stands in the file, a character a byte: where it starts, its first line, how many it has.

    ``overlong``: it was skipped, and this is its beginning. ``torn``: damage took its end.
    """

    start: int
    line: int
    lines: int
    text: str
    overlong: bool = False
    torn: bool = False


def delimiter(header: str) -> str:
    """The one that the header has most of."""
    return max(DELIMITERS, key=header.count)


class Rows:
    """The rows of a stream, in order, blank ones too; the first is the header."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._text = io.TextIOWrapper(io.BufferedReader(stream, CHUNK), encoding="latin-1", newline="")
        self._offset, self._line = 0, 1
        self._taken: list[str] = []
        self._overlong = False

    def __iter__(self) -> Iterator[Raw]:
        header = self._text.readline(LONGEST + 1)
        self._offset = len(BYTE_ORDER_MARK) if header.startswith(BYTE_ORDER_MARK) else 0
        self._ahead = header[self._offset :]
        separator = delimiter(header)
        rows = csv.reader(self._lines(), delimiter=separator, strict=True)
        while True:
            broken = False
            try:
                next(rows)
            except StopIteration:
                if not self._overlong:
                    return
            except csv.Error:
                broken = True  # whoever parses the row meets the same error, and says so
            if self._overlong:
                yield self._skipped()
                rows = csv.reader(self._lines(), delimiter=separator, strict=True)
            else:
                yield self._row(broken)

    def _lines(self) -> Iterator[str]:
        while line := self._ahead or self._text.readline(LONGEST + 1):
            self._ahead = ""
            self._taken.append(line)
            if len(line) > LONGEST:
                self._overlong = True
                return
            yield line

    def _row(self, broken: bool) -> Raw:
        text = "".join(self._taken)
        torn = bool(self._stream.damage) and (broken or not text.endswith(ENDS))
        row = Raw(self._offset, self._line, len(self._taken), text, torn=torn)
        self._passed(len(text))
        return row

    def _skipped(self) -> Raw:
        """Read to the end of the line that is too long; it takes the row that it belongs to along."""
        length, last = sum(map(len, self._taken)), self._taken[-1]
        beginning = "".join(line[:1000] for line in self._taken)
        row = Raw(self._offset, self._line, len(self._taken), beginning, overlong=True)
        while not last.endswith(ENDS) and (last := self._text.readline(CHUNK)):
            length += len(last)
        self._passed(length)
        return row

    def _passed(self, length: int) -> None:
        self._offset += length
        self._line += len(self._taken)
        self._taken, self._overlong = [], False
