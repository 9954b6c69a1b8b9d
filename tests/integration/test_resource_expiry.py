"""Retention by those who keep it: a worker once a day, the command line, and a rebuild."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nearcopy import collections
from nearcopy.archive import Archive
from nearcopy.connection import connect
from nearcopy.errors import InputError
from nearcopy.index import keys
from nearcopy.jobs import expiry
from nearcopy.parameters import Parameters
from tests.conftest import Server
from tests.contract.going_back import rebuilt_from_itself
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.working import Workers

OLD = document("old", [1, 2], published_at="2020-01-01")
STAYING = {
    "new": document("new", [2, 3], published_at="2999-01-01"),
    "undated": document("undated", [4]),
}


@pytest.fixture
def workers(new_server: Callable[[], Server], tmp_path: Path) -> Iterator[Workers]:
    """Workers of a Redis of the test's own."""
    folder = tmp_path / "w"
    folder.mkdir()
    found = Workers(new_server().url, folder)
    yield found
    found.close()


def kept(url: str, collection: str, keep: str | None) -> Archive:
    """A collection with old and new documents, kept so long."""
    archive = Archive.open(url, collection)
    list(archive.put_many([OLD, *STAYING.values()]))
    collections.change_keep(archive.store.client, collection, keep)
    return archive


def test_a_worker_expires_each_collection_once_a_day(workers: Workers) -> None:
    client = connect(workers.url)
    # One that loses its index after it was asked for does no harm to the others, and one that is dropped
    # leaves nothing in the queue
    for name in ("lost", "gone"):
        collections.create(client, name, Parameters(), keep="1d")
    expiry.ask_for_due(client)
    client.delete(keys.PartitionKeys.of("lost", 0).pointer)
    assert collections.drop(client, "gone")
    assert [name for name in client.scan_iter() if b"gone" in name] == []
    with (
        kept(workers.url, "a", "365d") as a, kept(workers.url, "b", None) as b,
        kept(workers.url, "c", "10d") as c,
    ):
        workers.start()
        until = time.monotonic() + 60
        while a.store.sizes()[0] > 2 or c.store.sizes()[0] > 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        audit(a, STAYING)
        audit(c, STAYING)
        assert b.get("old") == OLD
        assert 20 * 3600 < client.ttl(keys.expired("a")) < 24 * 3600
        assert not client.exists(keys.expired("b"))
    client.close()


def test_a_rebuild_takes_nothing_that_is_too_old_from_what_is_stored(redis_url: str, collection: str) -> None:
    with kept(redis_url, collection, None) as archive:
        rebuilt_from_itself(archive)
        assert archive.stats()["documents"] == 3
        collections.change_keep(archive.store.client, collection, "365d")
        rebuilt_from_itself(archive)
        assert archive.stats()["documents"] == 2
        audit(archive, STAYING)
        for id in STAYING:
            archive.delete(id)
        archive.put(OLD)
        with pytest.raises(InputError):
            rebuilt_from_itself(archive)
        assert archive.get("old") == OLD
