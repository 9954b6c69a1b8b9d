"""What people read: dates, shares, excerpts, and nothing that drives their terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cli.console import excerpt, one_line, safe
from service.saying import day, day_and_time, percent


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (0.0001, "under 1%"), (0.01, "1%"), (0.914, "91%"), (0.9999, "99%"), (1, "100%")],
)
def test_percent_calls_none_all_or_nothing_that_is_not(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("date", "shown"),
    [("2018-12-21", "21 Dec 2018"), ("2018-12-01T23:30:00-05:00", "2 Dec 2018"), (None, ""), ("", "")],
)
def test_day_is_the_date_in_utc(date: str | None, shown: str) -> None:
    assert day(date) == shown


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("2018-12-21", "21 Dec 2018"), ("20181221", "21 Dec 2018"),
        ("2018-12-01T23:30:00-05:00", "2 Dec 2018, 04:30 UTC"),
        ("2018-12-21T00:00", "21 Dec 2018, 00:00 UTC"),
    ],
)
def test_the_time_of_day_is_told_where_there_is_one(date: str, shown: str) -> None:
    assert day_and_time(date) == shown


@given(st.text(st.one_of(st.characters(), st.characters(categories=("Cc", "Cf")))))
def test_nothing_that_drives_a_terminal_is_left(text: str) -> None:
    turns = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    for shown, allowed in ((one_line(text), ""), (safe(text), "\n\t")):
        for letter in shown:
            assert letter in allowed or unicodedata.category(letter) != "Cc"
            assert unicodedata.bidirectional(letter) not in turns


def test_an_excerpt_keeps_both_ends() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(1000))
    assert excerpt(text, 10, 250) == text[10:250]
    assert excerpt(text, 10, 251) == f"{text[10:130]} […] {text[131:251]}"
    assert excerpt("a\n\nb\x07", 0, 5) == "a b\N{REPLACEMENT CHARACTER}"
