"""The page of a collection in a browser: what it tells, rebuilds as they go, and going back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from nearcopy.archive import Archive
from nearcopy.index import generations
from nearcopy.jobs import queue
from tests.contract.serving import Service
from tests.e2e.browsing import Watched
from tests.integration.working import Workers


@pytest.fixture(scope="module")
def workers(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """None yet; one that a test starts serves the next."""
    with Archive.open(redis_url, "t-none", create=True) as archive:
        queue.queue(archive.store.client).empty()
    found = Workers(redis_url, tmp_path_factory.mktemp("w"))
    yield found
    found.close()


def path(collection: str, part: str = "") -> str:
    return f"/archive{part}?collection={collection}"


def figure(page: Page, name: str) -> str:
    """A figure of the page, by its name."""
    said = page.locator(".figures div", has=page.get_by_text(name, exact=True))
    return said.locator("dd").first.inner_text()


def confirm(page: Page, link: str, question: str, button: str) -> None:
    """Follow a link to a question, and answer it."""
    page.get_by_role("link", name=link).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(question)
    page.get_by_role("button", name=button).click()


def test_a_collection_tells_what_it_holds_and_what_it_promises(page: Page, sampled: str) -> None:
    page.goto(path(sampled))
    assert (figure(page, "Documents"), figure(page, "Live generation")) == ("312", "1")
    curve = page.get_by_role("img", name=re.compile("Probability of being found"))
    expect(curve).to_have_accessible_name(re.compile(r"99\.2% at 0\.5"))
    page.get_by_text("The curve in figures").click()
    expect(page.get_by_role("row", name=re.compile("^0.5 "))).to_have_text(re.compile(r"99\.18%"))
    # The marked place lies on the curve: at half of its width, a hundredth below its top
    x, y = (float(curve.locator("circle").get_attribute(name) or "nan") for name in ("cx", "cy"))
    assert (x, round(y / 240, 3)) == (240, 0.008)
    expect(page.get_by_text("None yet: this generation grew by single documents")).to_be_visible()


def test_a_rebuild_is_watched_and_what_it_replaced_is_gone_back_to_and_dropped(
    page: Page, visit: Watched, sampled: str, redis_url: str, workers: Workers
) -> None:
    page.goto(path(sampled))
    page.get_by_role("link", name="Rebuild …").click()
    page.get_by_label("What is stored, and archives").check()
    visit.statuses = {409, 422}
    page.get_by_role("button", name="Start the rebuild").click()
    expect(page.get_by_role("alert")).to_have_text("Name at least one archive.")
    page.get_by_label("What is stored now").check()
    page.get_by_role("button", name="Start the rebuild").click()
    expect(page.get_by_text("The rebuild is in the queue.")).to_be_visible()
    expect(page.get_by_text("No worker is there to take it")).to_be_visible()
    expect(page.get_by_role("link", name="Look again")).to_be_hidden()
    workers.start()
    # From here on the page looks by itself: first at the parts, in the end at all of itself
    expect(page.get_by_text("None yet")).to_be_hidden(timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("generation 2, 312 documents")
    expect(page.get_by_text(re.compile("^Of 200 stored documents, all were found"))).to_be_visible()
    assert figure(page, "Live generation") == "2"

    confirm(page, "Publish generation 1", "Publish generation 1?", "Publish it")
    expect(page.get_by_text("Generation 1 is live.")).to_be_visible()
    assert figure(page, "Live generation") == "1"
    confirm(page, "Publish generation 2", "Publish generation 2?", "Publish it")
    confirm(page, "Drop generation 1", "Drop generation 1?", "Drop it")
    expect(page.get_by_role("alert")).to_contain_text("may still be read: try again in")
    with Archive.open(redis_url, sampled) as archive:
        generations.note(archive.store, b"1", left=0)
    page.goto(path(sampled))
    confirm(page, "Drop generation 1", "Drop generation 1?", "Drop it")
    expect(page.get_by_text("Generation 1 was dropped.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^2 live 312"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^1 "))).to_have_count(0)


def test_without_a_script_a_rebuild_is_asked_for_watched_and_cancelled(
    browser: Browser, served: Service, sampled: str, workers: Workers
) -> None:
    for one in workers.processes:
        one.kill()
        one.wait()
    watched = Watched(browser, served.address, java_script_enabled=False)
    page = watched.page
    page.goto(path(sampled, "/rebuild"))
    page.get_by_role("button", name="Start the rebuild").click()
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("#progress")).to_contain_text("In the queue since")
    confirm(page, "Cancel the rebuild …", "Cancel the rebuild?", "Cancel the rebuild")
    expect(page.get_by_text("The last rebuild was cancelled")).to_be_visible()
    expect(page.get_by_role("link", name="Rebuild …")).to_be_visible()
    watched.close()


def test_what_others_put_into_a_link_is_not_told(page: Page, visit: Watched, sampled: str) -> None:
    page.goto(path(sampled) + "&done=publish&of=your%20key%20at%20evil.example&n=1")
    expect(page.locator("main .notice")).to_have_count(0)
    visit.statuses = {404}
    page.goto(path(sampled, "/change") + "&do=drop&of=9")
    page.get_by_role("button", name="Drop it").click()
    expect(page.get_by_role("alert")).to_contain_text("has no generation 9")
    page.goto("/archive?collection=there-is-none")
    expect(page.get_by_role("alert")).to_contain_text("There is no collection 'there-is-none'")
