"""Collections are opened once, and again where the first attempt failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from nearcopy.document import Document
from nearcopy.errors import NotFound, StorageUnavailable
from service.archives import Archives
from tests.conftest import Server


@pytest.fixture
def archives(redis_url: str, collection: str) -> Iterator[Archives]:
    """Archives of a real Redis."""
    made = Archives(redis_url, collection)
    yield made
    made.close()


def test_the_default_collection_exists_at_once(archives: Archives, collection: str) -> None:
    assert archives.get().store.collection == collection
    assert archives.get() is archives.get(collection)


def test_another_collection_exists_once_it_is_created(archives: Archives, collection: str) -> None:
    name = f"{collection}-other"
    for _ in range(2):
        with pytest.raises(NotFound, match=name):
            archives.get(name)
    created = archives.get(name, create=True)
    assert created is archives.get(name)
    assert created.store.collection == name


def test_threads_that_open_at_once_get_the_same_archive(archives: Archives) -> None:
    with ThreadPoolExecutor(16) as threads:
        opened = list(threads.map(lambda _: archives.get(), range(64)))
    assert len(set(map(id, opened))) == 1
    assert opened[0].put(Document(id="a", text="Still open.")) == "created"


def test_a_failure_is_not_remembered(new_server: Callable[[], Server]) -> None:
    server = new_server()
    server.kill()
    archives = Archives(server.url)
    with pytest.raises(StorageUnavailable):
        archives.get()
    server.start()
    archives.get().ping()
    archives.close()


def test_closed_archives_open_again(archives: Archives) -> None:
    first = archives.get()
    archives.close()
    second = archives.get()
    assert second is not first
    second.ping()
