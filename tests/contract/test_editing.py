"""Listing, removing by filter, and conditional requests: what they answer."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from nearcopy.document import Document
from service import problems
from service.archives import Archives
from tests.contract.described import Described, assert_problem
from tests.contract.texts import DOCUMENT, TEXT

PUT, GET, DELETE = ((method, "/v1/documents/{id}") for method in ("PUT", "GET", "DELETE"))
LIST, REMOVE = ("GET", "/v1/documents"), ("POST", "/v1/documents/delete")
OTHER = {"text": TEXT + " And new."}


def tag_of(call: Described) -> str:
    return str(call(*GET).headers["ETag"])


def test_a_document_has_a_tag_that_changes_with_all_that_it_has(call: Described) -> None:
    seen = [tag_of(call)]
    for body in ({"text": TEXT}, {"text": TEXT, "title": "t"}, {"text": TEXT, "fields": {"a": 1}}, OTHER):
        response = call(*PUT, json=body)
        assert response.headers["ETag"] == tag_of(call)
        assert call(*PUT, json=body).headers["ETag"] == tag_of(call)
        seen.append(tag_of(call))
    assert len(set(seen)) == len(seen)
    listed = call(*LIST).get_json()["documents"]
    assert f'"{listed[0]["digest"]}"' == seen[-1]


def test_what_is_known_is_not_sent_again(call: Described) -> None:
    tag = tag_of(call)
    for shown in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        known = call(*GET, headers={"If-None-Match": shown})
        assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
    for shown in ('"other"', tag[:-2] + '"', "", ","):
        assert call(*GET, headers={"If-None-Match": shown}).get_json() == DOCUMENT
    assert_problem(call(*GET, id="x", headers={"If-None-Match": "*"}), problems.NOT_FOUND)
    view = {"query": {"view": "document"}, "headers": {"If-None-Match": "*"}}
    assert_problem(call("GET", "/v1/documents/{id}/copies", **view), problems.NOT_FOUND)


def test_only_what_was_read_is_replaced(call: Described) -> None:
    first = tag_of(call)
    for shown in ('"other"', f"W/{first}", "", "other", ","):
        refused = call(*PUT, json=OTHER, headers={"If-Match": shown})
        assert "read it again" in assert_problem(refused, problems.PRECONDITION_FAILED)
    second = call(*PUT, json=OTHER, headers={"If-Match": f'"other", {first}'}).headers["ETag"]
    assert_problem(call(*PUT, json=OTHER, headers={"If-Match": first}), problems.PRECONDITION_FAILED)
    unchanged = call(*PUT, json=OTHER, headers={"If-Match": second})
    assert unchanged.get_json()["outcome"] == "unchanged"
    assert call(*PUT, json={"text": TEXT}, headers={"If-Match": "*"}).get_json()["outcome"] == "replaced"
    assert_problem(call(*PUT, id="x", json=OTHER, headers={"If-Match": "*"}), problems.PRECONDITION_FAILED)


def test_nothing_is_replaced_by_what_is_meant_as_new(call: Described) -> None:
    assert_problem(call(*PUT, json=OTHER, headers={"If-None-Match": "*"}), problems.PRECONDITION_FAILED)
    assert call(*GET).get_json() == DOCUMENT
    tag = tag_of(call)
    assert_problem(call(*PUT, json=OTHER, headers={"If-None-Match": tag}), problems.PRECONDITION_FAILED)
    assert call(*PUT, id="x", json=OTHER, headers={"If-None-Match": "*"}).status_code == 201
    refused = call(*PUT, id="x", json=OTHER, headers={"If-None-Match": "*"})
    assert_problem(refused, problems.PRECONDITION_FAILED)
    assert call(*PUT, json=OTHER, headers={"If-None-Match": '"other"'}).get_json()["outcome"] == "replaced"


def test_a_condition_begins_no_collection_that_it_is_not_met_by(call: Described, collection: str) -> None:
    query = {"collection": f"{collection}-new"}
    refused = call(*PUT, query=query, json=OTHER, headers={"If-Match": "*"})
    assert_problem(refused, problems.PRECONDITION_FAILED)
    assert_problem(call(*LIST, query=query), problems.NOT_FOUND)
    assert call(*PUT, query=query, json=OTHER, headers={"If-None-Match": "*"}).status_code == 201


def test_only_what_was_read_is_removed(call: Described) -> None:
    first = tag_of(call)
    call(*PUT, json=OTHER)
    for headers in ({"If-Match": first}, {"If-None-Match": "*"}, {"If-Match": ""}):
        assert_problem(call(*DELETE, headers=headers), problems.PRECONDITION_FAILED)
    assert call(*DELETE, headers={"If-Match": tag_of(call)}).status_code == 204
    assert_problem(call(*DELETE, headers={"If-Match": first}), problems.NOT_FOUND)


def listed(call: Described, **query: Any) -> list[str]:
    """The ids of a whole listing, in parts."""
    found: list[str] = []
    while True:
        part = call(*LIST, query=query).get_json()
        assert len(part["documents"]) <= query.get("limit", 100)
        found += [one["id"] for one in part["documents"]]
        if part["cursor"] is None:
            return found
        query["cursor"] = part["cursor"]


def test_a_listing_gives_metadata_and_texts_where_asked(call: Described) -> None:
    [one] = call(*LIST).get_json()["documents"]
    assert {**one, "text": TEXT} == DOCUMENT | {"digest": one["digest"]}
    [one] = call(*LIST, query={"texts": "true"}).get_json()["documents"]
    assert one == DOCUMENT | {"digest": one["digest"]}


DATES = {
    "a": "2026-11-19T23:59:59Z", "b": "2026-11-20T00:00:00Z", "c": "2026-11-20",
    "d": "2026-11-20T23:59:59+02:00", "e": "2026-11-21T00:30:00+01:00", "f": "2026-11-21", "g": None,
}


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (("2026-11-20", None), "bcdef"),
        (("2026-11-20", "2026-11-20"), "bcde"),
        ((None, "2026-11-20"), "abcde"),
        (("2026-11-20T00:00:01Z", None), "cdef"),
        ((None, "2026-11-20T23:00:00Z"), "abd"),
        (("2026-11-22", None), ""),
        ((None, None), "abcdefg"),
    ],
)
def test_dates_are_bounds_in_which_a_day_is_a_whole_day(
    call: Described, archives: Archives, collection: str, bounds: tuple[str | None, str | None], expected: str
) -> None:
    name = f"{collection}-dates"
    stored = [Document(id, TEXT, published_at=date) for id, date in DATES.items()]
    list(archives.get(name, create=True).put_many(stored))
    both = zip(("published_from", "published_to"), bounds, strict=True)
    asked = {name: date for name, date in both if date is not None}
    assert sorted(listed(call, collection=name, limit=2, **asked)) == list(expected)
    if asked:
        told = call(*REMOVE, query={"collection": name}, json=asked).get_json()
        assert (told["matched"], told["deleted"]) == (len(expected), len(expected))
        assert sorted(told["ids"]) == list(expected)
        assert sorted(listed(call, collection=name)) == sorted(set(DATES) - set(expected))


def test_a_cursor_that_is_not_one_of_this_listing_is_told_what_to_do(
    call: Described, archives: Archives, collection: str
) -> None:
    list(archives.get().put_many(Document(f"d{n}", TEXT, publisher="p") for n in range(5)))
    archives.get(f"{collection}-b", create=True)
    asked = {"publisher": "p", "limit": 2}
    cursor = call(*LIST, query=asked).get_json()["cursor"]
    raw = base64.urlsafe_b64decode(cursor)
    damaged = [
        base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode()
        for at in range(len(raw))
    ]
    for bad in ("", "x", "é", "*" * 32, cursor[:-1], cursor + "=", cursor[:-4], *damaged):
        refused = call(*LIST, query=asked | {"cursor": bad})
        detail = assert_problem(refused, problems.INVALID_PARAMETER, "cursor")
        assert "leave it out and begin anew" in detail
    for other in (
        {"publisher": "q"}, {"publisher": ""}, {"published_to": "2026-11-20"},
        {"collection": f"{collection}-b"},
    ):
        refused = call(*LIST, query=asked | {"cursor": cursor} | other)
        assert_problem(refused, problems.INVALID_PARAMETER, "cursor")
    # As many at a time as one likes, with texts or without
    rest = call(*LIST, query=asked | {"cursor": cursor, "limit": 9, "texts": "true"}).get_json()
    assert (len(rest["documents"]), rest["cursor"]) == (3, None)
    assert_problem(call(*LIST, query={"cursor": "x" * 101}), problems.INVALID_PARAMETER, "cursor")
    assert_problem(call(*REMOVE, json={"publisher": "p", "cursor": "x"}), problems.INVALID_FIELD, "/cursor")


def test_a_removal_tells_before_what_it_will_do(call: Described, archives: Archives) -> None:
    stored = [Document(f"d{n}", TEXT, publisher="p" if n % 2 else "q") for n in range(60)]
    list(archives.get().put_many(stored))
    tried = call(*REMOVE, json={"publisher": "p", "dry_run": True}).get_json()
    assert (tried["matched"], tried["deleted"], tried["cursor"]) == (30, 0, None)
    assert len(listed(call)) == 61
    done = call(*REMOVE, json={"publisher": "p"}).get_json()
    assert done == tried | {"deleted": 30}
    assert set(done["ids"]) < {one.id for one in stored if one.publisher == "p"}
    assert len(done["ids"]) == 20
    assert set(listed(call)) == {one.id for one in stored if one.publisher == "q"} | {"tna-1"}
    assert call(*REMOVE, json={"publisher": "p"}).get_json()["matched"] == 0
    # Ids, alone or with a filter that must hold too
    ids = ["d0", "d2", "d2", "d1", "tna-1", "missing"]
    both = call(*REMOVE, json={"ids": ids, "publisher": "q"}).get_json()
    assert (both["matched"], both["deleted"], sorted(both["ids"])) == (2, 2, ["d0", "d2"])
    assert call(*REMOVE, json={"ids": ids}).get_json()["ids"] == ["tna-1"]


@pytest.mark.parametrize("limit", [1, 7])
def test_a_removal_goes_on_where_its_time_was_over(
    call: Described, archives: Archives, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(archives.get().put_many(Document(f"d{n}", TEXT, publisher="p") for n in range(20)))
    monkeypatch.setattr("service.resources.listing.DELETE_SECONDS", 0.0)
    for condition in ({"ids": [f"d{n}" for n in range(0, 20, limit)]}, {"publisher": "p"}):
        asked, done, parts = dict(condition), 0, 0
        while True:
            told = call(*REMOVE, json=asked).get_json()
            done, parts = done + told["deleted"], parts + 1
            if told["cursor"] is None:
                break
            asked["cursor"] = told["cursor"]
        assert parts > done
    assert listed(call) == ["tna-1"]


def test_a_part_of_a_listing_may_be_short(call: Described, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.resources.listing.LIST_SECONDS", 0.0)
    parts = [call(*LIST).get_json()]
    while parts[-1]["cursor"] is not None:
        parts.append(call(*LIST, query={"cursor": parts[-1]["cursor"]}).get_json())
        if len(parts) == 50:
            break
    assert not parts[0]["documents"]


def test_texts_of_one_answer_are_bounded(
    call: Described, archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(archives.get().put_many(Document(f"d{n}", TEXT) for n in range(5)))
    monkeypatch.setattr("service.resources.listing.MOST_CHARACTERS", 2 * len(TEXT))
    part = call(*LIST, query={"texts": "true"}).get_json()
    assert len(part["documents"]) == 2
    assert len(call(*LIST).get_json()["documents"]) == 6
    assert len(listed(call, texts="true")) == 6


@pytest.mark.parametrize(
    ("body", "pointer", "advice"),
    [
        ({}, "", "give publisher"),
        ({"dry_run": True}, "", "give publisher"),
        ({"publisher": None}, "", "give publisher"),
        ({"ids": []}, "/ids", "at least 1 item"),
        ({"ids": ["a"] * 1001}, "/ids", "at most 1000 items"),
        ({"ids": [""]}, "/ids/0", "at least one character"),
        ({"ids": "a"}, "/ids", "valid list"),
        ({"published_from": "yesterday"}, "/published_from", "ISO 8601"),
        ({"published_from": "2026-11-21", "published_to": "2026-11-20"}, "/published_from", "exchange them"),
        ({"publisher": "p", "dry_run": "yes"}, "/dry_run", "valid boolean"),
        ({"publisher": "p", "query": "*"}, "/query", "is unknown here"),
    ],
)
def test_a_removal_that_says_not_what_is_refused(
    call: Described, body: dict[str, Any], pointer: str, advice: str
) -> None:
    refused = call(*REMOVE, json=body)
    assert advice in assert_problem(refused, problems.INVALID_FIELD, *([pointer] if pointer else []))
    assert listed(call) == ["tna-1"]


@pytest.mark.parametrize(
    ("query", "name"),
    [("limit=0", "limit"), ("limit=1001", "limit"), ("published_to=x", "published_to"), ("texts=2", "texts"),
     ("published_from=2026-11-21&published_to=2026-11-20", "published_from"), ("sort=id", "sort")],
)
def test_a_bad_parameter_of_a_listing_is_named(call: Described, query: str, name: str) -> None:
    assert_problem(call(*LIST, query=query), problems.INVALID_PARAMETER, name)
