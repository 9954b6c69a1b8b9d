"""The page where a text is checked, in a real browser: pasted, as a file, from the archive, with and without
JavaScript, and what it says where that cannot be done."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.contract.serving import Service
from tests.e2e.browsing import PHONE, Watched, flaws, overflow

SAID = "58% of this text was published before: 49% stands in Cracks close Caldry Bridge"

LEFT_OUT = """() => [...document.querySelectorAll(".words")].filter(
    (one) => !one.checkVisibility({contentVisibilityAuto: true})).length"""
"""Paragraphs that the browser does not lay out, as nobody sees them."""


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


def test_long_work_shows_itself_and_can_be_given_up(visit: Watched, form: Page) -> None:
    held: list[Route] = []
    form.route("**/check?*", lambda route: held.append(route))
    form.locator("#text").fill(samples.submission())
    form.locator("#send").click()
    expect(form.locator("#progress")).to_contain_text("Comparing the text with the archive…")
    expect(form.locator("#send")).to_be_disabled()
    form.get_by_role("button", name="Cancel").click()
    expect(form.locator("#progress")).to_be_hidden()
    expect(form.locator("#text")).to_have_value(samples.submission())
    held.pop().abort()
    form.locator("#send").click()
    expect(form.locator("#progress")).to_be_visible()
    held.pop().abort()
    expect(form.locator("#fault")).to_contain_text("The service does not answer. Your text is still here")
    form.unroute_all()
    form.locator("#send").click()
    expect(form.locator("#headline")).to_contain_text(SAID)
    visit.wrong = [one for one in visit.wrong if "net::ERR_FAILED" not in one]


def test_a_long_text_stays_light(page: Page, redis_url: str) -> None:
    chance, name = Random(5), f"t{os.getpid()}-long"
    words = ["".join(chance.choices("bdklmnrst", k=5)) for _ in range(5000)]
    copied = [" ".join(chance.choices(words, k=25)) for _ in range(2000)]
    with Archive.open(redis_url, name) as archive:
        list(archive.put_many(
            Document(f"d{number}", "\n\n".join(f"{one} {number}" for one in copied[number::20]))
            for number in range(20)
        ))
    text = "\n\n".join(" ".join([*chance.choices(words, k=25), one]) for one in copied)
    page.goto(f"/check?collection={name}")
    page.evaluate("text => { document.querySelector('#text').value = text }", text)
    page.locator("#send").click()
    expect(page.locator("#headline")).to_contain_text("50% of this text was published before")
    expect(page.locator("#step")).to_have_text("2000 passages")
    assert page.evaluate("document.querySelectorAll('#mine *').length") == 2000 * 5
    assert page.evaluate(LEFT_OUT) > 1900
    page.locator("#source-20 .choose").click()
    expect(page.locator("#step")).to_have_text("1 of 100 passages: 25 words, 100% equal")
    page.keyboard.press("n")
    expect(page.locator("#mine .now")).to_be_in_viewport()
    expect(page.locator("#theirs .m.now")).to_be_in_viewport()
