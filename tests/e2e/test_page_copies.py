"""The page of `nearcopy clusters --report` on phones and tablets, in both themes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from nearcopy.clusters.group import group
from nearcopy.document import Document
from nearcopy.parameters import Parameters
from tests.e2e.browsing import PHONE, TABLET, THEMES, flaws, overflow
from tests.unit.clusters.made import figures, made, members, pairs
from worker.clusters.report import write_report
from worker.clusters.summary import summary

LONG = "Funding announced for " * 4
DOCUMENTS = [
    *(made(f"{LONG}{k}", [*range(10), 20 + k], f"2026-01-0{k + 1}", f"Publisher {k % 3}") for k in range(9)),
    made("n" * 200, range(30, 36), "2026-02-01", "p" * 200),
    made("another", range(30, 36), "2026-02-02", "Paper"),
]

CRAMPED = """() => [...document.querySelectorAll('.sheet:target th, .sheet:target td')]
    .filter(one => one.innerText.trim() && !one.classList.contains('n') && one.clientWidth < 80).length"""
SPILLED = """() => [document.querySelector('.sheet:target')]
    .map(one => one.scrollWidth - one.clientWidth)[0]"""
SHRUNK = """() => [...document.querySelectorAll('.card svg')]
    .filter(one => one.getBoundingClientRect().width < 0.99 * one.viewBox.baseVal.width).length"""


def text(number: int) -> Document:
    words = " ".join(f"word{line}of{k}" for line in sorted(DOCUMENTS[number].lines) for k in range(20))
    return Document(DOCUMENTS[number].id, words)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table, found, path = members(DOCUMENTS), pairs(DOCUMENTS), tmp_path_factory.mktemp("r") / "r.html"
    clusters = group(table, found, lambda keys: figures(DOCUMENTS, keys))
    told = summary(table, found, clusters) | {"threshold": 0.5, "containment": None}
    write_report(path, table, clusters, told, text, Parameters())
    return path


@pytest.fixture(params=zip((PHONE, TABLET), THEMES, strict=True), ids=str)
def shown(request: pytest.FixtureRequest, browser: Browser, report: Path) -> Iterator[Page]:
    width, theme = request.param
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        yield page


def test_tables_and_drawings_keep_a_size_that_people_can_read(shown: Page) -> None:
    assert (overflow(shown), shown.evaluate(SHRUNK), flaws(shown)) == (0, 0, [])
    ids = shown.evaluate("() => [...document.querySelectorAll('.sheet')].map(one => one.id)")
    for kind in "srcp":
        shown.evaluate("id => { location.hash = id }", next(id for id in ids if id.startswith(kind)))
        assert (shown.evaluate(SPILLED), shown.evaluate(CRAMPED)) == (0, 0), kind
    assert flaws(shown) == []
