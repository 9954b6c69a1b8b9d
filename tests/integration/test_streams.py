"""Streams over the real server: a line for a line, as they come, and as single calls answer."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import zstandard

from nearcopy.archive import Archive
from tests.contract.serving import Service
from tests.integration.making import document, paragraph

NDJSON = "application/x-ndjson"


def lines_of(answer: bytes) -> list[dict[str, Any]]:
    """The objects of an answer."""
    assert answer.endswith(b"\n") or not answer
    return [json.loads(line) for line in answer.splitlines()]


def send(http: httpx.Client, path: str, body: bytes, **query: Any) -> list[dict[str, Any]]:
    """All that is answered to a body."""
    answer = http.post(path, content=body, params=query, headers={"Content-Type": NDJSON})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, NDJSON), answer.text
    return lines_of(answer.content)


def ndjson(*values: Any) -> bytes:
    """Values, a line each; bytes as they are."""
    return b"".join((v if isinstance(v, bytes) else json.dumps(v).encode()) + b"\n" for v in values)


def slugs(answers: list[dict[str, Any]]) -> list[str]:
    """The kind of each answer: the verdict, or the last word of the problem's type."""
    return [one.get("verdict") or one.get("outcome") or one["type"].rpartition(":")[2] for one in answers]


SUBMISSIONS: list[dict[str, Any]] = [
    {"text": paragraph(1)},
    {"text": paragraph(1) + "\n\n" + paragraph(5), "limit": 1},
    {"text": paragraph(77), "return_text": True},
    {"text": f"<p>{paragraph(2)}</p>", "format": "html"},
    {"text": "Ein kurzer Text."},
    {"text": paragraph(2), "exclude_publishers": ["P2"], "threshold": 0.9},
]

BAD: list[Any] = [
    b"{", b"\xff", b"[]", {}, {"text": ""}, {"text": "!!"}, {"text": "a", "colour": 1}, {"text": 7},
    {"text": "a", "limit": 0}, {"text": "a", "threshold": 0.01}, {"text": "\ud800"}, {"text": "a\0"},
    {"text": "<p></p>", "format": "html"}, b'{"text": ' + b"[" * 600,
]


@pytest.fixture
def stored(archive: Archive) -> Archive:
    """An archive with three documents."""
    list(archive.put_many(document(f"d{n}", [n, 10 + n], publisher=f"P{n}") for n in (1, 2, 3)))
    return archive


@pytest.mark.usefixtures("stored")
def test_each_line_is_answered_as_a_single_call_is(http: httpx.Client) -> None:
    sent = [one for pair in zip(SUBMISSIONS * 3, BAD + BAD[:4], strict=True) for one in pair]
    answers = send(http, "/v1/check/batch", ndjson(*sent))
    assert [one.pop("line") for one in answers] == list(range(1, len(sent) + 1))
    for value, told in zip(sent, answers, strict=True):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        alone = http.post("/v1/check", content=body, headers={"Content-Type": "application/json"}).json()
        assert told.keys() == alone.keys()
        assert without_place(told) == without_place(alone)
    assert slugs(answers)[::2] == ["copy", "partial", "unique", "copy", "unique", "unique"] * 3


def without_place(told: dict[str, Any]) -> dict[str, Any]:
    """An answer but for its time, and for what a problem calls the thing that it is with."""
    told = {name: value for name, value in told.items() if name not in ("took_ms", "request_id")}
    if "detail" in told:
        told["detail"] = told["detail"].replace("the line must", "the body must")
        for error in told.get("errors", []):
            error["detail"] = error["detail"].replace("the line must", "the body must")
    return told


@pytest.mark.usefixtures("stored")
def test_lines_are_numbered_as_they_stand_and_named_as_their_sender_does(http: httpx.Client) -> None:
    body = ndjson(
        {"id": "a", "text": paragraph(1)}, b"", b"  \r", {"id": "b"}, {"id": 3, "text": "x"},
        {"text": paragraph(2)},
    ).removesuffix(b"\n")
    answers = send(http, "/v1/check/batch", body.replace(b"}\n", b"}\r\n"))
    assert [(one["line"], one.get("id")) for one in answers] == [(1, "a"), (4, "b"), (5, None), (6, None)]
    assert slugs(answers) == ["copy", "invalid-field", "invalid-field", "copy"]
    assert send(http, "/v1/check/batch", b"") == send(http, "/v1/check/batch", b"\n\n\n") == []


@pytest.mark.usefixtures("stored")
def test_whoever_was_cut_off_goes_on_from_a_line(http: httpx.Client) -> None:
    body = ndjson(*({"text": paragraph(n % 5), "id": f"i{n}"} for n in range(1, 71)))
    whole = send(http, "/v1/check/batch", body)
    for first in (1, 2, 33, 70, 71, 1000):
        rest = send(http, "/v1/check/batch", body, **{"from": first})
        assert [one["line"] for one in rest] == list(range(first, 71))
        assert list(map(without_place, rest)) == list(map(without_place, whole[first - 1 :]))


