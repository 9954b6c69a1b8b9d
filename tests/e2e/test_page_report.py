"""A report in a real browser: marks, sources beside the text, keys, what counts, and hostile texts."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.e2e.browsing import PHONE, THEMES, flaws, overflow
from tests.waiting import until

STORY = (
    "The harbour office said on Tuesday that the old lighthouse on Gull Point will be lit again in May, "
    "forty years after its last keeper went home for good and left the lamp to the gulls."
)
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e <b>bold</b>"
ASTRAL = (
    "𝔗𝔥𝔢 𝔥𝔞𝔯𝔟𝔬𝔲𝔯 😀😀 keeps seven boats and a crane of iron that nobody has "
    "moved since the 🌊 flood of that year"
)
ARABIC = (
    "قالت البلدية يوم الثلاثاء إن الجسر القديم سيغلق لمدة عامين كاملين بينما تستبدل أعمدته التي تآكلت "
    "منذ زمن طويل وسيحول المرور إلى الطريق الدائري"
)
CHINESE = (
    "市议会星期二投票决定将旧桥关闭两年以便更换桥墩"
    "交通将改道环城公路渡轮每十分钟一班直到工程全部结束为止"
)


@pytest.fixture(scope="module")
def hostile(redis_url: str) -> str:
    name = f"t{os.getpid()}-hostile"
    documents = [
        Document("a/<script>&\"'", STORY + "\n\n" + HOSTILE, title="<script>document.title='x'</script>",
                 publisher="House \u202eesrever\u202c", url="javascript:alert(1)", published_at="2024-03-01"),
        Document("astral", ASTRAL.replace("crane of iron", "crane of wood"), title="𝔄𝔰𝔱𝔯𝔞𝔩",
                 publisher="x" * 300, url="HTTPS://astral.example/"),
        Document("arabic", ARABIC, title="الجسر القديم", publisher="صحيفة",
                 published_at="2024-05-01T06:00:00Z"),
        Document("chinese", CHINESE, title="旧桥", published_at="2024-05-01"),
    ]
    with Archive.open(redis_url, name) as archive:
        list(archive.put_many(documents))
    return name


def report(page: Page, collection: str, text: str, **known: str) -> Page:
    page.goto(f"/check?collection={collection}")
    page.locator("#text").fill(text)
    if known:
        page.locator(".more summary").click()
    for name, value in known.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#send").click()
    expect(page.locator("#report")).to_be_visible()
    return page


@pytest.fixture
def sample(page: Page, sampled: str) -> Page:
    return report(page, sampled, samples.submission())


def pieces(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def counted(page: Page) -> dict[str, Any]:
    told: dict[str, Any] = page.evaluate(
        """() => { const {counted, figures} = nearcopy.report;
        return {...counted, owner: Array.from(counted.owner), words: figures.words} }"""
    )
    return told


def test_script_and_server_count_the_same(sample: Page) -> None:
    at_first = sample.locator("#marks").inner_html().split()
    told = counted(sample)
    shares = [f"{round(100 * words / told['words'])}%" for words in told["bySource"]]
    assert shares == pieces(sample, ".shares li:first-child b")
    assert (told["total"], told["verdict"]) == (483, "partial")
    assert round(100 * told["covered"] / told["total"]) == 58
    sample.evaluate("nearcopy.report.show()")
    again = sample.locator("#marks").inner_html()
    assert again.count("<rect") == " ".join(at_first).count("<rect") == 7
    expect(sample.locator("#adjusted")).to_be_hidden()


def test_a_source_beside_the_text_is_walked_through_by_keys(sample: Page) -> None:
    sample.locator("#source-1 .choose").click()
    expect(sample.locator("#step")).to_have_text("1 of 6 passages: 79 words, 100% equal")
    expect(sample.locator("#source-2")).to_be_hidden()
    sample.keyboard.press("n")
    expect(sample.locator("#step")).to_have_text("2 of 6 passages: 35 words, 89% equal")
    assert "".join(pieces(sample, "#mine .now")).startswith("being sent to the Tollmarsh crossing")
    assert pieces(sample, "#theirs .now.differs") == ["kilometres", "Tuesday morning stretched"]
    assert differing(sample) == ["km", "weekday mornings stretch"]
    # Both at one moment: the page itself may still be scrolling
    apart = sample.evaluate(
        """() => { const top = (id) => document.querySelector(`${id} .now`).getBoundingClientRect().top;
        return Math.abs(top("#mine") - top("#theirs")) }"""
    )
    assert apart < 30
    sample.locator("#theirs .m", has_text="Skerrow Line said").click()
    assert pieces(sample, "#mine .now")[0].startswith("Skerrow Line said")
    sample.keyboard.press("p")
    expect(sample.locator("#step")).to_contain_text("2 of 6")
    sample.keyboard.press("Escape")
    expect(sample.locator("#source-2")).to_be_visible()
    assert differing(sample) == []
    sample.locator("#mine .g", has_text="Steel talks to you").click()
    expect(sample.locator("#source-8")).to_have_class("source s8 chosen")


def differing(page: Page) -> list[str]:
    """The words that are underlined in the text, as the browser has them."""
    told: list[str] = page.evaluate(
        """() => [...(CSS.highlights.get("differs") ?? [])].map(
        (one) => one.startContainer.data.slice(one.startOffset, one.endOffset))"""
    )
    return told


def test_both_columns_scroll_together(sample: Page) -> None:
    sample.set_viewport_size({"width": 1400, "height": 500})
    sample.locator("#source-1 .choose").click()
    expect(sample.locator("#step")).to_contain_text("1 of 6")
    before = at_rest(sample)
    sample.evaluate("document.querySelector('#mine').scrollTop += 600")
    until(lambda: at_rest(sample) > before + 200)
    sample.locator("#together").uncheck()
    before = at_rest(sample)
    sample.evaluate("document.querySelector('#mine').scrollTop = 0")
    assert at_rest(sample) == before


def at_rest(page: Page) -> float:
    """How far the source's text is scrolled, once it moves no more. Asked again from here: the page's own
    policy forbids what Playwright's `wait_for_function` does."""
    places: list[float] = []

    def rests() -> bool:
        page.wait_for_timeout(100)
        places.append(page.evaluate("document.querySelector('#theirs').scrollTop"))
        return places[-2:-1] == places[-1:]

    until(rests)
    return places[-1]


