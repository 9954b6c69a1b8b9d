"""The real service as a child process, on a port of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from types import TracebackType

import httpx

START_SECONDS = 120
"""The first start of all compiles the kernels."""

PROGRAM = """
from service.server import serve
from service.settings import Settings
serve(Settings.from_environ(), lambda address: None)
"""


class Service:
    """A service over the Redis at ``url``; a context manager that ends it."""

    def __init__(self, url: str, collection: str, **settings: str) -> None:
        chosen = {"redis_url": url, "collection": collection, "port": str(free_port()), "workers": "1"}
        chosen |= {"log_level": "warning"}
        self.settings = chosen | settings
        self.port = int(self.settings["port"])
        self.address = f"http://127.0.0.1:{self.port}"
        variables = {f"NEARCOPY_{name.upper()}": value for name, value in self.settings.items()}
        self.process = self.start(os.environ | variables)

    def start(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """Its process."""
        return subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment)

    def again(self) -> Service:
        """Another one at the same address, once this one was killed."""
        rest = dict(self.settings)
        return Service(rest.pop("redis_url"), rest.pop("collection"), **rest)

    def __enter__(self) -> Service:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(f"{self.address}/healthz", timeout=5)
                return self
            except httpx.TransportError:
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise RuntimeError("the service did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
