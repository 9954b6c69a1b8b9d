"""Which field of a record is the id, which the text, and so on; and a document made of a record."""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

from nearcopy.document import NAMED_FIELDS, Document
from nearcopy.errors import InputError
from worker.archive.dates import iso

NAMES = ("id", "text", *NAMED_FIELDS)
OBJECTS = {"meta", "fields"}
RESERVED = {*NAMES, *OBJECTS}
UNTYPED = ("id", *NAMED_FIELDS)
"""What may be a whole number in a format with types."""

MISSING = object()
ID_BYTES = 16
"""Of a derived id: two of a billion documents share one with a chance of 1 in 10^20."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Names of fields; dots reach into nested records, as ``meta.source``. None: the field of that very name,
    where there is one. ``reasons``: by field, why it was chosen."""

    id: str | None = None
    text: str | None = None
    title: str | None = None
    publisher: str | None = None
    published_at: str | None = None
    url: str | None = None
    reasons: AnyMapping[str, str] = field(default_factory=dict, compare=False)


def reader(mapping: Mapping) -> Callable[[dict[str, Any]], Document]:
    """A function that makes a document of a record, and consumes the record. It raises `InputError`.

    An id that is null, or any where no ids are mapped, is derived from text and metadata: a second run gives
    the same, and two records of equal content are one document. All other fields are kept; one whose name
    means something else to Nearcopy gets an underscore: ``title_``, where ``headline`` was mapped to title.
    """
    paths = [(name, getattr(mapping, name) or name) for name in NAMES]
    moved = any(name != path for name, path in paths)

    def document(record: dict[str, Any]) -> Document:
        if moved or not OBJECTS.isdisjoint(record):
            values = {name: take(record, path) for name, path in paths}
            _make_room(record)
            record.update({name: value for name, value in values.items() if value is not MISSING})
        if record.get("text") is None:
            raise InputError(f"no text: the field {paths[1][1]} is missing or null", "text")
        if mapping.id is not None and "id" not in record:
            raise InputError(f"no id: there is no field {mapping.id}", "id")
        for name in UNTYPED:
            if type(value := record.get(name)) is int:  # which a bool is not
                record[name] = str(value)
        if "published_at" in record:
            record["published_at"] = iso(record["published_at"])
        return _identified(record)

    return document


def take(record: dict[str, Any], path: str) -> Any:
    """Remove and return the value at a path; `MISSING` where there is none. A name with dots goes first."""
    if path in record or "." not in path:
        return record.pop(path, MISSING)
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return take(inner, rest) if isinstance(inner, dict) else MISSING


def _make_room(record: dict[str, Any]) -> None:
    """Rename the free fields whose names `Document.checked` would take for something else.

    In a fixed order: the stored bytes must not differ from process to process.
    """
    for name in sorted(RESERVED & record.keys()):
        if name not in OBJECTS or not isinstance(record[name], dict | None):
            record[f"{name}_"] = record.pop(name)


def _identified(record: dict[str, Any]) -> Document:
    if record.get("id") is not None:
        return Document.checked(record)
    document = Document.checked({**record, "id": "derived"})
    return replace(document, id=_derived(document))


def _derived(document: Document) -> str:
    rest = {**document.to_dict(), "id": None, "text": None}
    digest = blake2b(document.text.encode(), digest_size=ID_BYTES)
    digest.update(b"\0" + json.dumps(rest, sort_keys=True).encode())
    return digest.hexdigest()
