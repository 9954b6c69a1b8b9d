"""A rebuild from the command line that is stopped or killed, in whole or in part, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from nearcopy.archive import Archive
from nearcopy.index import generations
from nearcopy.jobs import queue
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.reporting import EVERY_SECONDS
from service.cli.exits import Exit
from tests.e2e.placing import DOCUMENTS, QUICK, Place
from tests.e2e.running import SECONDS, start
from tests.ending import still_running

COPIES = 200
"""Of each document: the archive then has several blocks."""


@pytest.fixture
def place(redis_url: str, collection: str, tmp_path: Path) -> Place:
    made = Place(redis_url, collection, tmp_path)
    texts = [(one.id, json.dumps(one.text)) for one in DOCUMENTS]
    with open(made.path, "w") as file:
        for copy in range(COPIES):
            file.writelines(f'{{"id": "{id}-{copy}", "text": {text}}}\n' for id, text in texts)
    return made


def parts(place: Place) -> set[Path]:
    return set(place.folder.glob("data/rebuilds/*/*/*.part"))


def begun(place: Place, *options: str) -> subprocess.Popen[bytes]:
    """A rebuild that has just finished one more part."""
    before = parts(place)
    process = start("rebuild", place.path, *QUICK, *options, **place.variables)
    deadline = time.monotonic() + SECONDS
    while parts(place) <= before:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, told = process.communicate(timeout=SECONDS)
    assert b"Traceback" not in told, told.decode()
    return process.returncode, told.decode()


def pool_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children()


def test_whoever_is_killed_or_stopped_goes_on(place: Place) -> None:
    killed = begun(place)
    pool = pool_of(killed)
    assert [one.nice() for one in pool] == [10, 10]
    killed.kill()
    assert ended(killed)[0] == -signal.SIGKILL
    assert still_running(pool, 10) == []
    stopped = begun(place)
    os.killpg(stopped.pid, signal.SIGINT)
    code, told = ended(stopped)
    assert code == Exit.INTERRUPTED
    assert "going on with what was finished in" in told
    assert "stopped: the same command goes on from there" in told
    kept = {path: path.stat().st_mtime_ns for path in parts(place)}
    assert kept
    with Archive.open(place.url, place.collection) as archive:
        assert (archive.stats()["documents"], archive.stats()["generation"]) == (0, "1")
    done = place.run("rebuild", place.path, *QUICK, "--resume")
    assert done.code == Exit.DONE, done.err
    with Archive.open(place.url, place.collection) as archive:
        stats = archive.stats()
        assert (stats["documents"], stats["generation"]) == (COPIES * len(DOCUMENTS), "2")
    statuses = place.statuses()
    assert [one.state for one in statuses] == ["done", "cancelled", "failed"]
    assert statuses[2].error == "its process died"


def test_a_process_of_the_pool_that_is_killed_is_replaced(place: Place) -> None:
    process = begun(place)
    pool_of(process)[0].kill()
    code, told = ended(process)
    assert code == Exit.DONE, told
    assert told.count("a process that did the work was killed") == 1
    with Archive.open(place.url, place.collection) as archive:
        assert archive.stats()["documents"] == COPIES * len(DOCUMENTS)
    assert [(one.state, one.attempts) for one in place.statuses()] == [("done", 2)]


def test_whoever_is_cancelled_from_elsewhere_leaves_nothing(place: Place) -> None:
    with Archive.open(place.url, place.collection) as archive:
        rebuilds = Rebuilds(archive.store.client)
        process = start("rebuild", place.path, *QUICK, **place.variables)
        while not any(one.state == "running" for one in rebuilds.newest(place.collection, 1)):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        # Or it might be published before it looks whether it shall end, which it does once a second
        pool = pool_of(process)
        for one in pool:
            one.suspend()
        (status,) = rebuilds.newest(place.collection, 1)
        (folder,) = place.folder.glob("data/rebuilds/*/*")
        (folder / "mine").touch()
        queue.cancel(archive.store.client, status.id)
        asked = time.time()
        while (rebuilds.get(status.id).heard or 0.0) < asked + EVERY_SECONDS:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        for one in pool:
            one.resume()
        code, told = ended(process)
        assert (code, f"rebuild {status.id} was cancelled" in told) == (Exit.FAILED, True)
        assert [one.state for one in generations.listed(archive.store)] == ["live"]
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "mine"]
    assert [one.state for one in place.statuses()] == ["cancelled"]
