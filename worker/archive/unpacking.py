"""Files without their compression, which is told by their first bytes and not by their names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

import zstandard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 256 << 10
"""Bytes read at a time."""

PACKED_CHUNK = 16 << 10
"""Compressed bytes handed to zstd at a time: what they unpack to has to fit in memory."""

ZSTD_WINDOW = 1 << 31
"""The largest window: dumps made by ``zstd --long=31`` need it."""

BZIP2 = (b"1AY&SY", b"\x17rE8P\x90")
"""What follows the level in bzip2 data: a block, or the end of an empty file."""


def packing(head: bytes) -> str:
    """``gz``, ``zst``, ``xz``, ``bz2``, or nothing for bytes that are not compressed."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return "zst"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    return "bz2" if head.startswith(b"BZh") and head[4:10] in BZIP2 else ""


class File(Protocol):
    """Of a file, as much as is needed."""

    def read(self, size: int, /) -> bytes: ...
    def tell(self) -> int: ...
    def close(self) -> None: ...


class Stream(io.RawIOBase):
    """The unpacked bytes of a file. Damage ends them as the end of the file does; ``damage`` says why."""

    def __init__(self, file: File, packing: str) -> None:
        super().__init__()
        self.damage = ""
        self._file, self._packing = file, packing
        self._unpacked = _unpacker(file, packing)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        # Without the two copies of what RawIOBase makes of readinto
        return super().read(size) if size < 0 else self._read(size)

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def position(self) -> int:
        """Bytes of the file itself that were read."""
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _read(self, size: int) -> bytes:
        if self.damage:
            return b""
        try:
            return self._unpacked.read1(size)
        except EOFError:
            self.damage = f"the {self._packing} data ends too early"
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError) as error:
            self.damage = f"the {self._packing or 'file'} data is damaged ({error})"
        return b""


class _Reader(Protocol):
    def read1(self, size: int, /) -> bytes:
        """At least a byte and at most ``size``, or none at the end."""


class _Plain:
    def __init__(self, file: File) -> None:
        self._file = file

    def read1(self, size: int, /) -> bytes:
        return self._file.read(size)


class _Zstd:
    """Frame after frame. zstandard's own readers take a truncated file for a whole one; this one does not."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._decoder = _zstd_decoder()
        self._ready = self._packed = b""
        self._amid = False

    def read1(self, size: int, /) -> bytes:
        while not self._ready:
            packed = self._packed or self._file.read(PACKED_CHUNK)
            if not packed:
                if self._amid:
                    raise EOFError
                return b""
            self._ready = self._decoder.decompress(packed)
            self._amid, self._packed = not self._decoder.eof, self._decoder.unused_data
            if self._decoder.eof:
                self._decoder = _zstd_decoder()
        ready, self._ready = self._ready[:size], self._ready[size:]
        return ready


def _zstd_decoder() -> zstandard.ZstdDecompressionObj:
    return zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()


def _unpacker(file: File, packing: str) -> _Reader:
    if packing == "zst":
        return _Zstd(file)
    if not packing:
        return _Plain(file)
    if packing == "gz":
        return gzip.GzipFile(fileobj=cast(BinaryIO, file))
    return (lzma.LZMAFile if packing == "xz" else bz2.BZ2File)(cast(BinaryIO, file))
