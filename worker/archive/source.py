"""What is to be read: files, folders, pipes and standard input, checked before anything starts."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import IO, BinaryIO

from nearcopy.errors import InputError
from worker.archive.kinds import SUPPORTED, kind_by_name, kind_of
from worker.archive.unpacking import CHUNK, Stream, packing

HEAD_BYTES = 1 << 20
"""Looked at to tell a source's kind and to guess its fields."""


class Source:
    """One archive: ``name`` for people, ``path`` (absolute; none for a pipe), ``kind`` and ``packing``."""

    def __init__(self, name: str, path: str, kind: str = "", pipe: BinaryIO | None = None) -> None:
        self.name, self.path, self.kind, self.packing = name, path, kind, ""
        self._pipe = None if pipe is None else Peeked(pipe)
        self._spool: IO[bytes] | None = None
        if not kind:
            self.packing = packing(self._head())
            with self.sample() as stream:
                self.kind = kind_of(name, stream.read(CHUNK) or b"")

    @property
    def plain(self) -> bool:
        """Whether any process can read the bytes where they lie."""
        return bool(self.path) and not self.packing

    @property
    def size(self) -> int | None:
        """Bytes on disk; None where nobody knows."""
        if not self.path:
            return None
        if not os.path.isdir(self.path):
            return os.path.getsize(self.path)
        return sum(os.path.getsize(os.path.join(self.path, file)) for file in pages_in(self.path))

    def open(self) -> Stream:
        """The unpacked bytes from the beginning. A pipe can be opened once."""
        return Stream(self._pipe or open(self.path, "rb"), self.packing)

    def sample(self) -> Stream:
        """The beginning of the unpacked bytes; a pipe still has them afterwards."""
        return Stream(BytesIO(self._head()), self.packing)

    def seekable(self) -> BinaryIO:
        """The unpacked bytes as a file to seek in: the file itself, or a temporary one."""
        if self.plain:
            return open(self.path, "rb")
        if self._spool is None:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - it goes when the source does
            weakref.finalize(self, self._spool.close)
            with self.open() as stream:
                shutil.copyfileobj(stream, self._spool, CHUNK)
            self._spool.flush()
        self._spool.seek(0)
        return open(os.dup(self._spool.fileno()), "rb")

    def _head(self) -> bytes:
        if self._pipe is not None:
            return self._pipe.head
        with open(self.path, "rb") as file:
            return file.read(HEAD_BYTES)


class Peeked:
    """A pipe whose beginning was looked at."""

    def __init__(self, pipe: BinaryIO) -> None:
        self.head = pipe.read(HEAD_BYTES)
        self._pipe, self._position = pipe, 0

    def read(self, size: int) -> bytes:
        """The next bytes."""
        data = self.head[self._position : self._position + size] or self._pipe.read(size)
        self._position += len(data)
        return data

    def tell(self) -> int:
        """Bytes read."""
        return self._position

    def close(self) -> None:
        """Close a named pipe; standard input is not ours."""
        if self._pipe is not sys.stdin.buffer:
            self._pipe.close()


def sources(paths: Sequence[str], stdin: BinaryIO | None = None) -> list[Source]:
    """The archives at some paths; ``-`` is standard input. Those in a folder follow its .txt and .html files.

    Raises `InputError` where one is missing, unreadable, or of a kind that is not read.
    """
    if list(paths).count("-") > 1:
        raise InputError("standard input can be read once: give one -")
    found: list[Source] = []
    for path in paths:
        try:
            found += [Source("stdin", "", pipe=stdin or sys.stdin.buffer)] if path == "-" else _at(path)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from None
    for source in found:
        if source.kind == "parquet":
            _check_footer(source)
    return found


def _check_footer(source: Source) -> None:
    from worker.archive.parquet import opened  # loads pyarrow, which other kinds need not

    with opened(source):
        pass


def _at(path: str) -> list[Source]:
    if os.path.isdir(path):
        return _in_folder(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        return [Source(path, "", pipe=open(path, "rb"))]
    return [Source(path, os.path.abspath(path))]


def _in_folder(folder: str) -> list[Source]:
    kinds = [(file, kind) for file in walk(folder) if (kind := kind_by_name(file))]
    if not kinds:
        raise InputError(f"there is nothing to read in {folder}. {SUPPORTED}")
    found = [Source(folder, os.path.abspath(folder), "pages")] if any(k == "pages" for _, k in kinds) else []
    archives = [os.path.join(folder, file) for file, kind in kinds if kind != "pages"]
    return found + [Source(path, os.path.abspath(path)) for path in archives]


def walk(folder: str) -> Iterator[str]:
    """The files under a folder, from it, in a fixed order; hidden ones are left out."""
    for path, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(path, name), folder)


def pages_in(folder: str) -> Iterator[str]:
    """The .txt and .html files under a folder, from it, in a fixed order."""
    return (file for file in walk(folder) if kind_by_name(file) == "pages")


def _unreadable(error: OSError) -> None:
    raise error
