"""The time line of a report: dates to scale, and broken where one gap would leave nothing of the rest."""

from __future__ import annotations

import pytest

from service.pages.times import EDGE, NEAR, Times
from service.saying import long_span


def test_dates_are_to_scale_where_no_gap_dwarfs_the_others() -> None:
    times = Times(["2024-10-01", None, "2024-10-11"], "2024-10-03")
    assert times.places == [(EDGE, 0), (None, 0), (100 - EDGE, 0)]
    assert times.own == pytest.approx(EDGE + (100 - 2 * EDGE) / 5, abs=0.01)
    assert times.gaps == []
    assert times.ends == ("1 Oct 2024", "11 Oct 2024")


def test_one_source_of_years_ago_leaves_the_others_apart() -> None:
    dates = ["2019-09-05", "2024-10-08T06:00:00Z", "2024-10-08T12:00:00Z", "2024-10-08T18:00:00Z"]
    times = Times(dates, None)
    old, *new = [place for place, lane in times.places if place is not None and lane == 0]
    assert len(new) == 3
    [gap] = times.gaps
    assert (gap.start, gap.end, gap.words) == (old, new[0], "5 years")
    assert new[1] - new[0] == pytest.approx(new[2] - new[1], abs=0.02)
    assert new[1] - new[0] > 5 * NEAR
    assert new[2] == 100 - EDGE


def test_two_gaps_are_broken_and_no_more() -> None:
    times = Times(["2000-01-01", "2010-01-01", "2020-01-01", "2020-01-02", "2020-01-03"], None)
    assert [gap.words for gap in times.gaps] == ["10 years", "10 years"]
    assert times.gaps[0].end == times.gaps[1].start
    assert Times(["1990-01-01", "2000-01-01", "2010-01-01", "2020-01-01", "2020-01-02"], None).gaps == []


@pytest.mark.parametrize(
    "dates", [[], [None], ["2024-10-08"], ["2024-10-08", "2024-10-08"], ["2001-01-01", "2024-10-08"]]
)
def test_few_dates_have_no_gap(dates: list[str | None]) -> None:
    assert Times(dates, None).gaps == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(60, "1 hour"), (47 * 3600, "47 hours"), (3 * 86400, "3 days"), (61 * 86400, "2 months"),
     (700 * 86400, "23 months"), (1859 * 86400, "5 years")],
)
def test_a_long_time_is_said_roughly(seconds: float, said: str) -> None:
    assert long_span(seconds) == said
