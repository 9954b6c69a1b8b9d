"""A document of the archive, and the rules that its fields obey."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from unicodedata import normalize

import orjson

from nearcopy.errors import InputError, NoWords

COLLECTION_NAME = r"[a-z0-9][a-z0-9_-]{0,63}"
"""A collection's name stands in keys and URLs, where nothing in it needs quoting."""

MAX_ID_BYTES = 512
"""Longest id, in bytes of UTF-8: room for any URL path that is used as an id."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")

NAMED_FIELDS = ("title", "publisher", "url", "published_at")
"""Metadata with a meaning; everything else in ``fields`` is kept and given back as it came."""


@dataclass(frozen=True, slots=True)
class Document:
    """Id, text and metadata. Build one with `Document.checked`, which raises `InputError` on bad input."""

    id: str
    text: str
    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    published_at: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def checked(cls, record: Mapping[str, Any]) -> Document:
        """A document from a JSON object: ``id`` and ``text``, the named fields, and free ones beside them.

        A ``meta`` or ``fields`` object is read as more of both. Raises `InputError` naming the field.
        """
        free = dict(record)
        id, text = free.pop("id", None), free.pop("text", None)
        if "meta" in free or "fields" in free:
            inner = {**_object(free.pop("meta", None), "meta"), **_object(free.pop("fields", None), "fields")}
            free = {**inner, **free}
        title, publisher = _text_or_none(free, "title"), _text_or_none(free, "publisher")
        url, published_at = _text_or_none(free, "url"), _text_or_none(free, "published_at")
        check_date(published_at)
        if free:
            _json_fields(free)
        one = cls(checked_id(id), checked_text(text), title, publisher, url, published_at, free)
        one.check_words()
        return one

    def check_words(self) -> None:
        """Raise `NoWords` where the text has not one letter or digit: no check could ever find it."""
        if not any(map(str.isalnum, self.text)) and not any(map(str.isalnum, normalize("NFKD", self.text))):
            raise NoWords("text holds no word: send letters or digits in any script", "text")

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `checked` reads, without the fields that are empty."""
        named = {name: getattr(self, name) for name in NAMED_FIELDS if getattr(self, name) is not None}
        return {"id": self.id, **named, "fields": dict(self.fields), "text": self.text}


def parsed_record(line: bytes) -> dict[str, object]:
    """The JSON object of one line of an archive; `InputError` says where the line is broken."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        value = _parsed_slowly(line.removesuffix(b"\n"))
    if not isinstance(value, dict):
        raise InputError("the line must be a JSON object")
    return value


def checked_id(value: object) -> str:
    """An id: a string of 1 to 512 bytes without control characters."""
    if not isinstance(value, str) or not value:
        raise InputError("the id must be a string of at least one character", "id")
    if len(_encoded(value, "id")) > MAX_ID_BYTES:
        raise InputError(f"the id is longer than {MAX_ID_BYTES} bytes of UTF-8: shorten it", "id")
    if CONTROL.search(value):
        raise InputError("the id holds a control character: remove it", "id")
    return value


def checked_collection(name: str) -> str:
    """A name that a collection may have."""
    if not re.fullmatch(COLLECTION_NAME, name):
        raise InputError(
            "a collection's name has 1 to 64 of a-z, 0-9, - and _, and begins with a letter or digit",
            "collection",
        )
    return name


def checked_text(value: object, name: str = "text") -> str:
    """A text that can be stored and compared: not empty, no NUL, no lone surrogate."""
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string", name)
    if not value:
        raise InputError(f"{name} is empty: send the text itself", name)
    # In text beyond Latin it is found slowly
    if "\0" in value if value.isascii() else b"\0" in _encoded(value, name):
        raise InputError(f"{name} holds a NUL character at {value.index(chr(0))}: remove it", name)
    return value


def check_date(value: str | None, name: str = "published_at") -> None:
    """Raise `InputError` unless the value is None or an ISO 8601 date, with or without a time."""
    if value is not None:
        try:
            instant(value)
        except (ValueError, OverflowError):
            raise InputError(
                f"{name} is not an ISO 8601 date or time: write 2026-11-23 or 2026-11-23T08:30:00Z", name
            ) from None


@lru_cache(maxsize=4096)  # an archive has many documents of a day
def instant(value: str) -> datetime:
    """The moment a date names, for comparing: UTC where no offset is given; where no time is, the last one of
    the day, since a paper that gives the day alone cannot be said to precede an agency's minute."""
    try:
        parsed = datetime.combine(date.fromisoformat(value), datetime.max.time())
    except ValueError:
        parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be an object", name)
    return value


def _text_or_none(record: dict[str, Any], name: str) -> str | None:
    """Take a text out of a record."""
    value = record.pop(name, None)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InputError(f"{name} must be a string", name)
    if not value.isascii():
        _encoded(value, name)
    return value


def _encoded(value: str, name: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} holds a lone surrogate at character {error.start}: send whole Unicode characters", name
        ) from None


def _json_fields(fields: Mapping[str, Any]) -> None:
    try:
        json.dumps(fields, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the free fields are not JSON: {error}", "fields") from None
    _encoded(json.dumps(fields, ensure_ascii=False), "fields")


def _parsed_slowly(line: bytes) -> object:
    """Python's parser says where a line is broken, and lets lone surrogates pass to whoever can name them."""
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start} of the line") from None
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON that can be read: {error}") from None
