"""A process that reads files, as the service sees it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Any

import service

TOP = str(Path(service.__file__).parents[1])

START_SECONDS = 60
"""It needs 0.2 s; on a machine with much else to do more."""

MOST_READ = 500
"""Files that one process reads: whatever its libraries leak is gone with it."""

LONGEST_HEAD = 200
"""Bytes of the line before an answer."""


class Broken(Exception):
    """The process ended in the middle of a file, or answered what it never would."""


class Reader:
    """One process, which is given one file at a time and is of no use after `Broken`."""

    def __init__(self, memory: int) -> None:
        # Nothing of the service's environment, which may hold a password of Redis, and no module from the
        # directory that the service happens to be started in
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "service.uploads.child", str(memory)],
            env={"PYTHONPATH": TOP, "PATH": os.environ.get("PATH", "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._ready = self.timed_out = self.spent = False
        self._files = 0

    @property
    def pid(self) -> int:
        """The process's."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it can be given a file."""
        return self._process.poll() is None

    def read(self, data: bytes, asked: dict[str, Any], seconds: float) -> tuple[str, str]:
        """The outcome and its words, as `service.uploads.child` describes them. Raises `Broken`.

        After ``seconds`` the process is killed, and ``timed_out``. Once it is ``spent``, it is of no use.
        """
        self._files += 1
        if not self._ready:
            self._wait_until_ready()
        line = json.dumps(asked | {"size": len(data)}).encode() + b"\n"
        clock = Timer(seconds, self._stop_late)
        clock.start()
        try:
            self._in.write(line + data)
            self._in.flush()
            return self._answer(asked["most"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            self.spent = True
            raise Broken from error
        finally:
            clock.cancel()

    def _answer(self, most: int) -> tuple[str, str]:
        head = json.loads(self._out.readline(LONGEST_HEAD))
        if not 0 <= head["size"] <= most:
            raise ValueError
        words = self._out.read(head["size"])
        if len(words) < head["size"]:
            raise ValueError
        self.spent = head["spent"] or self._files >= MOST_READ
        return head["outcome"], words.decode()

    def _wait_until_ready(self) -> None:
        clock = Timer(START_SECONDS, self._process.kill)
        clock.start()
        self._ready = self._out.read(1) == b"\n"
        clock.cancel()
        if not self._ready:
            raise RuntimeError("the program that reads files does not start; what it lacks stands above")

    def _stop_late(self) -> None:
        self.timed_out = True
        self._process.kill()

    def end(self) -> None:
        """Kill the process, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._out.close()
        with contextlib.suppress(OSError):  # bytes that it never took
            self._in.close()
