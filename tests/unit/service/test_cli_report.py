"""The verdict as a person would say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nearcopy.judge.case import Options
from nearcopy.report import Detection, Match, ParagraphReport, Report, Source, Verdict
from service.cli.report import UNIQUE_BELOW, print_report, verdict

BEST = Source("tna-1", "Title", "Publisher", None, "2018-12-21", 0.88, 0.9, 0.8, 300, True, ())
SECOND = replace(BEST, document="tna-2", title=None, publisher=None, published_at=None, earliest=False)

COMMON = ParagraphReport(1, 10, 20, 9, "common", 0, 53, (Match("tna-1", 5, 15, 1.0, 1.0),))
REPEAT = replace(COMMON, index=2, status="repeat")


def report(found: int, *sources: Source, said: Verdict = "copy") -> Report:
    detection = Detection(0.5, 0.992, 36, 3, "3 words", 20)
    return Report(said, 331, 0.91, 37, 37, found, False, sources, (), detection, "1", 2.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (report(0, said="unique"), "nothing of this text was found in the archive."),
        (
            replace(report(0, said="unique"), paragraphs=(COMMON,)),
            "only boilerplate of this text was found in the archive.",
        ),
        (
            report(1, BEST, said="unique"),
            "apart from common paragraphs and repeats, under 5% of this text was published before; "
            "the only source is “Title”, Publisher, 21 Dec 2018.",
        ),
        (
            report(12, SECOND, BEST, said="unique"),
            "apart from common paragraphs and repeats, under 5% of this text was published before; "
            "the best of 12 sources is tna-2.",
        ),
        (
            replace(report(1, BEST, said="unique"), coverage=0.049),
            "5% of this text was published before, in “Title”, Publisher, 21 Dec 2018, the only source.",
        ),
        (
            report(1, BEST),
            "91% of this text was published before, in “Title”, Publisher, 21 Dec 2018, the only source.",
        ),
        (
            report(12, BEST, SECOND),
            "91% of this text was published before: 88% stands in “Title”, Publisher, 21 Dec 2018, "
            "the earliest of 12 sources.",
        ),
        (
            report(12, SECOND, BEST),
            "91% of this text was published before: 88% stands in tna-2; "
            "the earliest of 12 sources is “Title”, Publisher, 21 Dec 2018.",
        ),
        (
            report(12, SECOND),
            "91% of this text was published before: 88% stands in tna-2, the best of 12 sources.",
        ),
    ],
)
def test_verdict(given: Report, said: str) -> None:
    assert verdict(given) == said


def test_the_bound_is_the_verdicts_own() -> None:
    assert Options().unique_below == UNIQUE_BELOW


def test_listed_sources_of_one_day_have_their_time_where_it_is_known() -> None:
    first = replace(BEST, published_at="2018-12-21T06:10:00Z")
    for other, shown in (("2018-12-21", "21 Dec 2018, 06:10 UTC"), ("2018-12-22", "21 Dec 2018")):
        given = report(2, first, replace(SECOND, published_at=other))
        assert f"stands in “Title”, Publisher, {shown}, the earliest of" in verdict(given)


def test_what_the_verdict_does_not_count_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = "Common paragraphs: 1, repeats: 1. Percentages count them, the verdict does not.\n"
    print_report(replace(report(1, BEST), paragraphs=(COMMON, REPEAT)), "")
    assert told in capsys.readouterr().out
    print_report(replace(report(1, BEST), paragraphs=(replace(COMMON, status="matched"),)), "")
    assert "the verdict does not" not in capsys.readouterr().out


def test_a_repeat_that_is_common_is_called_common(capsys: pytest.CaptureFixture[str]) -> None:
    print_report(replace(report(1, BEST), paragraphs=(COMMON, REPEAT)), "")
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1", "10-20", "9", "common", "53", "1.00", "100%"] in rows
    assert ["2", "10-20", "9", "repeat", "of", "0", "53", "1.00", "100%"] in rows
