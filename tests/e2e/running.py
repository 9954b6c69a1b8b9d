"""Running the command line as a person or a program does: real processes, pipes and terminals."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from tests.e2e.forking import Forked

PROGRAM = [sys.executable, "-m", "service.cli"]
SECONDS = 90
"""Longest time that any command may take, on a busy machine."""

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """The test's own environment without any setting of Nearcopy or of the terminal, and with these."""
    ours = ("NEARCOPY_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"TERM": "xterm-256color"} | variables


def run(*arguments: str, stdin: bytes = b"", **variables: str) -> Ran:
    """Run a command that reads a pipe."""
    inlet, outlet = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        forked = Forked(arguments, environment(**variables), [inlet, out.fileno(), err.fileno()])
        os.close(inlet)
        writer = threading.Thread(target=_write, args=(outlet, stdin))
        writer.start()
        code = forked.wait(SECONDS)
        writer.join()
        told, complaint = (_whole(file) for file in (out, err))
    assert "Traceback" not in complaint, complaint
    return Ran(code, told, complaint)


def start(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start a command with pipes and a process group of its own."""
    return subprocess.Popen(
        [*PROGRAM, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(**variables), start_new_session=True,
    )


def run_on_terminal(*arguments: str, **variables: str) -> Ran:
    """Run a command on a terminal of 120 columns; what it writes comes together in ``out``."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    forked = Forked(arguments, environment(**variables), [its, its, its])
    os.close(its)
    written = b"".join(_until_closed(ours))
    os.close(ours)
    return Ran(forked.wait(SECONDS), written.decode(), "")


def _write(pipe: int, content: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(pipe, "wb") as file:
        file.write(content)


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux says that the last writer is gone
            return
        if not part:
            return
        yield part
