"""Redis gone, stuck, full or closed to us: a clear error, nothing half done, recovery on the same object."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from nearcopy.archive import Archive
from nearcopy.connection import TIMEOUT
from nearcopy.errors import IndexFull, InputError, StorageUnavailable
from nearcopy.index.keys import MAX_NUMBER
from tests.conftest import Server
from tests.integration.auditor import audit
from tests.integration.making import document, holders, paragraph

KEPT = document("kept", [1, 2])
CALLS: dict[str, Callable[[Archive], object]] = {
    "check": lambda archive: archive.check(paragraph(1)),
    "copies": lambda archive: archive.copies("kept"),
    "put": lambda archive: archive.put(document("new", [3])),
    "put_many": lambda archive: list(archive.put_many([document("new", [3]), KEPT])),
    "put a large one": lambda archive: archive.put(document("large", range(300))),
    "replace": lambda archive: archive.put(document("kept", [9])),
    "get": lambda archive: archive.get("kept"),
    "delete": lambda archive: archive.delete("kept"),
    "stats": lambda archive: archive.stats(),
    "ping": lambda archive: archive.ping(),
}


def test_every_call_says_that_redis_is_gone_and_works_when_it_is_back(
    new_server: Callable[..., Server],
) -> None:
    server = new_server()
    with Archive.open(server.url) as archive:
        archive.put(KEPT)
        for name, call in CALLS.items():
            server.kill()
            with pytest.raises(StorageUnavailable, match="Redis does not answer: "):
                call(archive)
            server.start()
            if name not in ("replace", "delete"):
                call(archive)
        server.kill()
        with pytest.raises(StorageUnavailable, match="Redis does not answer: "):
            Archive.open(server.url)
        server.start()
        stored = {"kept": KEPT, "new": document("new", [3]), "large": document("large", range(300))}
        audit(archive, stored)


def test_threads_with_connections_of_their_own_recover_without_an_error(
    new_server: Callable[..., Server],
) -> None:
    server = new_server()
    with Archive.open(server.url) as archive:
        barrier = threading.Barrier(4)
        failed: list[Exception] = []

        def ask(number: int) -> None:
            try:
                for step in range(2):
                    barrier.wait()
                    for k in range(5):
                        archive.put(document(f"{number}-{step}-{k}", [number]))
                        assert holders(archive, number) >= {f"{number}-{step}-{k}"}
                    barrier.wait()
                    if number == 0 and step == 0:
                        server.kill()
                        server.start()
            except Exception as error:  # noqa: BLE001
                failed.append(error)
                barrier.abort()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed


def test_a_stuck_server_is_an_error_in_time_and_is_used_again(new_server: Callable[..., Server]) -> None:
    server = new_server()
    with Archive.open(f"{server.url}?socket_timeout=0.2&socket_connect_timeout=1.5") as archive:
        archive.put(KEPT)
        pool = archive.store.client.connection_pool
        pool.release(connection := pool.get_connection())
        assert connection.socket_connect_timeout == 1.5
        assert server.process is not None
        for name in ("check", "put", "get", "delete", "stats", "ping"):
            server.process.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            with pytest.raises(StorageUnavailable, match="Redis did not answer in time"):
                CALLS[name](archive)
            # As long as the URL says, twice at most, and not as long as one answer may take without it
            assert time.monotonic() - began < TIMEOUT / 3
            server.process.send_signal(signal.SIGCONT)
        # What a stuck server had been sent, it does when it goes on; asking again finds it done.
        archive.delete("kept")
        archive.put(document("new", [3]))
        audit(archive, {"new": document("new", [3])})


def test_a_wrong_password_is_named_and_never_shown(new_server: Callable[..., Server]) -> None:
    server = new_server()
    with server.client() as client:
        client.config_set("requirepass", "secret")
    for user in ("", ":wrong@"):
        with pytest.raises(StorageUnavailable, match="refuses the user or password") as raised:
            Archive.open(f"unix://{user}{server.socket}")
        assert "wrong@" not in str(raised.value)
    with Archive.open(f"unix://:secret@{server.socket}") as archive:
        archive.put(KEPT)
        assert archive.get("kept") == KEPT


@pytest.mark.parametrize("url", ["http://:secret@h:1", "redis://:secret@h:port", "redis://h?socket_timeout=secret"])
def test_what_is_no_redis_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InputError) as raised:
        Archive.open(url)
    assert raised.value.field == "redis_url"
    assert "secret" not in str(raised.value)


def test_a_server_without_memory_refuses_puts_whole_and_carries_deletes_through(
    new_server: Callable[..., Server],
) -> None:
    server = new_server()
    with Archive.open(server.url) as archive, server.client() as client:
        archive.put(KEPT)
        archive.put(document("big", range(300)))
        archive.put(document("other", [2, 3]))
        client.config_set("maxmemory", 1)
        for name in ("put", "put_many", "put a large one", "replace"):
            with pytest.raises(StorageUnavailable, match=r"^Redis refused: [ -~]*maxmemory[ -~]*$"):
                CALLS[name](archive)
        assert archive.get("kept") == KEPT
        assert holders(archive, 2) == {"kept", "big", "other"}
        assert archive.delete("kept")
        assert archive.delete("big")
        audit(archive, {"other": document("other", [2, 3])})
        client.config_set("maxmemory", 0)
        assert archive.put(KEPT) == "created"
        audit(archive, {"other": document("other", [2, 3]), "kept": KEPT})


def test_a_server_that_forgot_the_script_is_taught_it_again(archive: Archive) -> None:
    archive.put(KEPT)
    archive.store.client.script_flush()
    assert list(archive.put_many([document("a", [1]), document("b", [2])])) == ["created", "created"]
    audit(archive, {"kept": KEPT, "a": document("a", [1]), "b": document("b", [2])})


def test_an_evicted_text_is_an_error_and_no_endless_wait(archive: Archive) -> None:
    archive.put(KEPT)
    archive.store.client.delete(archive.store.partitions[0].keys.text(b"1", 1))
    with pytest.raises(StorageUnavailable, match="noeviction"):
        archive.get("kept")
    with pytest.raises(StorageUnavailable, match="noeviction"):
        archive.put(document("kept", [5]))


@pytest.mark.parametrize("counter", ["d", "p"])
def test_numbers_that_run_out_are_an_error_and_leave_what_is_there(archive: Archive, counter: str) -> None:
    archive.put(KEPT)
    keys, client = archive.store.partitions[0].keys, archive.store.client
    name = keys.counters(b"1")
    before = client.hget(name, counter)
    client.hset(name, counter, MAX_NUMBER)
    for numbers in ([3, 4], range(300)):
        with pytest.raises(IndexFull, match="more partitions"):
            archive.put(document("new", numbers))
    assert archive.put(document("kept", [1, 2], title="t")) == "replaced"
    client.hset(name, counter, before if counter == "p" else MAX_NUMBER)
    if counter == "d":  # the large one's paragraphs were written ahead
        assert archive.check(paragraph(250)).paragraphs[0].documents == 0
    audit(archive, {"kept": document("kept", [1, 2], title="t")})
