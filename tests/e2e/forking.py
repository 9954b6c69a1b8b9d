"""Commands forked from a process that has loaded the engine: none has to load it again.

Nothing of the command line is loaded there, nor of what looks at the environment. Run as a program, it is
that process; it ends when the test does.
"""

from __future__ import annotations

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module

MODULE = "service.cli"
LOADED = ("nearcopy.archive", "worker.commands", "click", "pydantic", "rich.progress")
MESSAGE = 1 << 17
"""Longest request, in bytes."""


class Forked:
    """A command on its way, with three open files as its own; ``files`` may be closed then."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], files: Sequence[int]
    ) -> None:
        self._ended, told = socket.socketpair()
        with told:
            request = json.dumps([arguments, dict(environment), os.getcwd()]).encode()
            socket.send_fds(_parent(), [request], [*files, told.fileno()])
        self.pid = int.from_bytes(self._ended.recv(4))

    def wait(self, seconds: float) -> int:
        """How it ended. One that takes longer is killed: `TimeoutError`."""
        with self._ended:
            self._ended.settimeout(seconds)
            try:
                return int.from_bytes(self._ended.recv(4), signed=True)
            except TimeoutError:
                os.kill(self.pid, signal.SIGKILL)
                raise


@cache
def _parent() -> socket.socket:
    """The line to the process that has loaded the engine."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        command = [sys.executable, "-m", __name__, str(its.fileno())]
        process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def main(asked: socket.socket) -> None:
    """Load the engine, and become each command that is asked for in turn."""
    for name in LOADED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, *_ = socket.recv_fds(asked, MESSAGE, 4)
        if not request or os.fork() == 0:
            break
        for file in files:
            os.close(file)
    asked.close()
    if request:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _become(*json.loads(request), files)


def _become(arguments: list[str], environment: dict[str, str], folder: str, files: list[int]) -> None:
    """The command in a process of its own, and the end of it told."""
    with socket.socket(fileno=files.pop()) as told:
        if pid := os.fork():
            told.send(pid.to_bytes(4))
            for file in files:
                os.close(file)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            told.send(code.to_bytes(4, signed=True))
            os._exit(0)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    runpy.run_module(MODULE, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
