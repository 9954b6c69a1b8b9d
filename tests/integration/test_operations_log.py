"""The log of the real service: what stands in it, and what never does, whatever a caller sends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.serving import PROGRAM, Service

SECONDS = 20.0

MARKER = "Zyzzyva4711"
"""Stands wherever a caller can put a text."""

BROKEN = """
from nearcopy.archive import Archive


def broken(self, a, b, min_words):
    try:
        raise KeyError(a)
    except KeyError as error:
        raise ValueError("no way to compare " + b) from error


Archive.compare = broken
"""
"""A defect whose messages quote the text, put into the real service before it starts."""


class Logged(Service):
    """A service whose log is kept in a file."""

    def __init__(self, path: Path, url: str, collection: str, **settings: str) -> None:
        self.path = path
        super().__init__(url, collection, **settings)

    def start(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.path.open("wb") as log:
            return subprocess.Popen([sys.executable, "-c", BROKEN + PROGRAM], env=environment, stderr=log)

    def text(self) -> str:
        """All that was logged."""
        return self.path.read_text()

    def lines(self) -> list[dict[str, Any]]:
        """What was logged, where it is JSON; every line is."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture(scope="module")
def logged(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """A service that logs JSON, everything, and has a defect."""
    path = tmp_path_factory.mktemp("log") / "log"
    name = f"log-{os.getpid()}"
    with Logged(path, redis_url, name, log_format="json", log_level="debug") as running:
        yield running


@pytest.fixture
def client(logged: Logged) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=logged.address, timeout=30) as opened:
        yield opened


def line_of(logged: Logged, answer: httpx.Response) -> dict[str, Any]:
    """The one line of the log that tells of an answer; it is written once the answer is sent."""
    id, until = answer.headers["X-Request-Id"], time.monotonic() + SECONDS
    while time.monotonic() < until:
        lines = [line for line in logged.lines() if line.get("request_id") == id and "status" in line]
        if lines:
            [line] = lines
            return line
        time.sleep(0.02)
    raise AssertionError(logged.text())


def test_a_line_tells_of_a_request_without_its_path_and_query(logged: Logged, client: httpx.Client) -> None:
    name = logged.settings["collection"]
    put = client.put(f"/v1/documents/some-id?collection={name}", json={"text": "A text of some words."})
    line = line_of(logged, put)
    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line.pop("time"))
    assert line == {
        "level": "info", "event": "PUT /v1/documents/<id:id>", "method": "PUT", "status": 201,
        "route": "/v1/documents/<id:id>", "collection": name, "key": None, "client": "127.0.0.1",
        "bytes": len(put.content), "request_id": put.headers["X-Request-Id"],
    }
    assert line_of(logged, client.get("/healthz"))["level"] == "debug"
    assert line_of(logged, client.get("/v1/index?collection=no-such"))["collection"] is None


def test_an_id_is_taken_and_given_back_or_made(logged: Logged, client: httpx.Client) -> None:
    own = "0af7651916cd43dd-8448.eb_1"
    answer = client.get("/v1/documents/missing", headers={"X-Request-Id": own})
    assert (answer.headers["X-Request-Id"], answer.json()["request_id"]) == (own, own)
    assert line_of(logged, answer)["status"] == 404
    made = set()
    for bad in ("", "a b", "é".encode(), "x" * 65, '"}', "<b>"):
        answer = client.get("/healthz", headers={"X-Request-Id": bad})
        made.add(answer.headers["X-Request-Id"])
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in made)
    assert len(made) == 6


def test_the_lines_of_a_stream_are_counted_to_the_last(logged: Logged, client: httpx.Client) -> None:
    body = b"".join(b'{"text": "Line %d of some words"}\n' % number for number in range(100)) + b"{\n"
    answer = client.post("/v1/check/batch", content=body, headers={"Content-Type": "application/x-ndjson"})
    line = line_of(logged, answer)
    assert (line["status"], line["bytes"]) == (200, len(answer.content))
    assert json.loads(answer.text.splitlines()[-1])["request_id"] == answer.headers["X-Request-Id"]


