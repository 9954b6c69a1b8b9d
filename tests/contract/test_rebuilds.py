"""Rebuilds over HTTP: asked for, listed, watched and cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.reporting import Reporter
from nearcopy.jobs.status import Status
from service import problems
from service.archives import Archives
from service.rebuilding import LEAST_MEMORY
from tests.contract.described import Described, assert_problem
from tests.contract.texts import TEXT

START, LIST = ("POST", "/v1/rebuilds"), ("GET", "/v1/rebuilds")
GET, CANCEL = ("GET", "/v1/rebuilds/{id}"), ("DELETE", "/v1/rebuilds/{id}")

TASK: dict[str, Any] = {
    "kind": "rebuild", "archives": ["news/a.jsonl.gz", "b"], "mapping": {"id": "key", "text": "meta.body"},
    "threshold": 0.6, "probability": 0.95, "shingle": 4, "memory": 1 << 28, "max_rejects": 10, "keep": 2,
    "audit": 50,
}


@pytest.fixture
def rebuilds(archives: Archives) -> Rebuilds:
    """What the service knows of rebuilds."""
    return Rebuilds(archives.client())


def test_a_rebuild_is_queued_and_shown(call: Described, collection: str, rebuilds: Rebuilds) -> None:
    response = call(*START, json=TASK)
    started = response.get_json()
    assert response.status_code == 202
    assert response.headers["Location"] == f"/v1/rebuilds/{started['id']}?collection={collection}"
    assert started["task"] == TASK | {"collection": collection, "containment": None}
    assert (started["state"], started["attempts"], started["error"]) == ("queued", 0, None)
    # Whoever waits for a worker is told that there is none
    assert started["workers"] == 0
    assert call.client.get(response.headers["Location"]).get_json() == started
    assert call(*LIST).get_json()["rebuilds"] == [started | {"workers": None}]
    assert rebuilds.in_queue(started["id"])


def test_a_second_one_is_told_of_the_first(call: Described, collection: str) -> None:
    first = call(*START, json={}).get_json()["id"]
    refused = call(*START, json=TASK)
    assert first in assert_problem(refused, problems.REBUILD_RUNNING)
    assert refused.headers["Location"] == f"/v1/rebuilds/{first}?collection={collection}"
    assert call(*CANCEL, id=first).status_code == 204
    second = call(*START, json={}).get_json()["id"]
    listed = call(*LIST).get_json()["rebuilds"]
    assert [(one["id"], one["state"]) for one in listed] == [(second, "queued"), (first, "cancelled")]
    assert [one["id"] for one in call(*LIST, query={"limit": 1}).get_json()["rebuilds"]] == [second]


def test_a_rebuild_from_archives_begins_a_collection(call: Described, collection: str) -> None:
    query = {"collection": f"{collection}-new"}
    assert_problem(call(*START, query=query, json={}), problems.NOT_FOUND)
    refused = call(*START, query=query, json={"archives": ["../a"]})
    assert_problem(refused, problems.INVALID_FIELD, "/archives")
    assert_problem(call(*LIST, query=query), problems.NOT_FOUND)
    id = call(*START, query=query, json={"archives": ["a"]}).get_json()["id"]
    assert call(*GET, id=id, query=query).get_json()["task"]["collection"] == query["collection"]
    # Each collection has its own
    assert_problem(call(*GET, id=id), problems.NOT_FOUND)
    assert_problem(call(*CANCEL, id=id), problems.NOT_FOUND)
    assert call(*START, json={}).status_code == 202


def test_a_running_one_is_shown_and_cancelled_by_its_runner(call: Described, rebuilds: Rebuilds) -> None:
    id = call(*START, json={}).get_json()["id"]
    with Reporter(rebuilds, rebuilds.get(id)) as reporter:
        reporter("sign", 0, 4, documents=0, bytes_total=1000)
        shown = call(*GET, id=id).get_json()
        assert (shown["state"], shown["stage"], shown["done"], shown["total"]) == ("running", "sign", 0, 4)
        assert (shown["bytes_total"], shown["workers"]) == (1000, None)
        asked = call(*CANCEL, id=id)
        assert (asked.status_code, asked.get_json()["state"]) == (202, "running")
        assert rebuilds.to_end(id)
        reporter.end("cancelled")
    assert call(*GET, id=id).get_json()["state"] == "cancelled"
    assert "it is cancelled" in assert_problem(call(*CANCEL, id=id), problems.REBUILD_ENDED)


def test_one_whose_runner_is_silent_is_lost_and_ends_at_once(call: Described, rebuilds: Rebuilds) -> None:
    id = call(*START, json={}).get_json()["id"]
    status: Status = rebuilds.get(id)
    status.state, status.heard = "running", 1.0
    rebuilds.write(status)
    assert call(*GET, id=id).get_json()["state"] == "lost"
    assert call(*CANCEL, id=id).status_code == 204
    assert not rebuilds.in_queue(id)


@pytest.mark.parametrize(
    ("field", "value", "pointer", "advice"),
    [
        ("kind", "drop", "/kind", "must be 'rebuild' or 'load'"),
        ("kind", "load", "/archives", "archives is empty: name what is to be loaded"),
        ("archives", "a", "/archives", "must be a valid list"),
        ("archives", [""], "/archives/0", "is empty"),
        ("archives", ["a", "b\0"], "/archives/1", "holds a NUL character at 1"),
        ("archives", ["\ud800"], "/archives/0", "lone surrogate"),
        ("archives", ["a"] * 1001, "/archives", "at most 1000 items"),
        ("archives", ["/etc/passwd"], "/archives", "leads out of the folder of archives"),
        ("archives", ["a/../../b"], "/archives", "leads out of the folder of archives"),
        ("mapping", {"date": "d"}, "/mapping/date", "is unknown here"),
        ("mapping", {"id": ""}, "/mapping/id", "is empty"),
        ("threshold", 1, "/threshold", "must be less than 1"),
        ("probability", 0, "/probability", "must be greater than 0"),
        ("shingle", 0, "/shingle", "must be greater than or equal to 1"),
        ("memory", LEAST_MEMORY - 1, "/memory", "must be greater than or equal to 67108864"),
        ("max_rejects", -1, "/max_rejects", "must be greater than or equal to 0"),
        ("keep", 101, "/keep", "must be less than or equal to 100"),
        ("audit", True, "/audit", "must be a valid integer"),
        ("text", TEXT, "/text", "is unknown here"),
    ],
)
def test_a_bad_field_is_named_and_queues_nothing(
    call: Described, field: str, value: Any, pointer: str, advice: str
) -> None:
    assert advice in assert_problem(call(*START, json={field: value}), problems.INVALID_FIELD, pointer)
    assert call(*LIST).get_json() == {"rebuilds": []}
