"""Worker processes, to be killed. Run as a program, it is one."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from nearcopy.connection import connect
from nearcopy.index.keys import PartitionKeys
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import ENDED, Status
from tests.ending import still_running

PROCESSES = 2
SILENT = 2
PATIENCE = 60.0
"""Seconds: the machine may be busy."""


class Workers:
    """Workers on one Redis, with a folder of archives; a context manager that kills them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.archives = folder / "archives"
        self.archives.mkdir()
        self.client = connect(url)
        self.rebuilds = Rebuilds(self.client)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.horses: set[int] = set()

    def start(self) -> subprocess.Popen[bytes]:
        """Another worker."""
        command = [sys.executable, "-m", "tests.integration.working", self.url, str(self.folder)]
        self.processes.append(subprocess.Popen(command, cwd=Path(__file__).parents[2]))
        return self.processes[-1]

    def one(self) -> subprocess.Popen[bytes]:
        """A worker that runs, and no other."""
        running = [one for one in self.processes if one.poll() is None]
        assert len(running) < 2
        return running[0] if running else self.start()

    def seen(self, id: str, wanted: Callable[[Status], bool]) -> Status:
        """How a rebuild goes, as soon as it goes so."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            status = self.rebuilds.get(id)
            if wanted(status):
                return status
            assert status.state not in ENDED, status
            time.sleep(0.02)
        raise TimeoutError(str(status))

    def ended(self, id: str) -> Status:
        """How a rebuild ended."""
        return self.seen(id, lambda status: status.state in ENDED)

    def horse_of(self, worker: subprocess.Popen[bytes]) -> psutil.Process:
        """The process of a worker's job that no caller has had, as soon as its pool is below it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for horse in psutil.Process(worker.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    if horse.pid not in self.horses and len(horse.children()) == PROCESSES:
                        self.horses.add(horse.pid)
                        return horse
            time.sleep(0.01)
        raise TimeoutError

    def kill(self, process: psutil.Process, collection: str) -> None:
        """SIGKILL; what is below it dies too. The time passes after which the lock of the dead one falls."""
        lock = PartitionKeys.of(collection, 0).lock
        holder, below = self.client.get(lock), process.children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        if self.client.get(lock) == holder:
            self.client.delete(lock)
        assert still_running(below, 10) == []

    def close(self) -> None:
        """Kill them."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.client.close()


def main(url: str, folder: str) -> None:
    """Work."""
    from worker.queue import work

    logging.basicConfig(level=logging.INFO)
    archives, parts = Path(folder) / "archives", Path(folder) / "parts"
    work(url, folder=parts, archives=archives, processes=PROCESSES, silent=SILENT, grace=0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
