"""Reports that are kept, in a real browser: their link, their files, on paper, and their end."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import httpx
import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from nearcopy import samples
from tests.contract.serving import Service
from tests.e2e.browsing import Watched, flaws

SAID = "58% of this text was published before: 49% stands in Cracks close Caldry Bridge"


@pytest.fixture
def kept(page: Page, sampled: str) -> Page:
    page.goto(f"/check?collection={sampled}")
    page.locator("#text").fill(samples.submission())
    page.locator("#send").click()
    page.get_by_role("button", name="Keep this report for 30 days").click()
    page.wait_for_url("**/reports/**")
    return page


def test_a_report_has_a_link_until_it_is_deleted(visit: Watched, kept: Page, sampled: str) -> None:
    expect(kept.get_by_role("heading", level=1, name=SAID)).to_be_visible()
    expect(kept.locator(".keeping")).to_contain_text("whoever has this link and reaches this service")
    link = kept.get_by_label("Link").input_value()
    assert link == kept.url
    assert flaws(kept) == []
    kept.locator("#source-1 .choose").click()
    differs = kept.locator(".source.chosen .m.differs").all_text_contents()
    assert differs == ["kilometres", "Tuesday morning stretched"]
    kept.get_by_role("button", name="Delete this report").click()
    expect(kept.get_by_text("The report is deleted.")).to_be_visible()
    assert f"collection={sampled}" in kept.url
    visit.statuses = {404}
    kept.goto(link)
    expect(kept.get_by_role("alert")).to_contain_text("There is no such report")


def test_its_json_is_what_the_call_answers(kept: Page, served: Service, sampled: str) -> None:
    with kept.expect_download() as found:
        kept.get_by_role("link", name="JSON").click()
    told = json.loads(Path(found.value.path()).read_text("utf-8"))
    asked = {"text": samples.submission(), "return_text": True, "limit": 20}
    call = httpx.post(f"{served.address}/v1/check", params={"collection": sampled}, json=asked).json()
    assert told | {"took_ms": 0} == call | {"took_ms": 0}


def test_its_file_works_from_a_disk(visit: Watched, kept: Page, tmp_path: Path) -> None:
    with kept.expect_download() as found:
        kept.get_by_role("link", name="Save as one HTML file").click()
    path = tmp_path / found.value.suggested_filename
    found.value.save_as(path)
    alone = visit.context.new_page()
    alone.goto(path.as_uri())
    expect(alone.get_by_role("heading", level=1, name=SAID)).to_be_visible()
    alone.locator("#source-1 .choose").click()
    alone.keyboard.press("n")
    expect(alone.locator("#step")).to_contain_text("2 of 6 passages")
    thickness = "one => getComputedStyle(one).textDecorationThickness"
    assert alone.locator("#mine .now").first.evaluate(thickness) == "3px"
    assert alone.locator("form, .keeping").count() == 0
    assert flaws(alone) == []


def test_it_is_good_on_paper(kept: Page) -> None:
    closed = printed(kept)
    assert closed.startswith("1 / 3 Copied in part 58% of this text was published before")
    for words in ("© 1 Coastline Regional Newspapers.", "8 The man who has painted", "Any 20 words copied"):
        assert words in closed
    for words in ("Delete this report", "ignore this source", "What counts", "forty-four brushes"):
        assert words not in closed
    kept.locator("#source-8 .there summary").click()
    assert "forty-four brushes" in printed(kept)


def printed(page: Page) -> str:
    """What stands on the pages, on one line."""
    with pypdfium2.PdfDocument(BytesIO(page.pdf(format="A4"))) as document:
        return " ".join(" ".join(one.get_textpage().get_text_range() for one in document).split())
