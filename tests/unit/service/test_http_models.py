"""The models take what the engine takes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from nearcopy.document import MAX_ID_BYTES
from service.models import Date, DocumentBody, Id, Submission

TIMES = st.datetimes(min_value=datetime.datetime(2, 1, 1), max_value=datetime.datetime(9998, 1, 1))
# Surrogates too: they reach the models where JSON escapes them
TEXTS = st.text(st.characters(codec=None), max_size=600)


def accepted(kind: Any, value: str) -> bool:
    """Does a field of that type take the value?"""
    try:
        return bool(TypeAdapter(kind).validate_python(value, strict=True) == value)
    except ValidationError:
        return False


@given(TEXTS | st.integers(500, 520).map(lambda size: "é" * (size // 2) + "x" * (size % 2)))
def test_an_id_is_512_bytes_without_control_characters(value: str) -> None:
    controls = any(ord(character) < 32 or ord(character) == 127 for character in value)
    surrogates = any(0xD800 <= ord(character) < 0xE000 for character in value)
    good = bool(value) and not controls and not surrogates and len(value.encode()) <= MAX_ID_BYTES
    assert accepted(Id, value) == good


@given(TIMES, st.timezones(), st.sampled_from(["date", "naive", "aware"]))
def test_every_iso_date_is_a_date(moment: datetime.datetime, zone: datetime.tzinfo, form: str) -> None:
    texts = {
        "date": moment.date().isoformat(),
        "naive": moment.isoformat(),
        "aware": moment.replace(tzinfo=zone).isoformat(),
    }
    assert accepted(Date, texts[form])


@pytest.mark.parametrize(
    "value", ["2026-13-01", "2026-11-31", "now", "1700000000000", "2026/11/23", " 2026-11-23"]
)
def test_other_dates_are_refused(value: str) -> None:
    assert not accepted(Date, value)


@given(TEXTS)
def test_a_text_is_any_without_nul_and_lone_surrogates(text: str) -> None:
    good = bool(text) and "\0" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)
    try:
        assert Submission(text=text).text == text
    except ValidationError:
        assert not good
    else:
        assert good


def test_defaults_are_those_of_the_contract() -> None:
    submission = Submission(text="a")
    assert (submission.threshold, submission.min_words, submission.limit) == (None, 8, 10)
    assert (submission.exclude_documents, submission.exclude_publishers) == ([], [])
    assert DocumentBody(text="a").fields == {}
