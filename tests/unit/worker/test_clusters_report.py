"""The page of a report: self-contained, escaped, and every figure leads down to texts."""

from __future__ import annotations

import base64
import hashlib
import random
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearcopy.clusters.group import group
from nearcopy.document import Document
from nearcopy.parameters import Parameters
from tests.unit.clusters.made import LINE, figures, made, members, pairs
from worker.clusters.beside import Run, beside, runs
from worker.clusters.drawing import bars, time_line
from worker.clusters.report import page, write_report
from worker.clusters.summary import summary

HOSTILE = '<script>alert(1)</script></style></title>"\'&'

DRAW = random.Random(1)
LINES = [" ".join("".join(DRAW.choices("abcdefgh", k=4)) for _ in range(LINE)) for _ in range(60)]


NINE = range(9)

DOCUMENTS = [
    *(made(f"{HOSTILE}{k}", [*range(10), 20 + k], f"2026-01-0{k + 1}", f"{HOSTILE}{k % 3}") for k in NINE),
    made("one", range(30, 36), "2026-02-01", "Agency"),
    made("two", range(30, 36), None, "Paper"),
    made("three", range(40, 46)),
    made("four", range(40, 46)),
    made("alone", [59], "2026-01-01", "Paper"),
]
TABLE = members(DOCUMENTS)


def text(number: int) -> Document:
    one = DOCUMENTS[number]
    return Document(one.id, HOSTILE + " ".join(LINES[k] for k in sorted(one.lines)))


VOID = {"meta"}


class Read(HTMLParser):
    """What a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: set[str] = set()
        self.texts: dict[str, str] = {}
        self._sheet, self._open = "", [""]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        self.tags.append((tag, has))
        if has.get("id"):
            assert has["id"] not in self.ids
            self._sheet = str(has["id"])
            self.ids.add(self._sheet)
        if tag not in VOID:
            self._open.append("text" if has.get("class") == "text" else tag)

    def handle_endtag(self, _tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if "text" in self._open and self._open[-1] != "sup":
            self.texts[self._sheet] = self.texts.get(self._sheet, "") + data


@pytest.fixture(scope="module")
def html() -> str:
    found = pairs(DOCUMENTS)
    clusters = group(TABLE, found, lambda keys: figures(DOCUMENTS, keys))
    told = summary(TABLE, found, clusters) | {"threshold": 0.5, "containment": 0.8}
    return page(TABLE, clusters, told, text, Parameters())


def test_nothing_is_loaded_and_nothing_runs(html: str) -> None:
    read = Read(html)
    assert not {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "base", "form"}
    for tag, has in read.tags:
        assert not {"src", "style", "srcset"} & has.keys(), tag
        assert not any(name.startswith("on") for name in has), tag
        assert "href" not in has or str(has["href"]).startswith("#"), has
    [policy] = [str(has["content"]) for _, has in read.tags if has.get("http-equiv")]
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert html.count("<style>") == 1


def test_every_link_leads_somewhere_and_every_figure_down_to_texts(html: str) -> None:
    read = Read(html)
    links = {str(has["href"])[1:] for _, has in read.tags if "href" in has}
    assert links <= read.ids
    # Of sizes 2 and 9; who reprints whom; three clusters; of each at least a pair
    assert {"s-0", "s-1"} <= links
    assert {one for one in links if one.startswith("r-")}
    assert {one.split("-")[1] for one in links if one.startswith("p-")} == {"0", "1", "2"}


def test_texts_stand_side_by_side_unchanged(html: str) -> None:
    read = Read(html)
    sheets = [one for one in read.ids if one.startswith("p-")]
    assert len(sheets) >= 8
    whole = {text(number).text for number in range(len(DOCUMENTS))}
    for one in sheets:
        right = text(int(one.split("-")[2])).text
        assert read.texts[one].endswith(right)
        assert read.texts[one].removesuffix(right) in whole


def test_an_archive_without_clusters_has_a_page(tmp_path: Path) -> None:
    found = pairs(DOCUMENTS)
    told = summary(TABLE, found.chosen(found.a < 0), []) | {"threshold": 0.5, "containment": None}
    write_report(tmp_path / "r.html", TABLE, [], told, text, Parameters())
    assert "There are no clusters" in (tmp_path / "r.html").read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["r.html"]


def test_a_time_line_has_a_dot_a_dated_document_by_publisher() -> None:
    clusters = group(TABLE, pairs(DOCUMENTS), lambda keys: figures(DOCUMENTS, keys))
    [largest] = [one for one in clusters if len(one.members) == 9]
    line = time_line(TABLE, largest)
    assert line is not None
    assert [dot.number for dot in line.dots] == largest.members.tolist()
    xs = [dot.x for dot in line.dots]
    np.testing.assert_allclose(np.diff(xs), (xs[-1] - xs[0]) / 8, atol=0.2)
    assert (len(line.rows), line.first, line.last, line.undated) == (3, "2026-01-01", "2026-01-09", 0)
    assert all(time_line(TABLE, one) is None for one in clusters if one is not largest)


def test_bars_count_all_clusters() -> None:
    clusters = group(TABLE, pairs(DOCUMENTS), lambda keys: figures(DOCUMENTS, keys))
    assert [(bar.name, bar.count) for bar in bars(clusters)] == [
        ("2", 2), ("3", 0), ("4", 0), ("5", 0), ("6–10", 1),
    ]
    assert bars([]) == []


@given(st.text(max_size=40), st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=6))
def test_runs_are_the_text(whole: str, passages: list[tuple[int, int]]) -> None:
    assert "".join(one.text for one in runs(whole, passages)) == whole


def test_passages_are_marked_by_number_on_both_sides() -> None:
    first, second = LINES[0], LINES[1]
    found = beside(f"{first} and {second}", f"{second} but {first}", Parameters())
    assert found.left == [Run(first, 1), Run(" and "), Run(second, 2)]
    assert found.right == [Run(second, 2), Run(" but "), Run(first, 1)]


