"""The guesses at an archive's fields, and how they are shown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from archived import crawl, jsonl, parquet, table, written

from nearcopy.errors import InputError
from worker.archive import Mapping, describe, guess, sources


def guessed(records: Sequence[Any], **given: str) -> Mapping:
    """The guess for some JSON lines."""
    return guess(sources(["-"], io.BytesIO(jsonl(records))), given)


LONG = "A long text that nobody would take for anything else than a text."


@pytest.mark.parametrize(
    ("record", "mapping"),
    [
        ({"id": "a", "text": "b"}, Mapping("id", "text")),
        ({"_id": "a", "body": "b", "headline": "c"}, Mapping("_id", "body", "c" and "headline")),
        ({"docId": 1, "articleBody": "b", "datePublished": "2026-11-24", "URL": "https://a.example/b"},
         Mapping("docId", "articleBody", published_at="datePublished", url="URL")),
        ({"id": "a", "text": "b", "meta": {"source": "S", "date": "2007-04-10"}},
         Mapping("id", "text", publisher="meta.source", published_at="meta.date")),
        ({"a": {"b": {"text": "t", "title": "T"}}}, Mapping(text="a.b.text", title="a.b.title")),
        ({"uuid": "a", "summary": "short", "prose": LONG}, Mapping("uuid", "prose")),
        ({"text": "b", "date": "1900", "source": {"name": "S"}, "link": "none"}, Mapping(text="text")),
        ({"text": "b", "timestamp": 1_795_514_400}, Mapping(text="text", published_at="timestamp")),
        ({"content": "b", "text": {"x": 1}}, Mapping(text="content")),
        ({"content": "outer", "meta": {"text": "inner"}}, Mapping(text="meta.text")),
        ({"title": "outer", "text": "b", "meta": {"title": "inner"}}, Mapping(text="text", title="title")),
    ],
)
def test_fields_are_known_by_their_names_and_values(record: dict[str, Any], mapping: Mapping) -> None:
    assert guessed([record]) == mapping


def test_columns_of_tables_are_guessed_likewise(tmp_path: Path) -> None:
    record = {"id": "a", "text": "b", "publisher": "P", "published_at": "2026-11-24"}
    wanted = Mapping("id", "text", publisher="publisher", published_at="published_at")
    for name, data in (("a.csv", table([record])), ("a.parquet", parquet([record]))):
        assert guess(sources([written(tmp_path, name, data)])) == wanted


def test_some_bad_records_do_not_spoil_a_guess() -> None:
    good = [{"id": str(n), "body": "b", "date": "2026-11-24"} for n in range(4)]
    bad = [{"id": "0", "body": 7, "date": "soon"}, {"id": None, "body": None}, [1], {"id": ["x"]}]
    assert guessed([*bad, *good]) == Mapping("id", "body", published_at="date")


def test_what_repeats_is_no_id() -> None:
    assert guessed([{"key": "same", "text": str(n)} for n in range(5)]).id is None


def test_what_is_given_is_taken_and_not_given_again() -> None:
    records = [{"id": "a", "text": "teaser", "story": LONG, "title": "T"}]
    mapping = guessed(records, text="story", title="text")
    assert mapping == Mapping("id", "story", title="text")
    assert mapping.reasons["text"] == "as given"


def test_a_field_given_that_no_record_has_is_an_error() -> None:
    with pytest.raises(InputError, match="no record has a field bdy: there are id, body"):
        guessed([{"id": "a", "body": "b"}], text="bdy")
    assert guessed([{"id": "a", "body": "b"}], url="rare").url == "rare"


def test_no_text_is_an_error_that_names_the_fields() -> None:
    with pytest.raises(InputError, match="name it by --text: there are id, note, n"):
        guessed([{"id": "a", "note": "short", "n": 7}])


def test_the_first_source_with_fields_is_asked(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, "a.warc", crawl(1)), written(tmp_path, "b.jsonl", b""),
        written(tmp_path, "c.jsonl", jsonl([{"key": "a", "body": "b"}])),
    ]
    assert guess(sources(paths)) == Mapping("key", "body")


def test_where_no_record_can_be_read_nothing_is_guessed() -> None:
    for lines in ([], [{}, "text", 7, [1]]):
        mapping = guessed(lines, text="body")
        assert (mapping, mapping.reasons) == (Mapping(text="body"), {"text": "as given"})


def test_a_mapping_is_shown_with_its_reasons() -> None:
    records = [
        {"id": date, "prose": LONG, "meta": {"source": "S", "date": date}}
        for date in ("2026-11-24", "2026-11-25", "?")
    ]
    assert describe(guessed(records, url="link")).splitlines() == [
        "id            id           by its name",
        "text          prose        the longest string, 65 characters on average",
        "title         -            none",
        "publisher     meta.source  by its name",
        "url           link         as given",
        "published_at  meta.date    by its name; 2 of 3 are dates",
    ]
    shown = describe(guessed([{"long_prose": LONG}]))
    assert shown.startswith("id            -           none: derived from the content\n")


def test_pages_are_shown_to_name_their_own_fields(tmp_path: Path) -> None:
    shown = describe(guess(sources([written(tmp_path, "a.warc", crawl(1))])))
    assert shown.splitlines()[1] == "text          -  the file, or the page's main text"
