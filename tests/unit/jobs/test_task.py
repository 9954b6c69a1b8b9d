"""A task is checked where it is made, and survives JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nearcopy.errors import InputError
from nearcopy.jobs.task import Task

ALL: dict[str, Any] = {
    "kind": "rebuild", "collection": "news", "archives": ["a.jsonl.gz", "b"],
    "mapping": {"id": "key", "text": "body", "title": "t", "publisher": "meta.source", "published_at": "d",
                "url": "u"},
    "threshold": 0.6, "probability": 0.95, "shingle": 4, "memory": 1 << 28, "max_rejects": 0, "keep": 0,
    "audit": 0, "containment": 0.9,
}


def test_every_field_survives_json() -> None:
    task = Task.from_json(json.loads(json.dumps(ALL)))
    assert task.archives == ("a.jsonl.gz", "b")
    assert task.to_json() == ALL
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


def test_defaults() -> None:
    assert Task.from_json({}) == Task(
        "rebuild", "main", (), {}, None, None, None, 1 << 30, max_rejects=None, keep=1, audit=200
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "drop"), ("kind", ["rebuild"]), ("collection", "Main"), ("collection", 7),
        ("collection", "a\n"), ("archives", "a.jsonl"), ("archives", [""]), ("archives", [1]),
        ("archives", ["a\0"]), ("archives", ["\ud800"]), ("mapping", ["id"]), ("mapping", {"date": "d"}),
        ("mapping", {"id": ""}), ("mapping", {"id": 1}), ("mapping", {"id": "\ud800"}), ("threshold", 0),
        ("threshold", 1), ("threshold", float("nan")), ("threshold", "0.5"), ("probability", 1.5),
        ("probability", True), ("shingle", 0), ("shingle", 2.0), ("memory", 0), ("memory", None),
        ("max_rejects", -1), ("keep", -1), ("keep", True), ("audit", -1), ("audit", 1.5), ("colour", 1),
    ],
)
def test_what_cannot_be_used_is_named(field: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        Task.from_json(ALL | {field: value})
    assert caught.value.field == field
    assert field in str(caught.value)


@pytest.mark.parametrize("field", ["threshold", "probability", "shingle"])
def test_a_load_has_archives_and_the_parameters_of_the_live_index(field: str) -> None:
    of_an_index = ("threshold", "probability", "shingle")
    plain = {name: value for name, value in ALL.items() if name not in of_an_index}
    load = plain | {"kind": "load"}
    assert Task.from_json(load).kind == "load"
    for change in {"archives": []}, {field: ALL[field]}:
        with pytest.raises(InputError) as caught:
            Task.from_json(load | change)
        assert [caught.value.field] == list(change)
