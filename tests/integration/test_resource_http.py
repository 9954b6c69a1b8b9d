"""Documents as a resource of the running service: listings while others write, and editors who race."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.contract.going_back import rebuilt_from_itself
from tests.contract.serving import Service
from tests.integration.making import paragraph

PUBLISHERS = ("Harbour Post", "Evening Courier", "", None)
FIRST = datetime(2026, 1, 1)


def made(number: int) -> Document:
    """A document whose publisher and day follow from its number."""
    date = (FIRST + timedelta(number % 40)).date().isoformat() if number % 7 else None
    return Document(f"s{number}", paragraph(number), publisher=PUBLISHERS[number % 4], published_at=date)


STAYING = {one.id: one for one in map(made, range(240))}


def days(document: Document) -> str:
    return document.published_at or ""


FILTERS: list[tuple[dict[str, str], Callable[[Document], bool]]] = [
    ({}, lambda _: True),
    ({"publisher": "Harbour Post"}, lambda one: one.publisher == "Harbour Post"),
    ({"publisher": ""}, lambda one: one.publisher == ""),
    ({"published_from": "2026-01-20"}, lambda one: days(one) >= "2026-01-20"),
    ({"published_to": "2026-01-05"}, lambda one: "" < days(one) <= "2026-01-05"),
    (
        {"publisher": "Evening Courier", "published_from": "2026-01-10", "published_to": "2026-01-30"},
        lambda one: one.publisher == "Evening Courier" and "2026-01-10" <= days(one) <= "2026-01-30",
    ),
]


def listing(http: httpx.Client, asked: dict[str, str], limits: Iterator[int]) -> list[dict[str, Any]]:
    """All of a listing, in parts of these sizes."""
    found, cursor = [], {}
    while True:
        answer = http.get("/v1/documents", params=asked | cursor | {"limit": str(next(limits))})
        assert answer.status_code == 200, answer.text
        found += answer.json()["documents"]
        if answer.json()["cursor"] is None:
            return found
        cursor = {"cursor": answer.json()["cursor"]}


def test_listings_are_what_a_plain_filter_gives_while_others_write_and_rebuild(
    http: httpx.Client, redis_url: str, collection: str
) -> None:
    """Each listing is of the documents that stay; of those that come and go some may be in it."""
    ended, draw = threading.Event(), random.Random(5)

    def limits() -> Iterator[int]:
        while True:
            yield draw.choice((1, 7, 50, 1000))

    with Archive.open(redis_url, collection) as archive:
        list(archive.put_many(STAYING.values()))

        def write() -> None:
            chosen = random.Random(2)
            while not ended.is_set():
                one = made(chosen.randrange(80))
                coming = replace(one, id=f"c{one.id}")
                if chosen.random() < 0.5:
                    archive.put(coming)
                else:
                    archive.delete(coming.id)

        with ThreadPoolExecutor(2) as pool:
            writing, rebuilding = pool.submit(write), None
            try:
                for number, (asked, takes) in enumerate(FILTERS):
                    if number == 1:
                        rebuilding = pool.submit(rebuilt_from_itself, archive)
                    found = listing(http, asked, limits())
                    ids = [one["id"] for one in found]
                    assert len(ids) == len(set(ids))
                    staying = {id for id in ids if id in STAYING}
                    assert staying == {id for id, one in STAYING.items() if takes(one)}
                    for one in found:
                        expected = made(int(one["id"].strip("cs")))
                        assert takes(expected)
                        assert one.get("publisher") == expected.publisher
                assert rebuilding is not None
                rebuilding.result()
                # And one that begins before a rebuild and ends after it
                steps = limits_of_one_rebuild(archive)
                ids = [one["id"] for one in listing(http, {}, steps)]
                assert len(ids) == len(set(ids))
                assert {id for id in ids if id in STAYING} == set(STAYING)
                assert archive.stats()["generation"] == "3"
            finally:
                ended.set()
            writing.result()


def limits_of_one_rebuild(archive: Archive) -> Iterator[int]:
    """Parts of some sizes, with a rebuild after the second."""
    yield from (40, 3)
    rebuilt_from_itself(archive)
    while True:
        yield 60


def test_two_editors_never_lose_an_update(service: Service, http: httpx.Client, collection: str) -> None:
    url, rounds = "/v1/documents/d", 20
    assert http.put(url, json={"text": paragraph(1), "fields": {"a": 0, "b": 0}}).status_code == 201
    both_have_read = threading.Barrier(2)

    def edit(name: str) -> int:
        refused = 0
        with httpx.Client(base_url=service.address, params={"collection": collection}, timeout=30) as mine:
            for one in range(rounds):
                while True:
                    read = mine.get(url)
                    if one == refused == 0:
                        both_have_read.wait(30)
                    now = read.json()
                    now["fields"][name] += 1
                    body = {"text": now["text"], "fields": now["fields"]}
                    answer = mine.put(url, json=body, headers={"If-Match": read.headers["ETag"]})
                    if answer.status_code == 200:
                        break
                    assert answer.status_code == 412, answer.text
                    assert answer.json()["type"] == "urn:nearcopy:problem:precondition-failed"
                    refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        refused = sum(pool.map(edit, "ab"))
    assert refused
    assert http.get(url).json()["fields"] == {"a": rounds, "b": rounds}


def test_a_removal_by_filter_leaves_what_is_not_meant(http: httpx.Client) -> None:
    for one in STAYING.values():
        body = {"text": one.text, "publisher": one.publisher, "published_at": one.published_at}
        assert http.put(f"/v1/documents/{one.id}", json=body).status_code == 201
    asked, takes = FILTERS[-1]
    meant = {id for id, one in STAYING.items() if takes(one)}
    told = http.post("/v1/documents/delete", json=asked | {"dry_run": True}).json()
    assert (told["matched"], told["deleted"], told["cursor"]) == (len(meant), 0, None)
    told = http.post("/v1/documents/delete", json=asked).json()
    assert (told["matched"], told["deleted"]) == (len(meant), len(meant))
    assert {one["id"] for one in listing(http, {}, iter([1000]))} == set(STAYING) - meant


def test_every_process_of_the_service_hears_of_a_drop(service: Service, collection: str) -> None:
    mine = f"{collection}-drop"
    with httpx.Client(base_url=service.address, params={"collection": mine}, timeout=30) as there:
        assert there.put("/v1/documents/d", json={"text": paragraph(1)}).status_code == 201
        assert {there.get("/v1/documents/d").status_code for _ in range(20)} == {200}
        address = f"{service.address}/v1/collections/{mine}"
        dropped = httpx.delete(address, params={"confirm": mine}, timeout=30)
        assert dropped.status_code == 204
        assert {there.get("/v1/documents/d").status_code for _ in range(20)} == {404}
        assert {there.post("/v1/check", json={"text": paragraph(1)}).status_code for _ in range(20)} == {404}
