"""The lock of a collection and the death of its holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from nearcopy.archive import Archive
from nearcopy.errors import Busy
from nearcopy.index.lock import Lock

HOLDER = """
import sys, time
from nearcopy.archive import Archive
from nearcopy.index.lock import Lock
with Archive.open(sys.argv[1], sys.argv[2]) as archive, Lock(archive.store):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(archive: Archive, redis_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock of the collection."""
    command = [sys.executable, "-c", HOLDER, redis_url, archive.store.collection]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_the_lock_of_a_dead_process_need_not_run_out(
    archive: Archive, holder: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(Busy), Lock(archive.store):
        pass
    os.kill(holder.pid, signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(holder.pid).status() == psutil.STATUS_ZOMBIE
    with Lock(archive.store) as lock:
        lock.check()


def test_the_lock_of_a_stopped_process_is_its_own(archive: Archive, holder: subprocess.Popen[bytes]) -> None:
    holder.send_signal(signal.SIGSTOP)
    with pytest.raises(Busy), Lock(archive.store):
        pass
