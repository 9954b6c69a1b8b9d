"""The embedded Redis of a service: started again where it dies, stopped with the service."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from types import TracebackType

from nearcopy import embedded
from nearcopy.errors import NearcopyError

LOOK_SECONDS = 0.25
"""How often the keeper looks whether it shall stop."""

HANG_UP_SECONDS = 5.0
"""How long a busy server is waited for at the end."""

_starting = threading.Lock()
"""Held while a server is started. A worker that is forked meanwhile would inherit the lock on the data
directory and hold it for the rest of its life."""

os.register_at_fork(
    before=_starting.acquire, after_in_parent=_starting.release, after_in_child=_starting.release
)


class Keeper:
    """Starts the embedded Redis, or joins it, and keeps it alive until it is closed.

    It holds one idle connection: that breaks at once where the server dies, and while it stands no other
    process of this user ends the server. Raises `StorageUnavailable` where Redis cannot be started.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._server, self._line = self._started()
        self.url = self._server.url
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the server, unless other processes use it."""
        self._stopping.set()
        self._thread.join()
        self._hang_up()
        self._server.stop()

    def __enter__(self) -> Keeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hang_up(self) -> None:
        # Redis forgets a connection that breaks only after the next command, and would count it as a user
        with self._line, contextlib.suppress(OSError):
            self._line.settimeout(HANG_UP_SECONDS)
            self._line.sendall(b"QUIT\r\n")
            while self._line.recv(64):
                pass

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                gone = not self._line.recv(1)
            except TimeoutError:
                continue
            except OSError:
                gone = True
            if gone:
                self._line.close()
                self._start_again()

    def _start_again(self) -> None:
        """Try until it runs; meanwhile the workers answer that their storage is unavailable."""
        while not self._stopping.is_set():
            with contextlib.suppress(NearcopyError, OSError):
                self._server, self._line = self._started()
                return
            self._stopping.wait(LOOK_SECONDS)

    def _started(self) -> tuple[embedded.Embedded, socket.socket]:
        with _starting:
            server = embedded.start(self._directory)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(LOOK_SECONDS)
        line.connect(str(server.socket))
        return server, line
