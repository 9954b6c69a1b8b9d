"""The browser, and a service for it; each test is a visitor of its own."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from nearcopy import samples
from nearcopy.archive import Archive
from tests.contract.serving import Service
from tests.e2e.browsing import Watched, chromium

_names = itertools.count()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def served(redis_url: str) -> Iterator[Service]:
    """A service without keys, for all tests of pages; each file of them has collections of its own."""
    with Service(redis_url, f"pages-{os.getpid()}") as running:
        yield running


@pytest.fixture(scope="module")
def sampled(redis_url: str) -> str:
    """The name of a collection that holds the samples, for the tests of one file."""
    name = f"t{os.getpid()}-samples-{next(_names)}"
    with Archive.open(redis_url, name, create=True) as archive:
        list(archive.put_many(samples.archive()))
    return name


@pytest.fixture
def visit(browser: Browser, served: Service) -> Iterator[Watched]:
    """A visitor; the test fails with whatever goes wrong on the pages that it sees."""
    watched = Watched(browser, served.address)
    yield watched
    watched.close()


@pytest.fixture
def page(visit: Watched) -> Page:
    """The visitor's first page."""
    return visit.page
