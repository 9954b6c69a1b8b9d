"""The application over a real Redis, for the tests of its contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from nearcopy.document import Document
from service.app import create_app
from service.archives import Archives
from service.settings import Settings
from service.uploads.readers import Readers
from tests.contract.described import Described
from tests.contract.texts import DOCUMENT


@pytest.fixture
def archives(redis_url: str, collection: str) -> Iterator[Archives]:
    """The archives of one test; the default collection holds one document."""
    opened = Archives(redis_url, collection)
    opened.get().put(Document.checked(DOCUMENT))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def readers() -> Iterator[Readers]:
    """What reads files, for all tests: a process takes a while to start."""
    made = Readers(Settings())
    yield made
    made.close()


@pytest.fixture
def app(archives: Archives, readers: Readers) -> Flask:
    """The service over those archives."""
    return create_app(archives, readers=readers)


@pytest.fixture
def call(app: Flask) -> Described:
    """Calls the service, and holds every answer against its description."""
    return Described(app)
