"""A Redis Cluster of three masters, as real processes."""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.conftest import START_SECONDS

MASTERS, SLOTS, PARTITIONS = 3, 16384, 16
BUS = 10_000
"""Masters talk to each other on a port this much above their own."""


def free_port() -> int:
    """A port of the loopback whose bus port is free as well."""
    while True:
        port = random.randrange(20_000, 50_000)
        try:
            for number in (port, port + BUS):
                with socket.create_server(("127.0.0.1", number)):
                    pass
        except OSError:
            continue
        return port


class Masters:
    """Three processes that are one Redis Cluster."""

    def __init__(self, program: Path, directory: Path) -> None:
        self.program, self.directory = program, directory
        self.ports = [free_port() for _ in range(MASTERS)]
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = f"redis+cluster://127.0.0.1:{self.ports[0]}"

    def start(self, number: int) -> None:
        home = self.directory / str(number)
        home.mkdir(exist_ok=True)
        self.processes.append(
            subprocess.Popen(
                [str(self.program), "--port", str(self.ports[number]), "--bind", "127.0.0.1",
                 "--dir", str(home), "--cluster-enabled", "yes", "--appendonly", "yes",
                 "--appendfsync", "always", "--save", "", "--logfile", str(home / "log")]
            )
        )

    def client(self, number: int) -> redis.Redis:
        return redis.Redis(port=self.ports[number])

    def join(self) -> None:
        """Give each its slots, and wait until each knows of all."""
        for number in range(MASTERS):
            with self.client(number) as client:
                slots = range(SLOTS * number // MASTERS, SLOTS * (number + 1) // MASTERS)
                client.execute_command("CLUSTER ADDSLOTS", *slots)
                client.execute_command("CLUSTER MEET", "127.0.0.1", self.ports[0])
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(self._sees_all(number) for number in range(MASTERS)):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _sees_all(self, number: int) -> bool:
        try:
            with self.client(number) as client:
                info: Any = client.execute_command("CLUSTER INFO")
                return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(MASTERS))
        except redis.RedisError:
            return False

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()


@contextmanager
def masters_of(program: Path, directory: Path) -> Iterator[Masters]:
    """A cluster that runs, of that kind of server."""
    started = Masters(program, directory)
    try:
        for number in range(MASTERS):
            started.start(number)
        started.join()
        yield started
    finally:
        started.kill()
