"""Reading archives: JSON lines, plain or gzip, and folders of texts. A bad record never stops the rest."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nearcopy.document import Document, parsed_record
from nearcopy.errors import InputError

GZIP = b"\x1f\x8b"
"""How gzip data begins, whatever its file is called."""

SUPPORTED = "JSON lines (.jsonl, plain or gzip) and folders of .txt can be added: unpack or convert it first"

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be stored: ``place`` is its file and line."""

    place: str
    reason: str


class Reading:
    """The records of archives, in order. ``total``: their bytes, None for a stream; ``done``: those read."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._inputs = [(name, _texts(Path(name))) for name in names]
        self.total = sum(_size(name, texts) for name, texts in self._inputs) if "-" not in names else None
        self.done = 0

    def __iter__(self) -> Iterator[Document | Rejected]:
        for name, texts in self._inputs:
            yield from self._lines(name) if texts is None else self._folder(Path(name), texts)

    def _folder(self, folder: Path, texts: list[Path]) -> Iterator[Document | Rejected]:
        for path in texts:
            try:
                raw = path.read_bytes()
                self.done += len(raw)
                yield Document.checked(
                    {"id": path.relative_to(folder).as_posix(), "text": raw.decode("utf-8-sig")}
                )
            except UnicodeDecodeError as error:
                yield Rejected(str(path), f"not UTF-8 at byte {error.start}")
            except InputError as error:
                yield Rejected(str(path), str(error))
            except OSError as error:
                yield Rejected(str(path), error.strerror or str(error))

    def _lines(self, name: str) -> Iterator[Document | Rejected]:
        begun, number = self.done, 0
        place = "stdin" if name == "-" else name
        try:
            with _opened(name) as file:
                for number, line in enumerate(_plain(file), 1):
                    if self.total is not None:
                        self.done = begun + file.tell()
                    if number == 1 and _is_no_json_lines(line):
                        yield Rejected(place, f"not JSON lines; {SUPPORTED}")
                        return
                    if line.strip():
                        yield _record(line, f"{place}:{number}", first=number == 1)
        except EOFError:
            yield Rejected(f"{place}:{number + 1}", "the gzip data ends too early; what came before was read")
        except (gzip.BadGzipFile, zlib.error) as error:
            yield Rejected(
                f"{place}:{number + 1}", f"the gzip data is damaged ({error}); what came before was read"
            )
        except OSError as error:
            yield Rejected(place, error.strerror or str(error))


def _opened(name: str) -> io.BufferedReader:
    return open(sys.stdin.fileno() if name == "-" else name, "rb", closefd=name != "-")


def _texts(path: Path) -> list[Path] | None:
    """The texts of a folder, in order, or None for a file."""
    if not path.is_dir():
        return None
    found = sorted(text for text in path.rglob("*.txt") if text.is_file())
    if not found:
        raise InputError(f"there is no .txt file in {path}")
    return found


def _size(name: str, texts: list[Path] | None) -> int:
    return sum(path.stat().st_size for path in ([Path(name)] if texts is None else texts))


def _plain(file: io.BufferedReader) -> Iterable[bytes]:
    """The file's own lines, or those that were packed into it."""
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == GZIP else file


def _is_no_json_lines(first: bytes) -> bool:
    """Whether a file that begins so is of another kind altogether, and no line of it worth a message."""
    begin = first.removeprefix(BYTE_ORDER_MARK).strip()
    return bool(begin) and not begin.startswith(b"{")


def _record(line: bytes, place: str, *, first: bool) -> Document | Rejected:
    try:
        record = parsed_record(line.removeprefix(BYTE_ORDER_MARK) if first else line)
        for name in ("id", "text"):
            if name not in record:
                raise InputError(f"{name} is missing")
        return Document.checked(record)
    except InputError as error:
        return Rejected(place, str(error))
