"""Collections over HTTP: created, listed, changed, dropped, and seen by whoever may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nearcopy.document import Document
from nearcopy.parameters import Parameters
from service import problems
from service.app import create_app
from service.archives import Archives
from service.keys.key import Role
from service.keys.store import opened
from tests.conftest import Server
from tests.contract.described import Described, assert_problem
from tests.contract.texts import TEXT

CREATE, LIST = ("POST", "/v1/collections"), ("GET", "/v1/collections")
ONE = "/v1/collections/{collection}"
GET, CHANGE, DROP = ("GET", ONE), ("PATCH", ONE), ("DELETE", ONE)


@pytest.fixture
def new(collection: str) -> str:
    """A name that nobody has."""
    return f"{collection}-new"


def test_a_collection_from_its_creation_to_its_end(call: Described, new: str) -> None:
    asked = {"name": new, "threshold": 0.7, "probability": 0.95, "shingle": 4, "partitions": 2, "keep": "30d"}
    response = call(*CREATE, json=asked)
    made = response.get_json()
    assert (response.status_code, response.headers["Location"]) == (201, f"/v1/collections/{new}")
    assert (made["name"], made["partitions"], made["keep"], made["documents"]) == (new, 2, "30d", 0)
    chosen = Parameters.for_threshold(0.7, 0.95)
    assert (made["parameters"]["bands"], made["parameters"]["rows"]) == (chosen.bands, chosen.rows)
    assert made["parameters"]["shingle"] == 4
    assert call.client.get(response.headers["Location"]).get_json() == made
    assert_problem(call(*CREATE, json={"name": new}), problems.COLLECTION_EXISTS)

    query = {"collection": new}
    assert call("PUT", "/v1/documents/{id}", query=query, json={"text": TEXT}).status_code == 201
    [listed] = [one for one in call(*LIST).get_json()["collections"] if one["name"] == new]
    assert listed == made | {"documents": 1, "paragraphs": 2}
    assert call(*CHANGE, collection=new, json={"keep": None}).get_json() == listed | {"keep": None}
    assert call(*CHANGE, collection=new, json={"keep": "1d"}).get_json()["keep"] == "1d"

    for confirm in ({}, {"confirm": ""}, {"confirm": new[:-1]}, {"confirm": new.upper()}):
        refused = call(*DROP, collection=new, query=confirm)
        detail = assert_problem(refused, problems.INVALID_PARAMETER, "confirm")
        assert not confirm or f"send confirm={new}" in detail
    assert call("GET", "/v1/documents/{id}", query=query).status_code == 200
    assert call(*DROP, collection=new, query={"confirm": new}).status_code == 204
    for asked_again in (GET, (*DROP, {"confirm": new})):
        assert_problem(
            call(*asked_again[:2], collection=new, query=(*asked_again, "")[2]), problems.NOT_FOUND
        )
    assert_problem(call(*CHANGE, collection=new, json={"keep": "1d"}), problems.NOT_FOUND)
    assert new not in [one["name"] for one in call(*LIST).get_json()["collections"]]


def test_who_had_a_dropped_collection_open_hears_that_there_is_none(
    call: Described, archives: Archives, redis_url: str, collection: str, new: str
) -> None:
    archives.get(new, create=True).put(Document("d", TEXT))
    others = Archives(redis_url, collection)
    elsewhere, query = Described(create_app(others)), {"collection": new}
    assert elsewhere("GET", "/v1/documents/{id}", id="d", query=query).status_code == 200
    for method, path, body in (
        ("POST", "/v1/check", {"text": TEXT}), ("GET", "/v1/documents/{id}", None),
        ("GET", "/v1/documents", None), ("DELETE", "/v1/documents/{id}", None), ("GET", "/v1/index", None),
    ):
        assert call(*DROP, collection=new, query={"confirm": new}).status_code == 204
        assert_problem(elsewhere(method, path, id="d", query=query, json=body), problems.NOT_FOUND)
        # Here it was open as well; and it may begin anew, with as many partitions as one likes
        assert_problem(call("GET", "/v1/documents/{id}", id="d", query=query), problems.NOT_FOUND)
        assert call(*CREATE, json={"name": new, "partitions": 2}).status_code == 201
        put = elsewhere("PUT", "/v1/documents/{id}", id="d", query=query, json={"text": TEXT})
        assert put.status_code == 201
        assert call("GET", "/v1/documents/{id}", id="d", query=query).status_code == 200
    others.close()


def test_a_put_from_where_a_dropped_one_was_open_begins_it_anew(
    call: Described, archives: Archives, redis_url: str, collection: str, new: str
) -> None:
    archives.get(new, create=True).put(Document("old", TEXT))
    others = Archives(redis_url, collection)
    elsewhere, query = Described(create_app(others)), {"collection": new}
    assert elsewhere("GET", "/v1/documents/{id}", id="old", query=query).status_code == 200
    assert call(*DROP, collection=new, query={"confirm": new}).status_code == 204
    put = ("PUT", "/v1/documents/{id}")
    # It is told to try again, and does
    assert_problem(elsewhere(*put, id="d", query=query, json={"text": TEXT}), problems.NOT_READY)
    assert elsewhere(*put, id="d", query=query, json={"text": TEXT}).status_code == 201
    assert [one["id"] for one in call("GET", "/v1/documents", query=query).get_json()["documents"]] == ["d"]
    others.close()


def test_the_default_collection_begins_anew(call: Described, collection: str) -> None:
    assert call(*DROP, collection=collection, query={"confirm": collection}).status_code == 204
    answers = [call("GET", "/v1/index") for _ in range(2)]
    assert_problem(answers[0], problems.NOT_READY)
    assert answers[1].get_json()["documents"] == 0


@pytest.mark.parametrize(
    ("body", "pointer", "advice"),
    [
        ({}, "/name", "is missing"),
        ({"name": "A b"}, "/name", "must match"),
        ({"name": "x" * 65}, "/name", "must match"),
        ({"name": "a", "threshold": 0}, "/threshold", "greater than 0"),
        ({"name": "a", "threshold": 1}, "/threshold", "less than 1"),
        ({"name": "a", "threshold": 0.01, "probability": 0.999}, "/threshold", "ask for a higher threshold"),
        ({"name": "a", "probability": 1}, "/probability", "less than 1"),
        ({"name": "a", "shingle": 9}, "/shingle", "less than or equal to 8"),
        ({"name": "a", "partitions": 65}, "/partitions", "less than or equal to 64"),
        ({"name": "a", "partitions": True}, "/partitions", "valid integer"),
        ({"name": "a", "keep": "1y"}, "/keep", "must match"),
        ({"name": "a", "keep": "99999d"}, "/keep", "such as 365d"),
        ({"name": "a", "bands": 3}, "/bands", "is unknown here"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_created(
    call: Described, new: str, body: dict[str, Any], pointer: str, advice: str
) -> None:
    if body.get("name") == "a":
        body = body | {"name": new}
    assert advice in assert_problem(call(*CREATE, json=body), problems.INVALID_FIELD, pointer)
    assert_problem(call(*GET, collection=new), problems.NOT_FOUND)


def test_a_bad_change_and_a_bad_name_are_named(call: Described, collection: str) -> None:
    for body, advice in (({}, "missing"), ({"keep": "0d"}, "must match"), ({"keep": "99999d"}, "365d")):
        asked = call(*CHANGE, collection=collection, json=body)
        assert advice in assert_problem(asked, problems.INVALID_FIELD, "/keep")
    for name in ("Main", "é", "a b", "*", "{a}"):
        assert_problem(call(*GET, collection=name), problems.INVALID_PARAMETER, "collection")
        asked = call(*DROP, collection=name, query={"confirm": name})
        assert_problem(asked, problems.INVALID_PARAMETER, "collection")


@pytest.fixture
def locked(new_server: Callable[[], Server]) -> Iterator[tuple[Described, Callable[..., dict[str, str]]]]:
    """A service with keys and the collections a and b; and what shows a key."""
    url = new_server().url
    archives = Archives(url, "a")
    for name in ("a", "b"):
        archives.get(name, create=True).put(Document("d", TEXT))

    def shown(*collections: str) -> dict[str, str]:
        with opened(url) as keys:
            return {"Authorization": f"Bearer {keys.create('k', Role.ADMIN, collections)[1]}"}

    shown("*")
    yield Described(create_app(archives)), shown
    archives.close()


def test_a_key_for_some_collections_sees_and_makes_only_those(
    locked: tuple[Described, Callable[..., dict[str, str]]]
) -> None:
    call, shown = locked
    for names, seen in ((("*",), ["a", "b"]), (("a",), ["a"]), (("a", "c"), ["a"]), (("c",), [])):
        listed = call(*LIST, headers=shown(*names)).get_json()["collections"]
        assert [one["name"] for one in listed] == seen
    headers = shown("a", "c")
    for name in ("b", "missing"):
        refused = [
            call(*GET, collection=name, headers=headers),
            call(*CHANGE, collection=name, json={"keep": "1d"}, headers=headers),
            call(*DROP, collection=name, query={"confirm": name}, headers=headers),
            call(*CREATE, json={"name": name}, headers=headers),
        ]
        for response in refused:
            assert_problem(response, problems.NOT_ALLOWED)
    assert call(*CREATE, json={"name": "c"}, headers=headers).status_code == 201
    assert call(*DROP, collection="a", query={"confirm": "a"}, headers=headers).status_code == 204
    assert call(*GET, collection="b", headers=shown("*")).get_json()["documents"] == 1
