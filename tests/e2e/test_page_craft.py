"""What holds for every page: no flaw that axe-core finds, in both themes; no width that is too narrow; a
keyboard is enough; print."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.contract.serving import Service
from tests.e2e.browsing import PHONE, TABLET, WIDE, Watched, flaws, overflow

PAGES = (
    "/check", "/check?document=npa-2024-1008", "/check?document=rtl", "/check?document=wide", "/archive",
    "/archive/documents?words=bridge", "/archive/document?id=npa-2024-1008", "/archive/document?id=rtl",
    "/archive/document?id=wide", "/archive/document/remove?id=rtl", "/archive/rebuild",
    "/archive/change?do=publish&of=1", "/archive/document?id=none",
)

RTL = "مرحبا بالعالم، هذا نص عربي عن منارة أضيئت من جديد بعد أربعين عاما من انطفائها في الميناء القديم."
CJK = "灯台は五月に再び灯される。四十年ぶりに港町の岬に明かりが戻ると市役所が発表した。"

ODD = (
    {"id": "rtl", "title": "منارة <b>الميناء</b> تضاء 2026", "publisher": "صحيفة", "text": f"{RTL}\n\n{CJK}"},
    {"id": "rtl-2", "title": CJK, "publisher": "港日報", "text": f"{CJK}\n\n{RTL}"},
    {"id": "wide", "title": "W" * 300, "publisher": "p" * 200, "url": "https://x.example/" + "u" * 500,
     "text": "long " + "x" * 3000 + " words that nothing breaks, and some that can be read as they are."},
)


@pytest.fixture(scope="module")
def odd(sampled: str, redis_url: str) -> str:
    """The samples, with documents that are hard to lay out."""
    with Archive.open(redis_url, sampled) as archive:
        list(archive.put_many(map(Document.checked, ODD)))
    return sampled


def of(path: str, collection: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}collection={collection}"


def test_no_page_has_a_flaw_or_is_wider_than_its_window(page: Page, visit: Watched, odd: str) -> None:
    visit.statuses = {404}
    found = {}
    for path in PAGES:
        page.goto(of(path, odd))
        found[path] = []
        for width in (WIDE, TABLET, PHONE):
            page.set_viewport_size({"width": width, "height": 844})
            if over := overflow(page):
                found[path].append(f"{over} pixels too wide at {width}")
        # Where most has to be scrolled
        found[path] += flaws(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_every_page_can_be_read_in_the_dark(browser: Browser, served: Service, odd: str) -> None:
    visit = Watched(browser, served.address, color_scheme="dark")
    visit.statuses = {404}
    for path in PAGES:
        visit.page.goto(of(path, odd))
        assert flaws(visit.page, "color-contrast") == []
    visit.close()


def test_the_page_of_the_calls_is_one_of_the_family(page: Page) -> None:
    page.goto("/docs")
    # It is as long as ten others: what it was once found to lack
    assert flaws(page, "nested-interactive", "scrollable-region-focusable", "link-name") == []
    page.set_viewport_size({"width": PHONE, "height": 844})
    assert overflow(page) == 0
    page.get_by_role("link", name="Archive", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Archive")


def test_a_keyboard_is_enough(page: Page, odd: str) -> None:
    page.goto(of("/archive/documents", odd))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Title or id")).to_be_focused()
    page.keyboard.type("rtl")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=rtl**")
    link = page.locator("td.what a").first
    link.focus()
    outline = link.evaluate("one => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_attribute("dir", "auto")


def test_directions_and_scripts_stand_as_they_are_read(page: Page, odd: str) -> None:
    page.goto(of("/archive/document?id=rtl", odd))
    heading = page.get_by_role("heading", level=1)
    assert heading.evaluate("one => getComputedStyle(one).direction") == "rtl"
    # Each paragraph of a text has its own direction
    lines = page.locator(".text").evaluate("""one => {
      const range = document.createRange(), text = one.firstChild, box = one.getBoundingClientRect();
      return [0, text.length - 5].map((at) => {
        range.setStart(text, at), range.setEnd(text, at + 1);
        return (range.getBoundingClientRect().left - box.left) / box.width;
      });
    }""")
    assert lines[0] > 0.5
    expect(page.locator(".stacks tbody tr")).to_have_count(2)


def test_a_page_is_printed_without_its_frame_and_in_light_colours(page: Page, odd: str) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(of("/archive/document?id=npa-2024-1008", odd))
    expect(page.locator("header.top")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_style_sheets_and_scripts_are_kept_until_they_change(page: Page, odd: str) -> None:
    kept = {}
    page.on("response", lambda answer: kept.update({answer.url: answer.headers.get("cache-control")}))
    page.goto(of("/archive", odd))
    page.wait_for_load_state()
    assets = {url: value for url, value in kept.items() if "/assets/" in url}
    assert len(assets) >= 3
    assert set(assets.values()) == {"public, max-age=31536000, immutable"}
