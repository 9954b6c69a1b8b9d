"""The processes of a soak: a Redis, the service and a worker of its queue, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from bench.check import SERVE
from nearcopy.connection import connect, steady
from nearcopy.embedded import find_server
from nearcopy.errors import StorageUnavailable

START_SECONDS = 120.0
"""The first start of all compiles the kernels."""

AFTER_SECONDS = 5.0
"""How long after something is back it may still show that it was away, to a request that begins then."""

WORKER = str(Path(sys.executable).with_name("nearcopy"))

HURRIED = """
import sys
from pathlib import Path
from worker.queue import work
url, folder, archives = sys.argv[1:]
work(url, folder=Path(folder), archives=Path(archives), processes=1, silent=2, grace=1.0)
"""
"""A worker that takes another for dead sooner, and waits less for readers of what it removes."""


class Scene:
    """Those processes, below a folder; a context manager that ends them.

    ``hurried``: the worker of the queue is not `nearcopy worker`, but one with shorter waits.
    """

    def __init__(self, folder: Path, hurried: bool) -> None:
        self.folder, self.hurried = folder, hurried
        self.socket = folder / "s"
        self.url = f"unix://{self.socket}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.archives = folder / "archives"
        self.away: list[tuple[float, float]] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Scene:
        for name in ("redis", "archives", "parts"):
            (self.folder / name).mkdir()
        self.redis = self._start_redis()
        settings = {"REDIS_URL": self.url, "PORT": str(self.port), "WORKERS": "2", "LOG_LEVEL": "warning"}
        environment = os.environ | {f"NEARCOPY_{name}": value for name, value in settings.items()}
        self.service = subprocess.Popen(
            SERVE, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        self.worker = self._start_worker()
        self._wait_for_service()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.send_signal(signal.SIGTERM)
        try:
            self.service.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.service.pid, signal.SIGKILL)
            self.service.wait()
        for process in (self.worker, self.redis):
            process.kill()
            process.wait()

    def kill_redis(self) -> None:
        """SIGKILL Redis; another is started over the same append-only file."""
        with self._absence():
            self.redis.kill()
            self.redis.wait()
            time.sleep(0.5)
            self.redis = self._start_redis()

    def kill_service_worker(self) -> None:
        """SIGKILL one of the processes that answer requests; the service starts another."""
        with self._absence():
            one = self._answering()[0]
            one.kill()
            psutil.wait_procs([one])

    def kill_worker(self) -> None:
        """SIGKILL the worker of the queue, and with it what it runs; another is started."""
        self.worker.kill()
        self.worker.wait()
        self.worker = self._start_worker()

    def keep_worker(self) -> None:
        """Start another worker where the last one ended, as one does that finds no Redis at its start."""
        if self.worker.poll() is not None:
            self.worker = self._start_worker()

    def memory(self) -> int:
        """Bytes that are the service's own (USS), of all its processes."""
        own = 0
        for one in [main := psutil.Process(self.service.pid), *main.children(recursive=True)]:
            # One that is being killed
            with suppress(psutil.Error):
                own += one.memory_full_info().uss
        return own

    def was_away(self, began: float, ended: float) -> bool:
        """Whether something was away at some time between two."""
        with self._lock:
            return any(began <= back and ended >= gone for gone, back in self.away)

    @contextmanager
    def _absence(self) -> Iterator[None]:
        gone = time.monotonic()
        with self._lock:
            self.away.append((gone, float("inf")))
        yield
        with self._lock:
            self.away[-1] = (gone, time.monotonic() + AFTER_SECONDS)

    def _answering(self) -> list[psutil.Process]:
        children = psutil.Process(self.service.pid).children()
        return [one for one in children if one.net_connections("tcp")]

    def _start_redis(self) -> subprocess.Popen[bytes]:
        process = self._popen(
            [str(find_server()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir",
             str(self.folder / "redis"), "--appendonly", "yes", "--appendfsync", "always"]
        )
        with closing(connect(self.url)) as client:
            _until(lambda: steady(client.ping), StorageUnavailable)
        return process

    def _start_worker(self) -> subprocess.Popen[bytes]:
        folder = str(self.folder / "parts")
        if self.hurried:
            return self._popen([sys.executable, "-c", HURRIED, self.url, folder, str(self.archives)])
        options = ["--archives", str(self.archives), "--folder", folder, "--processes", "1"]
        return self._popen([WORKER, "worker", "--redis-url", self.url, *options])

    def _popen(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _wait_for_service(self) -> None:
        _until(lambda: httpx.get(f"{self.address}/readyz", timeout=30).json(), httpx.TransportError)


def _until(call: object, error: type[Exception]) -> None:
    """Call again until no such error is raised."""
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            call()  # type: ignore[operator]
            return
        except error:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
