"""The documents of a collection in a browser: looking for some, and one with its copies."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document, instant
from service.pages.searching import Search, look
from service.saying import day
from tests.e2e.browsing import Watched

EVERY = list(samples.archive())
AGENCY = "npa-2024-1008"

HOSTILE = Document.checked({
    "id": "../x//<b>?&#%2F",
    "title": "<script>document.title = 'taken'</script> \u202egpj.exe",
    "publisher": "\u202e<img src=x onerror=alert(1)>",
    "url": "javascript:alert(1)",
    "published_at": "2026-01-02",
    "text": "</div><script>alert(1)</script> a lighthouse that nobody else has ever written of in a paper.",
    "fields": {"note": "</pre><script>alert(1)</script>"},
})


def titles(page: Page) -> list[str]:
    return page.locator("td.what a").all_inner_texts()


def looked_for(page: Page, collection: str, **values: str) -> list[str]:
    """The titles that a search finds, asked as a person asks."""
    page.goto(f"/archive/documents?collection={collection}")
    for label, value in values.items():
        page.get_by_label(label.replace("_", " ").capitalize(), exact=True).fill(value)
    page.get_by_role("button", name="Search").click()
    return titles(page)


def test_every_document_is_met_once_on_the_way_through_the_pages(page: Page, sampled: str) -> None:
    page.goto(f"/archive/documents?collection={sampled}")
    expect(page.get_by_role("status")).to_have_text("25 of 312, in no order that means anything.")
    ids = page.locator("td .id").all_inner_texts()
    while page.get_by_role("link", name="More documents").count():
        page.get_by_role("link", name="More documents").click()
        page.wait_for_load_state()
        ids += page.locator("td .id").all_inner_texts()
    assert sorted(ids) == sorted(one.id for one in EVERY)


def test_documents_are_found_by_title_id_publisher_and_date(page: Page, sampled: str) -> None:
    bridge = [one for one in EVERY if "CRACKS" in (one.title or "").upper()]
    days = {one.title: day(one.published_at) for one in bridge}
    newest = sorted((instant(one.published_at or "") for one in bridge), reverse=True)
    found = looked_for(page, sampled, title_or_id="cRaCks")
    assert [days[title] for title in found] == [day(date.isoformat()) for date in newest]
    assert sorted(found) == sorted(one.title or "" for one in bridge)
    expect(page.get_by_role("status")).to_have_text(
        f"{len(bridge)}, the newest first; all 312 documents were looked at."
    )
    assert looked_for(page, sampled, title_or_id="cracks", publisher="nordhafen") == [
        one.title for one in bridge if one.publisher == "Nordhafen Press Agency"
    ]
    of_the_day = [one.title for one in EVERY if (one.published_at or "").startswith("2024-10-08")]
    found = looked_for(page, sampled, **{"from": "2024-10-08", "to": "2024-10-08"})
    assert sorted(found) == sorted(title or "" for title in of_the_day)
    looked_for(page, sampled, title_or_id=AGENCY)
    expect(page.get_by_role("heading", name="The document with this id")).to_be_visible()
    page.get_by_role("link", name="All documents").click()
    assert page.url.endswith(f"/archive/documents?collection={sampled}")


def test_a_search_says_how_far_it_looked_and_goes_on_from_there(
    page: Page, visit: Watched, sampled: str, redis_url: str
) -> None:
    search = Search(words="bridge")
    with Archive.open(redis_url, sampled) as archive:
        whole = {one.document.id for one in look(archive.store, search, None).found}
        parts = [look(archive.store, search, None, seconds=0)]
        while parts[-1].cursor is not None:
            parts.append(look(archive.store, search, parts[-1].cursor, seconds=0))
    shares = [part.share for part in parts]
    assert len(parts) > 2
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert sorted(whole) == sorted(one.document.id for part in parts for one in part.found)

    visit.statuses = {422}
    page.goto(f"/archive/documents?collection={sampled}&words=bridge&cursor={parts[0].cursor}")
    assert len(titles(page)) == sum(len(part.found) for part in parts[1:])
    page.goto(f"/archive/documents?collection={sampled}&words=other&cursor={parts[0].cursor}")
    expect(page.get_by_role("alert")).to_contain_text("of a request with another collection or other filters")
    looked_for(page, sampled, **{"from": "2025-01-01", "to": "2024-01-01"})
    expect(page.get_by_role("alert")).to_contain_text("later than")


def test_a_document_shows_its_copies_over_time_and_opens_in_the_check(page: Page, sampled: str) -> None:
    page.goto(f"/archive/document?collection={sampled}&id={AGENCY}")
    rows = page.locator(".stacks tbody tr")
    first = rows.first
    expect(first).to_contain_text("8 Oct 2024, 06:10 UTC first")
    expect(first).to_contain_text("This document")
    dates = page.locator(".stacks tbody td:first-child").all_inner_texts()
    assert [date[:5] for date in dates] == sorted(date[:5] for date in dates)
    assert page.locator("svg.times circle").count() == rows.count() == 7
    agency = next(one for one in EVERY if one.id == AGENCY)
    assert page.locator(".text").inner_text().split() == agency.text.split()
    page.get_by_role("link", name="Open in the check").click()
    assert f"document={AGENCY}" in page.url
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_nothing_that_stands_in_a_document_becomes_markup_or_reorders_the_page(
    page: Page, sampled: str, redis_url: str
) -> None:
    with Archive.open(redis_url, sampled) as archive:
        archive.put(HOSTILE)
    looked_for(page, sampled, title_or_id="gpj.exe")
    page.get_by_role("link", name=re.compile("script")).click()
    assert HOSTILE.title is not None
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE.title.replace("\u202e", "\ufffd"))
    assert page.title().endswith("gpj.exe · Nearcopy")
    assert page.locator("main script, main img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.locator(".text").inner_text() == HOSTILE.text
    assert "\u202e" not in page.content()


def test_a_document_is_removed_after_a_question_and_only_as_it_was_then(
    page: Page, visit: Watched, sampled: str, redis_url: str
) -> None:
    visit.statuses = {404, 412}
    one, two = ({"id": "short", "text": f"Number {number} is a text of seven words."} for number in (1, 2))
    with Archive.open(redis_url, sampled) as archive:
        archive.put(Document.checked(one))
        page.goto(f"/archive/document?collection={sampled}&id=short")
        page.get_by_role("link", name="Remove …").click()
        archive.put(Document.checked(two))
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_role("alert")).to_contain_text("The document is not what the request is for")
        page.goto(f"/archive/document?collection={sampled}&id=short")
        page.get_by_role("link", name="Remove …").click()
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_role("status").first).to_have_text("The document was removed.")
        page.goto(f"/archive/document?collection={sampled}&id=short")
        expect(page.get_by_role("alert")).to_contain_text("There is no document 'short'")
