"""The page where a text is checked, in a real browser: pasted, as a file, from the archive, with and without
JavaScript, and what it says where that cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from nearcopy import samples
from tests.contract.serving import Service
from tests.e2e.browsing import PHONE, Watched, flaws, overflow

SAID = "58% of this text was published before: 49% stands in Cracks close Caldry Bridge"


@pytest.fixture
def form(page: Page, sampled: str) -> Page:
    page.goto(f"/check?collection={sampled}")
    return page


def test_a_text_is_pasted_and_its_report_comes_on_the_same_page(form: Page) -> None:
    form.get_by_label("Text", exact=True).fill(samples.submission())
    form.get_by_role("button", name="Check", exact=True).click()
    expect(form.get_by_role("heading", level=1, name=SAID)).to_be_visible()
    assert form.evaluate("location.pathname") == "/check"
    assert form.locator(".source").count() == 8
    assert flaws(form) == []
    form.set_viewport_size({"width": PHONE, "height": 800})
    assert overflow(form) == 0


def test_without_javascript_it_does_the_same(browser: Browser, served: Service, sampled: str) -> None:
    visit = Watched(browser, served.address, java_script_enabled=False)
    page = visit.page
    page.goto(f"/check?collection={sampled}")
    page.get_by_label("Text", exact=True).fill(samples.submission())
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_role("heading", level=1, name=SAID)).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value(samples.submission())
    first = page.locator("#source-1 .there")
    first.locator("summary").click()
    expect(first.get_by_role("link", name="Tuesday morning stretched")).to_have_class("m differs")
    visit.close()


def test_a_file_is_dropped_and_its_text_is_there_then(form: Page, tmp_path: Path) -> None:
    path = tmp_path / "story.html"
    path.write_text(f"<html><body><article><p>{samples.submission().splitlines()[4]}</p></article></body></html>")
    form.locator("#file").set_input_files(path)
    expect(form.locator("#headline")).to_contain_text("100% of this text was published before, in")
    assert form.get_by_label("Text", exact=True).input_value().startswith("Engineers had been working")


def test_what_cannot_be_checked_is_said_where_it_is_and_the_text_stays(visit: Watched, form: Page) -> None:
    visit.statuses = {422}
    text = form.get_by_label("Text", exact=True)
    text.fill("…")
    form.get_by_text("What you know of it").click()
    form.get_by_label("Date it appeared, or will").fill("yesterday")
    form.get_by_role("button", name="Check", exact=True).click()
    expect(form.locator("#published_at-fault")).to_contain_text("write 2026-11-23")
    form.get_by_label("Date it appeared, or will").fill("2026-11-23")
    form.get_by_role("button", name="Check", exact=True).click()
    expect(form.locator("#text-fault")).to_contain_text("holds no word")
    expect(text).to_have_value("…")
    expect(text).to_have_attribute("aria-invalid", "true")


def test_a_stored_document_is_opened(page: Page, sampled: str) -> None:
    page.goto(f"/check?collection={sampled}&document=npa-2024-1008")
    told = "None of this text was found before its own date. Later, 100%"
    expect(page.locator("#headline")).to_contain_text(told)
    expect(page.locator("#publisher")).to_have_value("Nordhafen Press Agency")
    assert page.locator(".source .id", has_text="npa-2024-1008").count() == 0
