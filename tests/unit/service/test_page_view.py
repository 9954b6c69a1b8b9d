"""The view of a report: where texts are cut, where passages differ, and what is said."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from nearcopy import samples
from nearcopy.align import differences
from nearcopy.check import compare
from nearcopy.document import Document
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from service.pages.cutting import cut
from service.pages.sentences import badge, headline, order, remarks
from service.pages.view import view


def test_as_many_words_are_equal_as_the_passages_of_samples_say() -> None:
    text, looked = samples.submission(), 0
    here = scan_texts([text])
    for document in samples.archive():
        other = scan_texts([document.text])
        for one in compare(text, document.text, Parameters()).passages:
            a = here.hashes[(here.starts >= one.start) & (here.ends <= one.end)]
            b = other.hashes[(other.starts >= one.source_start) & (other.ends <= one.source_end)]
            assert int((~differences(a, b)[0]).sum()) == round(one.similarity * max(len(a), len(b)))
            looked += 1
    assert looked > 50


def test_a_text_is_cut_at_passages_and_quotations() -> None:
    text = "One two “three four” five.\n\n* * *\n\nSix seven."
    here = scan_texts([text])
    spans = [("two", "three"), ("five", "Six")]
    found = cut(text, here, [(text.index(one), text.index(other) + len(other)) for one, other in spans])
    pieces = [text[start:end] for start, end, *_ in found.pieces.tolist()]
    assert pieces == ["two ", "“three", " four”", "five.", "Six"]
    assert found.quoted.tolist() == [False, True, True, False, False]
    assert found.pieces[:, 2:].tolist() == [[0, 1], [0, 1], [0, 1], [0, 1], [1, 1]]
    assert found.passages.tolist() == [[0, 2], [3, 5]]


def test_unclosed_quotation_marks_cost_no_time() -> None:
    text = "word " + "「『„“«\"" * 50_000
    assert len(cut(text, scan_texts([text]), []).pieces) < 100_000


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("2024-01-01", "2024-01-02", -1),
        ("2024-01-01", "2024-01-01T08:00:00Z", 0),
        ("2024-01-01T08:00:00Z", "2024-01-01T07:00:00Z", 1),
        ("2024-01-01T23:00:00-05:00", "2024-01-02", 0),
        ("2024-01-01", "2024-01-01", 0),
    ],
)
def test_dates_are_ordered_as_far_as_they_say(one: str, other: str, said: int) -> None:
    assert (order(one, other), order(other, one)) == (said, -said)


def source(name: str, share: float, date: str | None, **more: Any) -> dict[str, Any]:
    return {"document": name, "containment": share, "published_at": date, "earliest": False, **more}


def told(coverage: float, *sources: dict[str, Any], verdict: str = "copy", **more: Any) -> dict[str, Any]:
    return {
        "verdict": verdict, "coverage": coverage, "sources": sources, "sources_found": len(sources),
        "paragraphs": [], "bounded": False, **more,
    }


BEST, OLD = source("a", 0.88, "2018-12-21"), source("b", 0.4, "2018-12-20", earliest=True)
COMMON = {"status": "common"}


@pytest.mark.parametrize(
    ("report", "own", "said"),
    [
        (told(0, verdict="unique"), None, ["Nothing of this text was found in the archive."]),
        (
            told(0, verdict="unique", paragraphs=[COMMON]), None,
            ["Only common paragraphs of this text, such as notices, were found in the archive."],
        ),
        (told(0.94, BEST, OLD), None, ["94% of this text was published before: ", "88% stands in ", 0, "."]),
        (told(0.88, BEST), None, ["88% of this text was published before, in ", 0, "."]),
        (
            told(0.4, BEST, verdict="unique"), None,
            ["Apart from common paragraphs and repeats, under 5% of this text was published before; most of "
             "that in ", 0, "."],
        ),
        (
            told(0.94, BEST, OLD), "2018-12-20",
            ["70% of this text was published before 20 Dec 2018: ", "40% stands in ", 1, "."],
        ),
        (
            told(0.94, BEST, OLD), "2018-12-01",
            ["None of this text was found before its own date. Later, 94% of it was published: ",
             "88% stands in ", 0, "."],
        ),
    ],
)
def test_the_verdict_is_what_a_person_would_say(
    report: dict[str, Any], own: str | None, said: list[Any]
) -> None:
    assert headline(report, own, 0.7) == said


@pytest.mark.parametrize(
    ("report", "own", "said"),
    [
        (told(0.94, BEST, OLD), None, [["The earliest known is ", 1, "."]]),
        (told(0.9, source("a", 0.9, None)), None, [["Its date is not known."]]),
        (
            told(0.9, source("a", 0.9, None), source("b", 0.8, None)), None,
            [["Nobody can say who had it first: what holds most of this text has no date."]],
        ),
        (
            told(0.9, OLD, source("c", 0.3, "2018-12-20T08:00:00Z"), source("d", 0.3, None)), None,
            [["It is the earliest too."], ["Another one is of the same day: which came first is not known."],
             ["Another one is undated, and may be earlier."]],
        ),
        (
            told(0.94, BEST, OLD), "2018-12-20",
            [["The earliest known is ", 1, "."], ["1 of the sources is later than that."],
             ["1 of the sources is of the same day as this text, and may be later than it."]],
        ),
        (
            told(0.9, OLD, sources_found=40, bounded=True, paragraphs=[COMMON, COMMON, {"status": "repeat"}]),
            None,
            [["40 sources were found; the one that matters most is listed."],
             ["2 common paragraphs and 1 repeat: the percentages count them, the verdict does not."],
             ["More documents share parts of it than could be compared, and may be sources too."]],
        ),
    ],
)
def test_what_is_not_known_is_said(report: dict[str, Any], own: str | None, said: list[Any]) -> None:
    assert remarks(report, own) == said


def test_who_was_first_copied_nobody() -> None:
    assert badge(told(0.94, BEST, OLD), None) == "A copy"
    assert badge(told(0.94, BEST, OLD), "2018-12-20") == "A copy"
    assert badge(told(0.94, BEST, OLD), "2018-12-19") == "Earlier than all found"


def test_figures_end_no_element_and_count_as_browsers_do() -> None:
    text = "😀 alpha beta gamma delta epsilon </script> 😀😀 zeta eta here, 😀 theta iota kappa lambda"
    there = "alpha beta gamma delta epsilon script zeta eta there theta iota kappa lambda"
    [passage] = compare(text, there, Parameters()).passages
    listed = source("a", 1, None, title=None, publisher="</script>", passages=[asdict(passage)])
    whole = {"index": 0, "start": 0, "end": len(text), "words": 13, "status": "matched"}
    report = told(1, listed, words=13, paragraphs=[whole])
    shown = view(report, text, {}, {"a": Document("a", there)})
    assert "<" not in shown.data
    figures = json.loads(shown.data)["sources"][0]
    assert figures["publisher"] == "</script>"
    assert figures["passages"] == [0, 1, 13, 0.9231]
    assert [piece.text for piece in shown.paragraphs[0].pieces] == ["😀 ", text[2:]]
    _, _, start, end = figures["differs"]
    assert text[2:].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le") == "here"
    assert shown.sources[0].there is not None
    assert [part.text for part in shown.sources[0].there.paragraphs[0] if part.differs] == ["there"]


def test_what_is_more_than_a_browser_shows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.pages.view.MOST_PASSAGES", 1)
    monkeypatch.setattr("service.pages.view.MOST_PARAGRAPHS", 2)
    text = "\n\n".join(["alpha beta gamma delta", "epsilon zeta", "eta theta"])
    spans = scan_texts([text]).spans.tolist()
    passages = [
        {"start": start, "end": end, "source_start": start, "source_end": end, "words": last - first,
         "similarity": 1.0}
        for start, end, first, last in spans[1::-1]
    ]
    listed = source("a", 1, None, title=None, publisher=None, passages=passages)
    shown = view(told(1, listed, words=8, paragraphs=paragraphs(spans)), text, {}, None)
    assert shown.sources[0].told["passages"] == passages[1:]
    assert [[one.number for one in paragraph.pieces] for paragraph in shown.paragraphs] == [[0], [None]]
    assert shown.after == "eta theta"
    assert shown.remarks[-2:] == [
        ["Only the first 2 of its paragraphs are marked."], ["Of 2 passages the 1 longest are marked."],
    ]


def test_a_text_without_passages_and_quotations_has_no_pieces() -> None:
    text = "Nobody wrote this before."
    shown = view(told(0, words=4, paragraphs=paragraphs(scan_texts([text]).spans.tolist())), text, {}, {})
    assert [piece.text for piece in shown.paragraphs[0].pieces] == [text]
    assert (shown.marks, json.loads(shown.data)["pieces"]) == ([], [])


def paragraphs(spans: list[list[int]]) -> list[dict[str, Any]]:
    return [
        {"index": number, "start": start, "end": end, "words": last - first, "status": "matched"}
        for number, (start, end, first, last) in enumerate(spans)
    ]
