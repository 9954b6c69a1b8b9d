"""The verdict as a person would say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nearcopy.report import Detection, Report, Source, Verdict
from service.cli.report import verdict

BEST = Source("tna-1", "Title", "Publisher", None, "2018-12-21", 0.88, 0.9, 0.8, 300, True, ())
SECOND = replace(BEST, document="tna-2", title=None, publisher=None, published_at=None, earliest=False)


def report(found: int, *sources: Source, said: Verdict = "copy") -> Report:
    detection = Detection(0.5, 0.992, 36, 3, "3 words", 20)
    return Report(said, 331, 0.91, 37, 37, found, False, sources, (), detection, "1", 2.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (report(0, said="unique"), "nothing of this text was found in the archive."),
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
