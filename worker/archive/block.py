"""A block: the unit of work that is handed to another process. And a reject: what could not be used of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

BLOCK_BYTES = 4 << 20
"""Of text a block, by default: some hundred milliseconds of signing, and little to do again after a kill."""

LONGEST = 64 << 20
"""Bytes of the longest line, row or record that is read: no article is longer, and memory stays bounded."""

SAMPLE_CHARACTERS = 200

_PLACES = {"parquet": " row ", "warc": " record "}


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be used: where it stands, why, and its first 200 characters."""

    place: str
    reason: str
    sample: str = ""


class Row(NamedTuple):
    """A record before its fields are mapped: its number, what it was read from, and its fields."""

    number: int
    raw: object
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Some records of one source.

    - ``number``: counts the blocks of all sources from 0
    - ``kind``: jsonl, csv, parquet, warc or pages
    - ``source``: its name, as it was given, for places
    - ``first``: the line, row or record number of the first record, from 1
    - ``payload``: the bytes themselves; None where ``length`` bytes from ``start`` of ``path`` are to be
      read, or the ``files`` in the folder ``path``
    - ``header``: of CSV, the lines with the names of the columns
    - ``trouble``: what the source could not give, after these records
    - ``read``: bytes of the source, as it lies on disk, that were read up to here
    """

    kind: str
    source: str
    first: int
    number: int = -1
    payload: bytes | None = None
    path: str = ""
    start: int = 0
    length: int = 0
    files: tuple[str, ...] = ()
    header: bytes = b""
    trouble: Reject | None = None
    read: int = 0

    def data(self) -> bytes:
        """The bytes of the block. Raises `OSError` where its file is gone, or shorter than it was."""
        if self.payload is not None:
            return self.payload
        with open(self.path, "rb") as file:
            file.seek(self.start)
            data = file.read(self.length)
        if len(data) < self.length:
            raise OSError(f"{self.path} has become shorter while it was read")
        return data

    def place(self, number: int) -> str:
        """How a person finds a record: ``a.jsonl:17``, ``a.parquet row 17``, ``a.warc record 17``."""
        return f"{self.source}{_PLACES.get(self.kind, ':')}{number}"

    def reject(self, number: int, reason: object, raw: object = "") -> Reject:
        """The record of that number cannot be used."""
        return reject(self.place(number), reason, raw)


def reject(place: str, reason: object, raw: object = "") -> Reject:
    """A reject whose every string can be written as UTF-8, whatever the record held."""
    if isinstance(raw, bytes):
        raw = raw[: 4 * SAMPLE_CHARACTERS].removesuffix(b"\n").decode(errors="backslashreplace")
    elif isinstance(raw, list):
        raw = ",".join(raw)
    return Reject(_writable(place), _writable(str(reason)), _writable(str(raw)[:SAMPLE_CHARACTERS]))


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
