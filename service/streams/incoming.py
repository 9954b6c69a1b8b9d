"""The lines of a body that is still coming, in groups.

What granian gives an application to read from (measured with 2.8.7): ``read(n)`` returns only once n bytes
are there or the body is over; ``readline`` waits for more even where a line is there, and takes no bound;
``read(1)`` costs 0.2 µs. So

- a body of unknown length, such as a live feed, is read byte by byte: whoever waits for answers before he
  sends more gets them;
- a body whose length was announced is read in blocks of `BLOCK` bytes, and a packed one in those of
  `service.body.PACKINGS`: the lines at the end of what has come wait until a block is full.

What is read ahead is one group; beyond that the sender has to wait. A client that goes away ends the body.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from flask import Request, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from service.body import blocks, packing_of
from service.problems import BAD_REQUEST, TOO_SLOW, Refused

BLOCK = 1 << 14

GROUP_LINES = 32
GROUP_BYTES = 256 * 1024
"""What is worked on at once, at most: enough to share signing and round trips, and soon answered."""

SILENCE = "SILENCE"
"""What an application's configuration calls the seconds after which a silent connection is closed."""

PAUSE_SECONDS = 0.02
"""After so long without another line a group is worked on as it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the body, from 1, without its newline."""

    number: int
    raw: bytes


class Incoming:
    """Reads the body of a request on a thread of its own. Of a line longer than ``limit`` bytes one more than
    that is kept."""

    def __init__(self, request: Request, limit: int) -> None:
        self._raw = _lines_of(request, limit)
        self._changed = threading.Condition()
        self._lines: list[Line] = []
        self._bytes = 0
        self._last = 0.0
        self._over = False
        self._failure: Exception | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def groups(self) -> Iterator[list[Line]]:
        """The lines, as they come. A group is closed by lines, by bytes, or by a pause. Raises `Refused`
        after the last good line of a body that cannot be unpacked, ends early, or was silent for too long."""
        while group := self._group():
            yield group
        if self._failure is not None:
            raise self._failure

    def end(self, failure: Exception) -> None:
        """Read no further, and have `groups` raise that after what has come."""
        self._failure = self._failure or failure
        self.close()

    def close(self) -> None:
        """Read no further. The thread ends with the connection."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _group(self) -> list[Line]:
        with self._changed:
            while not (self._over or self._full() or self._paused()):
                self._changed.wait(PAUSE_SECONDS if self._lines else None)
            group, self._lines, self._bytes = self._lines, [], 0
            self._changed.notify_all()
            return group

    def _full(self) -> bool:
        return len(self._lines) >= GROUP_LINES or self._bytes >= GROUP_BYTES

    def _paused(self) -> bool:
        return bool(self._lines) and time.monotonic() - self._last >= PAUSE_SECONDS

    def _read(self) -> None:
        try:
            for number, raw in enumerate(self._raw, 1):
                if not self._put(Line(number, raw)):
                    break
        except (Refused, HTTPException) as failure:
            self._failure = failure
        finally:
            self.close()

    def _put(self, line: Line) -> bool:
        """Whether more is wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or not self._full())
            if self._over:
                return False
            self._lines.append(line)
            self._bytes += len(line.raw)
            self._last = time.monotonic()
            if len(self._lines) == 1 or self._full():
                self._changed.notify_all()
            return True


def _lines_of(request: Request, limit: int) -> Iterator[bytes]:
    packing, stream = packing_of(request), get_input_stream(request.environ)
    hung_up = _Silence(current_app.config.get(SILENCE, math.inf))
    if packing:
        return _split(_told_of_silence(blocks(stream, packing), hung_up), limit)
    if request.content_length is not None:
        parts = _whole(iter(lambda: stream.read(BLOCK), b""), request.content_length)
        return _split(_told_of_silence(parts, hung_up), limit)
    return _byte_by_byte(stream, limit, hung_up)


class _Silence:
    """Tells the end of a body from a connection that was closed for its silence (`service.limits.slow`):
    the server shows both alike, and what came until then may look whole."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.broken()

    def broken(self) -> None:
        """Something came."""
        self._since = time.monotonic()

    def check(self) -> None:
        """Raise `Refused` where nothing came for so long that the connection was closed."""
        if time.monotonic() - self._since > self._seconds:
            detail = f"nothing came for {self._seconds:g} seconds: go on with the line that `from` names"
            raise Refused(TOO_SLOW, detail)


def _told_of_silence(parts: Iterator[bytes], silence: _Silence) -> Iterator[bytes]:
    for part in parts:
        silence.broken()
        yield part
    silence.check()


def _whole(parts: Iterator[bytes], announced: int) -> Iterator[bytes]:
    came = 0
    for part in parts:
        came += len(part)
        yield part
    if came < announced:
        raise Refused(BAD_REQUEST, f"the body ended after {came} of {announced} bytes: send it whole")


def _split(parts: Iterable[bytes], limit: int) -> Iterator[bytes]:
    rest = bytearray()
    for part in parts:
        first, *more = part.split(b"\n")
        rest += first[: limit + 1 - len(rest)]
        for line in more:
            yield bytes(rest)
            rest = bytearray(line[: limit + 1])
    if rest:
        yield bytes(rest)


def _byte_by_byte(stream: IO[bytes], limit: int, silence: _Silence) -> Iterator[bytes]:
    rest = bytearray()
    while byte := stream.read(1):
        if byte == b"\n":
            yield bytes(rest)
            rest.clear()
            # Once a line: that costs nothing, and nothing is answered in the middle of one
            silence.broken()
        elif len(rest) <= limit:
            rest += byte
    silence.check()
    if rest:
        yield bytes(rest)