def test_documents_are_stored_in_order_and_may_be_sent_again(http: httpx.Client) -> None:
    sent = [{"id": f"d{n}", "text": paragraph(n), "fields": {"n": n}} for n in range(80)]
    again = {"id": "d3", "text": paragraph(300), "title": "New"}
    no_object = {"id": "y", "text": "a", "fields": 1}
    bad: list[Any] = [{"text": "no id"}, {"id": "x", "text": "?"}, b"{", no_object]
    answers = send(http, "/v1/documents/batch", ndjson(*sent, *bad, again, again))
    assert slugs(answers) == (
        ["created"] * 80 + ["invalid-field", "no-words", "invalid-json", "invalid-field"]
        + ["replaced", "unchanged"]
    )
    assert [one["line"] for one in answers] == list(range(1, 87))
    assert http.get("/v1/documents/d3").json() == {"fields": {}} | again
    assert http.get("/v1/documents/d4").json() == sent[4]
    second = send(http, "/v1/documents/batch", ndjson(*sent[10:], sent[3]))
    assert slugs(second) == ["unchanged"] * 70 + ["replaced"]
    assert http.get("/v1/index").json()["documents"] == 80


def test_no_collection_begins_without_a_good_document(service: Service, collection: str) -> None:
    with httpx.Client(base_url=service.address, params={"collection": collection}) as http:
        assert slugs(send(http, "/v1/documents/batch", ndjson({"id": "a", "text": "?"}))) == ["no-words"]
        assert http.get("/v1/index").status_code == 404
        for path, status in (("/v1/check/batch", 404), ("/v1/documents/batch", 200)):
            body = ndjson({"id": "a", "text": "One text."})
            answer = http.post(path, content=body, headers={"Content-Type": NDJSON})
            assert answer.status_code == status, answer.text


@pytest.mark.usefixtures("stored")
def test_packed_lines_are_unpacked_as_they_come(http: httpx.Client) -> None:
    body = ndjson(*({"text": paragraph(n % 5)} for n in range(2000)))
    plain = send(http, "/v1/check/batch", body)
    for name, packed in (("gzip", gzip.compress(body)), ("zstd", zstandard.compress(body))):
        headers = {"Content-Type": NDJSON, "Content-Encoding": name}
        answer = lines_of(http.post("/v1/check/batch", content=packed, headers=headers).content)
        assert list(map(without_place, answer)) == list(map(without_place, plain))
        cut = lines_of(http.post("/v1/check/batch", content=packed[:-30], headers=headers).content)
        assert slugs(cut)[-1] == "bad-encoding"
        assert cut[-1]["from"] == len(cut)
        assert list(map(without_place, cut[:-1])) == list(map(without_place, plain[: len(cut) - 1]))


class Feed:
    """A connection on which a body is sent as it comes to hand."""

    def __init__(self, service: Service, target: str) -> None:
        self.connection = socket.create_connection(("127.0.0.1", service.port), timeout=20)
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\n"
        self.connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        self.answers = self._answers()

    def send(self, part: bytes) -> None:
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))

    def _answers(self) -> Iterator[dict[str, Any]]:
        file = self.connection.makefile("rb")
        assert b" 200 " in file.readline()
        while file.readline().strip():
            pass
        rest = b""
        while size := int(file.readline(), 16):
            *whole, rest = (rest + file.read(size)).split(b"\n")
            file.readline()
            yield from map(json.loads, whole)

    def end(self) -> list[dict[str, Any]]:
        self.connection.sendall(b"0\r\n\r\n")
        rest = list(self.answers)
        self.connection.close()
        return rest


@pytest.mark.usefixtures("stored")
def test_whoever_waits_for_answers_before_sending_more_gets_them(service: Service, collection: str) -> None:
    feed = Feed(service, f"/v1/check/batch?collection={collection}")
    for number in range(1, 6):
        line = ndjson({"text": paragraph(1)})
        # In pieces, too, that end anywhere
        for start in range(0, len(line), 60 if number % 2 else 1000):
            feed.send(line[start : start + (60 if number % 2 else 1000)])
            time.sleep(0.005)
        told = next(feed.answers)
        assert (told["line"], told["verdict"]) == (number, "copy")
    feed.send(ndjson(*[{"text": paragraph(1)}] * 100))
    assert [next(feed.answers)["line"] for _ in range(100)] == list(range(6, 106))
    feed.send(b'{"text": "and half a')
    assert slugs(feed.end()) == ["invalid-json"]