def test_what_counts_changes_the_view_at_once(sample: Page) -> None:
    headline, first = sample.locator("#headline"), sample.locator("#headline").inner_text()
    sample.locator("#controls summary").click()
    sample.get_by_label("ignore common paragraphs").check()
    expect(headline).to_contain_text("56% of this text stands in the sources that count: 47% in Cracks close")
    expect(sample.locator("#adjusted")).to_contain_text("463 of 483 words")
    sample.get_by_label("ignore common paragraphs").uncheck()
    assert headline.inner_text() == first
    sample.get_by_label("ignore quotations").check()
    assert counted(sample)["total"] < 483
    assert "s1" not in (sample.locator(".g.quoted").first.get_attribute("class") or "").split()
    sample.locator("#reset").click()
    sample.locator("#source-1 .ignore-source").check()
    expect(sample.locator("#source-1 .as-found")).to_be_visible()
    assert "s2" in (sample.locator("#g0").get_attribute("class") or "").split()
    expect(headline).to_contain_text("in Orme crossing shut after survey finds damage")
    sample.locator("#source-2 .ignore-publisher").check()
    expect(sample.locator("#source-2")).to_have_class("source s2 ignored")
    sample.locator("#reset").click()
    expect(sample.locator("#source-1 .as-found")).to_be_hidden()
    sample.locator("#least-equal").fill("95")
    expect(sample.locator(".g", has_text="being sent to the Tollmarsh")).not_to_have_class("g s1 first")
    sample.locator("#reset").click()
    assert headline.inner_text() == first
    sample.locator("#least-words").fill("100000")
    expect(headline).to_have_text("Nothing of this text stands in what counts.")
    expect(sample.locator("#verdict")).to_have_text("Not found before")


