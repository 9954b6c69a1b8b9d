"""What a key may spend a minute, and what its holder is told of that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from nearcopy.archive import Archive
from nearcopy.connection import connect
from nearcopy.document import Document
from service import problems
from service.app import create_app
from service.archives import Archives
from service.keys.key import Role
from service.keys.store import opened
from service.limits import spending
from service.limits.spending import SharedStorage
from service.settings import Settings
from tests.conftest import Server
from tests.contract.described import Described, assert_problem
from tests.contract.texts import DOCUMENT

FIVE = {"text": "one two three four five"}


class Clock:
    """A minute that goes on only where it is told to: tests must not depend on when they run."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0 + 18

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(spending, "time", made)
    return made


class Metered:
    """Services over one Redis, and keys for it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.archives = Archives(url)
        self.archives.get().put(Document.checked(DOCUMENT))

    def key(self, requests: int | None = None, words: int | None = None) -> dict[str, str]:
        with opened(self.url) as keys:
            token = keys.create("k", Role.WRITE, ("*",), requests, words)[1]
        return {"Authorization": f"Bearer {token}"}

    def service(self, **settings: Any) -> Described:
        """A process of its own, as far as its limits go."""
        return Described(create_app(Archives(self.url), Settings(**settings)))


@pytest.fixture
def metered(new_server: Callable[[], Server]) -> Iterator[Metered]:
    made = Metered(new_server().url)
    yield made
    made.archives.close()


def left(response: TestResponse) -> dict[str, tuple[int, int, int, int]]:
    """Of each quota: its limit and window, what is left, and for how many seconds."""
    policies = re.findall(r'"(\w+)";q=(\d+);w=(\d+)', response.headers.get("RateLimit-Policy", ""))
    states = dict(re.findall(r'"(\w+)";(r=\d+;t=\d+)', response.headers.get("RateLimit", "")))
    assert set(states) == {name for name, _, _ in policies}
    return {
        name: (int(limit), int(window), *map(int, re.findall(r"\d+", states[name])))  # type: ignore[misc]
        for name, limit, window in policies
    }


def test_what_is_left_is_told_and_the_next_minute_begins_anew(metered: Metered, clock: Clock) -> None:
    call, headers = metered.service(key_requests=3, key_words=100), metered.key()
    for rest in (2, 1, 0):
        response = call("POST", "/v1/check", json=FIVE, headers=headers)
        assert response.status_code == 200
        words = 100 - 5 * (3 - rest)
        assert left(response) == {"requests": (3, 60, rest, 42), "words": (100, 60, words, 42)}
    for method, path in (("POST", "/v1/check"), ("GET", "/v1/index")):
        response = call(method, path, json=FIVE if method == "POST" else None, headers=headers)
        detail = assert_problem(response, problems.RATE_LIMITED)
        assert detail == "the key may spend 3 requests a minute, and has 0 left: go on in 42 seconds"
        assert response.headers["Retry-After"] == "42"
        assert left(response) == {"requests": (3, 60, 0, 42)}
    # Another key has its own
    other = call("GET", "/v1/index", headers=metered.key())
    assert left(other) == {"requests": (3, 60, 2, 42)}
    clock.now += 42
    assert left(call("GET", "/v1/index", headers=headers)) == {"requests": (3, 60, 2, 60)}


@pytest.mark.usefixtures("clock")
def test_every_text_counts_its_words_and_a_refused_one_none(metered: Metered) -> None:
    call, headers = metered.service(), metered.key(words=20)
    pair = {"a": "one, two!", "b": "three 四五"}
    put = ("PUT", "/v1/documents/{id}")
    assert left(call("POST", "/v1/compare", json=pair, headers=headers))["words"][2] == 15
    assert left(call(*put, id="n", json=FIVE, headers=headers))["words"][2] == 10
    large = {"text": "word " * 11}
    response = call("POST", "/v1/check", json=large, headers=headers)
    detail = assert_problem(response, problems.RATE_LIMITED)
    assert detail == "the key may spend 20 words a minute, and has 10 left: go on in 42 seconds"
    assert left(response)["words"][2] == 10
    assert left(call("POST", "/v1/check", json=FIVE, headers=headers))["words"][2] == 5
    larger = call("POST", "/v1/check", json={"text": "word " * 21}, headers=headers)
    assert "send them in parts" in assert_problem(larger, problems.RATE_LIMITED)
    # What cannot be used is refused before it is counted, and nothing of it was stored
    empty = call("POST", "/v1/check", json={"text": ""}, headers=headers)
    assert_problem(empty, problems.INVALID_FIELD, "/text")
    assert_problem(call(*put, id="m", json=large, headers=headers), problems.RATE_LIMITED)
    assert call("GET", "/v1/documents/{id}", id="m", headers=headers).status_code == 404


@pytest.mark.usefixtures("clock")
def test_a_key_has_its_limits_in_every_process(metered: Metered) -> None:
    one, two = metered.service(key_requests=4), metered.service(key_requests=4)
    headers = metered.key()
    rest = [left(call("GET", "/v1/index", headers=headers))["requests"][2] for call in (one, two, two, one)]
    assert rest == [3, 2, 1, 0]
    assert one("GET", "/v1/index", headers=headers).status_code == 429
    assert two("GET", "/v1/index", headers=headers).status_code == 429


@pytest.mark.usefixtures("clock")
def test_a_key_may_have_limits_of_its_own_or_none(metered: Metered) -> None:
    call = metered.service(key_requests=1, key_words=1)
    for _ in range(3):
        response = call("POST", "/v1/check", json=FIVE, headers=metered.key(requests=0, words=0))
        assert (response.status_code, left(response)) == (200, {})
    own = metered.key(requests=2, words=9)
    response = call("POST", "/v1/check", json=FIVE, headers=own)
    assert left(response) == {"requests": (2, 60, 1, 42), "words": (9, 60, 4, 42)}


def test_where_no_key_is_needed_nothing_is_counted(call: Described) -> None:
    response = call("POST", "/v1/check", json=FIVE)
    assert "RateLimit" not in response.headers
    assert "RateLimit-Policy" not in response.headers


def test_what_was_counted_leaves_redis_by_itself(metered: Metered) -> None:
    call, headers = metered.service(), metered.key()
    call("POST", "/v1/check", json=FIVE, headers=headers)
    client = connect(metered.url)
    counters = list(client.keys("nearcopy/spent*"))
    assert len(counters) == 2
    assert all(0 < client.ttl(name) <= 120 for name in counters)
    storage = SharedStorage(client)
    assert storage.incr("x", 60, 7) == 7
    assert storage.incr("x", 60, -7) == 0
    client.close()


@pytest.mark.usefixtures("clock")
def test_a_full_redis_still_answers_checks_and_each_process_counts_them(metered: Metered) -> None:
    headers = metered.key()
    call, other = metered.service(key_requests=2), metered.service(key_requests=2)
    client = metered.archives.client()
    client.config_set("maxmemory", 1)
    for service in (call, other):
        for rest in (1, 0):
            response = service("POST", "/v1/check", json=FIVE, headers=headers)
            assert (response.status_code, left(response)["requests"][2]) == (200, rest)
        assert_problem(service("POST", "/v1/check", json=FIVE, headers=headers), problems.RATE_LIMITED)
    client.config_set("maxmemory", 0)
    response = call("POST", "/v1/check", json=FIVE, headers=headers)
    assert left(response)["requests"][2] == 1


@pytest.mark.usefixtures("clock")
def test_a_stream_pays_for_its_words_once(metered: Metered, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Archive.check_many

    def broken(self: Archive, asked: Any, *more: Any) -> Any:
        if any("defect" in text for text, _ in asked):
            raise RuntimeError
        return whole(self, asked, *more)

    monkeypatch.setattr(Archive, "check_many", broken)
    call, headers = metered.service(key_words=100), metered.key()
    texts = ["one two three", "a defect of ours", "four five"]
    body = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)
    sent = {"data": body, "content_type": "application/x-ndjson", "headers": headers}
    told = [json.loads(line) for line in call("POST", "/v1/check/batch", **sent).data.splitlines()]
    assert [one.get("verdict", one.get("status")) for one in told] == ["unique", 500, "unique"]
    assert left(call("POST", "/v1/check", json=FIVE, headers=headers))["words"][2] == 100 - 9 - 5
