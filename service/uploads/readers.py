"""The processes that read files: a few, kept warm, and replaced where a file broke one."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Literal

from nearcopy.errors import UnknownFile, UnreadableFile
from service.problems import FILES_BUSY, Refused
from service.settings import Settings
from service.uploads.reader import Broken, Reader

Kind = Literal["html"]

WAIT_SECONDS = 2.0
"""How long a file waits for room or a process. Who would wait longer is refused, and asked to come again."""

MOST_LARGE = 8
"""Bodies over the limit of others that are held at once: memory, and uploads can be slow."""


class Readers:
    """Reads files for one process of the service; the limits are its settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._idle: deque[Reader] = deque()
        self._all: set[Reader] = set()
        self._working = BoundedSemaphore(settings.extract_processes)
        self._inside = BoundedSemaphore(max(settings.extract_processes, settings.in_flight))
        self._large = BoundedSemaphore(MOST_LARGE)
        self.close = weakref.finalize(self, _end_all, self._all)

    def start(self) -> None:
        """Have a process ready before the first file comes."""
        self._idle.append(self._started())

    def text(
        self,
        data: bytes,
        field: str = "",
        name: str = "",
        charset: str | None = None,
        kind: Kind | None = None,
    ) -> str:
        """The main text of a file, as `nearcopy.extract.files.extract` has it; ``field`` is where it stood in
        the body. Raises `UnknownFile`, `UnreadableFile`, and `Refused` where too many are being read."""
        most = self.settings.body_limit
        with self.place():
            outcome, words = self._read(data, {"name": name, "charset": charset, "kind": kind, "most": most})
        if outcome == "text":
            return words
        raise (UnknownFile if outcome == UnknownFile.__name__ else UnreadableFile)(words, field)

    @contextmanager
    def place(self) -> Iterator[None]:
        """One file's place at a process. `Refused` where too many wait for one."""
        with _held(self._inside, 0), _held(self._working, WAIT_SECONDS):
            yield

    @contextmanager
    def room(self, size: int | None) -> Iterator[None]:
        """Room for a body of this size, if known. `Refused` where there are too many large ones."""
        if size is not None and size <= self.settings.body_limit:
            yield
        else:
            with _held(self._large, WAIT_SECONDS):
                yield

    def _read(self, data: bytes, asked: dict[str, object]) -> tuple[str, str]:
        reader = self._taken()
        try:
            return reader.read(data, asked, self.settings.extract_seconds)
        except Broken:
            return UnreadableFile.__name__, self._diagnosis(reader)
        finally:
            if reader.spent:
                self._end(reader)
                # At once, so that it is warm when the next file comes
                self.start()
            else:
                self._idle.append(reader)

    def _taken(self) -> Reader:
        try:
            while not (reader := self._idle.pop()).alive():
                self._end(reader)
            return reader
        except IndexError:
            return self._started()

    def _started(self) -> Reader:
        reader = Reader(self.settings.extract_memory)
        self._all.add(reader)
        return reader

    def _end(self, reader: Reader) -> None:
        reader.end()
        self._all.discard(reader)

    def _diagnosis(self, reader: Reader) -> str:
        if reader.timed_out:
            return f"reading it takes more than {self.settings.extract_seconds:g} s: send its text"
        memory = self.settings.extract_memory >> 20
        return f"it breaks what reads it: it is damaged, or takes more than {memory} MB of memory"


def _end_all(readers: set[Reader]) -> None:
    while readers:
        readers.pop().end()


@contextmanager
def _held(places: BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not places.acquire(timeout=seconds):
        raise Refused(FILES_BUSY, "as many files are being read as the service takes at once: try again")
    try:
        yield
    finally:
        places.release()