def test_the_bar_leads_to_its_place(sample: Page) -> None:
    sample.set_viewport_size({"width": 1400, "height": 300})
    sample.locator("#marks rect").last.click()
    expect(sample.locator("#mine .now")).to_be_in_viewport()
    assert pieces(sample, "#mine .now")[0].startswith("Coastline Regional Newspapers. This article may not")


@pytest.mark.parametrize("theme", THEMES)
def test_everybody_can_read_it(sample: Page, theme: Any) -> None:
    sample.emulate_media(color_scheme=theme)
    for about in ("controls", "limits"):
        sample.locator(f".{about} summary").click()
    assert flaws(sample) == []
    sample.locator("#source-1 .choose").click()
    assert flaws(sample) == []
    sample.set_viewport_size({"width": PHONE, "height": 800})
    assert overflow(sample) == 0
    sample.keyboard.press("Escape")
    assert overflow(sample) == 0


def test_a_figure_is_explained_where_it_stands(sample: Page) -> None:
    sample.locator("#source-1").get_by_role("button", name="of the source").focus()
    sample.keyboard.press("Enter")
    expect(sample.locator("#why-contained")).to_be_visible()
    sample.keyboard.press("Escape")
    expect(sample.locator("#why-contained")).to_be_hidden()


def test_hostile_texts_and_titles_do_nothing(page: Page, hostile: str) -> None:
    report(page, hostile, f"{HOSTILE}\n\n{STORY}")
    assert page.title() == "Check a text · Nearcopy"
    cited = page.locator("#headline cite")
    assert cited.text_content() == "<script>document.title='x'</script>"
    assert page.locator("#source-1 .by bdi").text_content() == "House �esrever\u202c"
    assert page.locator("#source-1").get_by_role("link", name="original").count() == 0
    assert page.locator("#report img, #report b b, #result script:not([type])").count() == 0
    assert HOSTILE.replace("\u202e", "�") in pieces(page, "#mine .words")[0]
    page.locator("#source-1 .choose").click()
    boilerplate = "script><img src=x onerror=alert(1)>� <b>bold</b"
    assert pieces(page, "#theirs .m.starts") == [STORY.rstrip("."), boilerplate]


def test_characters_beyond_the_first_plane_stay_whole(page: Page, hostile: str) -> None:
    report(page, hostile, f"😀 First.\n\n😀 {ASTRAL}")
    page.locator("#source-1 .choose").click()
    assert differing(page) == ["iron"]
    assert pieces(page, "#theirs .m.differs") == ["wood"]
    assert "".join(pieces(page, "#mine .on")) == ASTRAL
    expect(page.locator("#headline")).to_contain_text("𝔄𝔰𝔱𝔯𝔞𝔩, xxx")


def test_a_word_that_never_ends_widens_nothing(page: Page, hostile: str) -> None:
    page.set_viewport_size({"width": PHONE, "height": 900})
    report(page, hostile, ASTRAL)
    assert overflow(page) == 0
    original = page.locator(".by").get_by_role("link", name="original")
    assert original.get_attribute("href") == "HTTPS://astral.example/"


def test_other_scripts_run_their_way(page: Page, hostile: str) -> None:
    report(page, hostile, f"{ARABIC}\n\n{CHINESE}", published_at="2024-04-01")
    direction = "one => getComputedStyle(one).direction"
    assert [one.evaluate(direction) for one in page.locator("#mine .words").all()] == ["rtl", "ltr"]
    expect(page.locator("#headline")).to_contain_text("None of this text was found before its own date.")
    expect(page.locator("#verdict")).to_have_text("Earlier than all found")
    assert pieces(page, "#mine .g") == [ARABIC, CHINESE]
    expect(page.locator(".remarks")).to_contain_text("Another one is of the same day: which came first is")
    assert flaws(page) == []


def test_a_text_that_is_new_says_what_that_means(page: Page, sampled: str) -> None:
    report(page, sampled, "Nobody ever wrote these words about a marmalade regatta in the desert before.")
    expect(page.locator("#headline")).to_have_text("Nothing of this text was found in the archive.")
    expect(page.locator("#verdict")).to_have_text("Not found before")
    expect(page.locator(".limits")).to_contain_text("found with a probability of 99.2%")
    page.keyboard.press("n")
    assert flaws(page) == []
