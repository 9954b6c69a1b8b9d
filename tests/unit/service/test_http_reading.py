"""Requests become validated models, or a problem that names each fault."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import problems
from service.problems import Refused
from service.reading import parse_json, pointer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES.filter(lambda value: "Infinity" not in json.dumps(value)), st.booleans())
def test_json_is_read_as_it_was_written(value: Any, escaped: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary() | st.text(st.characters()).map(lambda text: json.dumps(text)[:-1].encode()))
def test_whatever_is_no_json_is_refused_in_words(raw: bytes) -> None:
    try:
        json.loads(raw.decode())
    except ValueError:
        with pytest.raises(Refused) as refused:
            parse_json(raw)
        assert refused.value.problem in (problems.INVALID_JSON, problems.NOT_UTF8)
        assert (refused.value.problem is problems.NOT_UTF8) == (not _decodes(raw))
        assert refused.value.detail


@pytest.mark.parametrize("surrogate", ["\\ud800", "\\udfff", "\\udc00\\ud800", "\\ud800\\u0041"])
def test_a_lone_surrogate_is_read_so_that_its_field_can_be_named(surrogate: str) -> None:
    raw = f'{{"text": "a{surrogate}", "limit": 3}}'.encode()
    assert parse_json(raw) == json.loads(raw)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json(b'"\\ud83d\\udea2"') == "🚢"


@pytest.mark.parametrize(
    "literal", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"01", b"+1", b".5", b"'a'"]
)
def test_what_only_python_takes_for_json_is_refused(literal: bytes) -> None:
    for raw in (literal, b'["\\ud800", ' + literal + b"]"):
        with_surrogate = raw is not literal
        if with_surrogate and literal == b"1e400":
            assert parse_json(raw) == ["\ud800", math.inf]
            continue
        with pytest.raises(Refused) as refused:
            parse_json(raw)
        assert refused.value.problem is problems.INVALID_JSON


def test_a_pointer_is_escaped_as_rfc_6901_has_it() -> None:
    assert pointer(()) == ""
    assert pointer(("exclude_documents", 3)) == "/exclude_documents/3"
    assert pointer(("a/b", "m~n", "~1", "")) == "/a~1b/m~0n/~01/"


def _decodes(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
