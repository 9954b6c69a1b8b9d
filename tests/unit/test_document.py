"""What a record must hold to become a document."""

from __future__ import annotations

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document, instant
from nearcopy.errors import InputError, NoWords
from nearcopy.ingest import put


def test_named_and_free_fields_from_everywhere() -> None:
    beside = {"meta": {"publisher": "P"}, "fields": {"x": [1]}, "y": 2}
    made = Document.checked({"id": "a", "text": "words", "title": "T", **beside})
    assert made == Document("a", "words", "T", "P", fields={"x": [1], "y": 2})
    assert Document.checked(made.to_dict()) == made


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({"text": "t"}, "id"), ({"id": "", "text": "t"}, "id"), ({"id": 7, "text": "t"}, "id"),
        ({"id": "é" * 257, "text": "t"}, "id"), ({"id": "a\n", "text": "t"}, "id"),
        ({"id": "a"}, "text"), ({"id": "a", "text": ""}, "text"), ({"id": "a", "text": "a\0"}, "text"),
        ({"id": "a", "text": "a\ud800"}, "text"), ({"id": "a", "text": ["t"]}, "text"),
        ({"id": "a", "text": "t", "title": 1}, "title"), ({"id": "a", "text": "t", "meta": [1]}, "meta"),
        ({"id": "a", "text": "t", "published_at": "24.11.2026"}, "published_at"),
        ({"id": "a", "text": "t", "published_at": "0001-01-01T00:00:00+14:00"}, "published_at"),
        ({"id": "a", "text": "t", "x": float("nan")}, "fields"),
        ({"id": "a", "text": "t", "x": {1}}, "fields"),
    ],
)
def test_what_cannot_be_used_is_named(record: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Document.checked(record)
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["***", " \n\n ", "“—”"])
def test_a_text_without_a_word_is_refused_however_it_comes(archive: Archive, text: str) -> None:
    with pytest.raises(NoWords):
        Document.checked({"id": "a", "text": text})
    with pytest.raises(NoWords):
        put(archive.store, Document("a", text))


def test_what_nobody_sees_is_no_word_and_a_unit_is_one(archive: Archive) -> None:
    with pytest.raises(NoWords):
        put(archive.store, Document("a", "\u0640 \u3164"))
    assert put(archive.store, Document.checked({"id": "a", "text": "㎏"})) == "created"


def test_a_date_is_checked_however_it_comes(archive: Archive) -> None:
    with pytest.raises(InputError, match="ISO 8601"):
        put(archive.store, Document("a", "words", published_at="yesterday"))


def test_days_and_minutes_in_order() -> None:
    """A day alone ends with its last moment; what has no offset is UTC."""
    ordered = [
        "2024-03-11T23:00:00Z", "2024-03-12T01:30:00+02:00", "2024-03-11",
        "2024-03-12T05:42:00", "2024-03-12", "2024-W11-3",
    ]
    assert sorted(sorted(ordered), key=instant) == ordered