def test_nothing_that_a_caller_sends_stands_in_the_log(logged: Logged, client: httpx.Client) -> None:
    given = {"text": f"{MARKER} was here.", "title": MARKER, "publisher": MARKER, MARKER: MARKER}
    document = {**given, "id": MARKER, "published_at": MARKER}
    headers = {
        "Authorization": f"Bearer {MARKER}", "X-Request-Id": f"{MARKER} {MARKER}", MARKER: MARKER,
        "User-Agent": MARKER, "Referer": MARKER, "Cookie": MARKER, "X-Forwarded-For": MARKER,
    }
    good = {"text": f"{MARKER} was here.", "title": MARKER}
    answers = [
        client.put(f"/v1/documents/{MARKER}", json=good, headers=headers),
        client.get(f"/v1/documents/{MARKER}/copies", headers=headers),
        client.put(f"/v1/documents/{MARKER}", json=document, headers=headers),
        client.post("/v1/check", json=good, headers=headers, params={"collection": MARKER}),
        client.post("/v1/check", json=good, headers=headers, params={MARKER: MARKER}),
        client.post("/v1/check", json=given, headers=headers),
        client.post("/v1/check", content=MARKER.encode(), headers=headers | {"Content-Type": MARKER}),
        client.post("/v1/check", content=MARKER.encode(), headers={"Content-Type": "application/json"}),
        client.post("/v1/check", files={"file": (MARKER, MARKER.encode())}, headers=headers),
        client.post("/v1/check", content=f"<p>{MARKER}</p>", headers={"Content-Type": "text/html"}),
        client.post("/v1/check/batch", content=json.dumps(document) + "\n" + MARKER,
                    headers={"Content-Type": "application/x-ndjson"}),
        client.post("/v1/rebuilds", json={"archives": [f"/{MARKER}"]}, headers=headers),
        client.request(MARKER.upper(), f"/{MARKER}", headers=headers),
        client.delete(f"/v1/documents/{MARKER}", headers=headers),
    ]  # fmt: skip
    broken = client.post("/v1/compare", json={"a": f"{MARKER} here", "b": f"{MARKER} there"}, headers=headers)
    statuses = {answer.status_code for answer in answers}
    assert statuses >= {200, 201, 204, 404, 415, 422}
    assert broken.status_code == 500
    assert MARKER not in broken.text
    line_of(logged, broken)
    told = [line for line in logged.lines() if line.get("request_id") == broken.headers["X-Request-Id"]]
    assert [line.get("status") for line in told] == [None, 500]
    assert told[0]["event"] == "/v1/compare failed"
    assert [line for line in told[0]["trace"] if not line.startswith(" ")] == [
        "builtins.ValueError, raised at", "builtins.KeyError, raised at"
    ]
    assert any(line.endswith(" broken") for line in told[0]["trace"])
    for answer in (*answers, broken):
        assert line_of(logged, answer)["status"] == answer.status_code
    assert MARKER.lower() not in logged.text().lower()


def test_plain_lines_are_for_people(redis_url: str, collection: str, tmp_path: Path) -> None:
    with Logged(tmp_path / "log", redis_url, collection, log_level="info") as running:
        httpx.get(f"{running.address}/healthz")
        answer = httpx.post(f"{running.address}/v1/check", json={"text": "Some words."})
        httpx.post(f"{running.address}/v1/compare", json={"a": MARKER, "b": MARKER})
    found = running.text()
    assert "healthz" not in found
    line = next(line for line in found.splitlines() if "/v1/check" in line)
    assert re.match(r"\d{4}-\d\d-\d\dT\S+ info POST /v1/check method=POST ", line)
    assert line.split(" request_id=")[1].split()[0] == answer.headers["X-Request-Id"]
    assert "error /v1/compare failed" in found
    assert MARKER not in found
