"""Redis that is slow or hangs: whoever waits for it waits until his deadline and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import redis

from nearcopy.archive import Archive
from nearcopy.connection import connect, deadline, pipeline, steady
from nearcopy.document import Document
from nearcopy.errors import StorageUnavailable
from tests.conftest import Server

TEXT = " ".join(f"word{number}" for number in range(60))


class Sleepy:
    """A server that can be put to sleep."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self._admin = server.client()
        self._server = server
        self._thread = threading.Thread()

    def sleep(self, seconds: float) -> None:
        """Send it to sleep, and return once it sleeps."""
        asked = ("DEBUG", "SLEEP", seconds)
        self._thread = threading.Thread(target=self._admin.execute_command, args=asked)
        self._thread.start()
        with self._server.client() as client, suppress(redis.TimeoutError):
            client.connection_pool.connection_kwargs["socket_timeout"] = 0.05
            while client.ping():
                pass

    def sleeps(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        if self.sleeps():
            self._thread.join()
        self._admin.close()


@pytest.fixture
def sleepy(new_server: Callable[..., Server]) -> Iterator[Sleepy]:
    server = Sleepy(new_server())
    yield server
    server.close()


def test_no_answer_is_waited_for_after_the_deadline(sleepy: Sleepy) -> None:
    client = connect(sleepy.url)
    for ask in (
        lambda: steady(lambda: client.get("a")),
        lambda: steady(lambda: pipeline(client).get("a").get("b").execute()),
        lambda: Archive.open(sleepy.url, "fresh"),
    ):
        sleepy.sleep(0.8)
        with pytest.raises(StorageUnavailable, match="in time"), deadline(0.2):
            ask()
        assert sleepy.sleeps()
        # What was asked then is answered to nobody: the next answer is that of the next question
        client.set("a", "1")
        assert steady(lambda: client.get("a")) == b"1"
    client.close()


def test_many_short_waits_add_up(sleepy: Sleepy) -> None:
    client = connect(sleepy.url)
    answers: list[str] = []

    def ask_often() -> None:
        for _ in range(50):
            steady(lambda: client.execute_command("DEBUG", "SLEEP", 0.05))
            answers.append("slept")

    with pytest.raises(StorageUnavailable, match="in time"), deadline(0.5):
        ask_often()
    assert 1 <= len(answers) <= 10
    assert client.ping()
    client.close()


def test_a_deadline_holds_in_every_partition_and_ends_with_its_block(sleepy: Sleepy) -> None:
    with Archive.open(sleepy.url, "parts", partitions=3) as archive:
        archive.put(Document("a", TEXT))
        sleepy.sleep(0.8)
        with pytest.raises(StorageUnavailable, match="in time"), deadline(0.2):
            archive.check(TEXT)
        assert sleepy.sleeps()
        assert archive.check(TEXT).sources[0].document == "a"
