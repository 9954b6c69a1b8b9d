"""Generations over HTTP: listed, published again, dropped."""

from __future__ import annotations

import time

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import generations
from service import problems
from service.archives import Archives
from tests.contract.described import Described, assert_problem
from tests.contract.going_back import rebuilt_from_itself
from tests.contract.texts import DOCUMENT, TEXT

LIST = ("GET", "/v1/generations")
PUBLISH = ("POST", "/v1/generations/{id}/publish")
DROP = ("DELETE", "/v1/generations/{id}")


@pytest.fixture
def archive(archives: Archives) -> Archive:
    """The collection, with a generation to go back to."""
    archive = archives.get()
    rebuilt_from_itself(archive)
    return archive


def states(call: Described) -> dict[int, str]:
    return {one["number"]: one["state"] for one in call(*LIST).get_json()["generations"]}


def test_generations_are_listed_with_what_is_known_of_them(call: Described, archive: Archive) -> None:
    first, second = call(*LIST).get_json()["generations"]
    assert (first["number"], first["state"], second["number"], second["state"]) == (1, "kept", 2, "live")
    for one in (first, second):
        assert (one["documents"], one["parameters"]["bands"]) == (1, archive.parameters.bands)
    assert second["record"]["published"] >= second["record"]["began"]
    assert first["record"]["left"] >= second["record"]["began"]
    assert second["record"]["summary"]["documents"] == 1


def test_going_back_and_forward_loses_no_write(call: Described, archive: Archive) -> None:
    archive.put(Document("new", "Words that were written after the second generation was published."))
    archive.delete(DOCUMENT["id"])
    for generation in "1", "2":
        answer = call(*PUBLISH, id=generation).get_json()
        assert answer == {"generation": generation, "replayed": 2 if generation == "1" else 0}
        assert call("GET", "/v1/index").get_json()["generation"] == generation
        assert call("GET", "/v1/index").get_json()["documents"] == 1
        assert call("POST", "/v1/check", json={"text": TEXT}).get_json()["sources"] == []
        assert call("GET", "/v1/documents/{id}", id="new").status_code == 200
    assert call(*PUBLISH, id="2").get_json() == {"generation": "2", "replayed": 0}
    assert states(call) == {1: "kept", 2: "live"}


def test_a_generation_is_dropped_once_nobody_can_read_it(call: Described, archive: Archive) -> None:
    response = call(*DROP, id="1")
    assert "may still be read" in assert_problem(response, problems.BUSY)
    assert_problem(call(*DROP, id="2"), problems.GENERATION_LIVE)
    assert states(call) == {1: "kept", 2: "live"}
    generations.note(archive.store, b"1", left=time.time() - generations.GRACE)
    assert call(*DROP, id="1").status_code == 204
    assert states(call) == {2: "live"}
    prefix = archive.store.partitions[0].keys.prefix
    assert not list(archive.store.client.scan_iter(match=prefix + b"1[a-zA-Z]*"))
    assert_problem(call(*DROP, id="1"), problems.NOT_FOUND)


@pytest.mark.parametrize("id", ["3", "0", "01", "one", "²", "-1"])
def test_what_is_no_generation_is_not_found(call: Described, archive: Archive, id: str) -> None:
    assert archive.stats()["generation"] == "2"
    for asked in PUBLISH, DROP:
        assert_problem(call(*asked, id=id), problems.NOT_FOUND)
