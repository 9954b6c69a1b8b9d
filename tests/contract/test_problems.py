"""Every call with every problem that its description says it may have, each brought about for real."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from nearcopy.index.keys import MAX_NUMBER, PartitionKeys, header
from service import problems
from service.app import create_app
from service.archives import Archives
from service.problems import ALL, Problem
from tests.contract.described import JSON, Described
from tests.contract.texts import TEXT

BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/check": {"text": TEXT},
    "POST /v1/compare": {"a": TEXT, "b": TEXT},
    "PUT /v1/documents/{id}": {"text": TEXT + " And new."},
}
"""What each call with a body takes."""

WORDLESS = {name: dict.fromkeys(body, "¡…!") for name, body in BODIES.items()}

DESCRIPTION = Described(create_app(Archives()))


class Bench:
    """One call of a service, and what may be done to it."""

    def __init__(self, app: Flask, archives: Archives, url: str, method: str, path: str) -> None:
        self.app, self.archives, self.url = app, archives, url
        self.method, self.path = method, path
        self.collection = archives.get().store.collection
        self.keys = PartitionKeys.of(self.collection, 0)
        self.redis = redis.Redis.from_url(url)

    def call(self, app: Flask | None = None, **given: Any) -> TestResponse:
        """The call as it should be, but for what is ``given``."""
        body = BODIES.get(f"{self.method} {self.path}")
        if body is not None and "data" not in given and "input_stream" not in given:
            given.setdefault("json", body)
        return Described(app or self.app)(self.method, self.path, **given)


@pytest.fixture
def bench(request: pytest.FixtureRequest, app: Flask, archives: Archives, redis_url: str) -> Iterator[Bench]:
    """The call that the test is for."""
    made = Bench(app, archives, redis_url, *request.param)
    yield made
    made.redis.close()


def bad_request(bench: Bench) -> TestResponse:
    # The client goes away in the middle of its body
    length = {"CONTENT_LENGTH": "100"}
    return bench.call(input_stream=io.BytesIO(b'{"text'), content_type=JSON, environ_overrides=length)


def invalid_json(bench: Bench) -> TestResponse:
    return bench.call(data=b'{"text": "one', content_type=JSON)


def not_utf8(bench: Bench) -> TestResponse:
    return bench.call(query="collection=%FF")


def not_found(bench: Bench) -> TestResponse:
    return bench.call(query={"collection": f"{bench.collection}-missing"})


def too_large(bench: Bench) -> TestResponse:
    return bench.call(data=b" " * (2 * 1024 * 1024 + 1), content_type=JSON)


def wrong_type(bench: Bench) -> TestResponse:
    return bench.call(data=json.dumps(BODIES["POST /v1/check"]))


def invalid_field(bench: Bench) -> TestResponse:
    return bench.call(json=BODIES[f"{bench.method} {bench.path}"] | {"colour": 1})


def invalid_parameter(bench: Bench) -> TestResponse:
    return bench.call(query={"colour": 1})


def no_words(bench: Bench) -> TestResponse:
    return bench.call(json=WORDLESS[f"{bench.method} {bench.path}"])


def internal(bench: Bench) -> TestResponse:
    # Somebody else writes into our Redis
    bench.redis.set(header(bench.collection), b"not JSON")
    return bench.call(create_app(Archives(bench.url, bench.collection)))


def storage_unavailable(bench: Bench) -> TestResponse:
    response = bench.call(create_app(Archives("unix:///nobody/listens/here", bench.collection)))
    assert response.headers["Retry-After"] == "2"
    return response


def other_parameters(bench: Bench) -> TestResponse:
    stored = json.loads(bench.redis.get(header(bench.collection)) or b"")
    bench.redis.set(header(bench.collection), json.dumps(stored | {"digest": "0" * 12}))
    return bench.call(create_app(Archives(bench.url, bench.collection)))


def not_ready(bench: Bench) -> TestResponse:
    bench.redis.delete(bench.keys.pointer)
    response = bench.call()
    assert response.headers["Retry-After"] == "2"
    return response


def index_full(bench: Bench) -> TestResponse:
    bench.redis.hset(bench.keys.counters(b"1"), "d", MAX_NUMBER)
    return bench.call(id="one too many")


PROVOKE: dict[Problem, Callable[[Bench], TestResponse]] = {
    problems.BAD_REQUEST: bad_request,
    problems.INVALID_JSON: invalid_json,
    problems.NOT_UTF8: not_utf8,
    problems.NOT_FOUND: not_found,
    problems.TOO_LARGE: too_large,
    problems.WRONG_TYPE: wrong_type,
    problems.INVALID_FIELD: invalid_field,
    problems.INVALID_PARAMETER: invalid_parameter,
    problems.NO_WORDS: no_words,
    problems.INTERNAL: internal,
    problems.STORAGE_UNAVAILABLE: storage_unavailable,
    problems.OTHER_PARAMETERS: other_parameters,
    problems.NOT_READY: not_ready,
    problems.INDEX_FULL: index_full,
}

OF_NO_CALL = {problems.NO_SUCH_PATH, problems.WRONG_METHOD}
"""What no described call answers with; their tests are below."""

WITHOUT_REDIS = {"/", "/openapi.json", "/healthz"}
"""Calls that nobody knows how to break."""

CASES = [
    pytest.param((method, path), problem, id=f"{method} {path} {problem.slug}")
    for method, path in DESCRIPTION.operations()
    for problem in ALL
    if problem.type in DESCRIPTION.problems(method, path)
    and not (problem is problems.INTERNAL and path in WITHOUT_REDIS)
]


@pytest.mark.parametrize(("bench", "problem"), CASES, indirect=["bench"])
def test_a_call_answers_with_each_problem_that_it_describes(bench: Bench, problem: Problem) -> None:
    body = PROVOKE[problem](bench).get_json(force=True)
    assert (body["type"], body["title"], body["status"]) == (problem.type, problem.title, problem.status)
    assert body["detail"]


def test_every_problem_is_described_and_provoked() -> None:
    schemas = DESCRIPTION.description["components"]["schemas"]
    assert schemas["ProblemBody"]["properties"]["type"]["enum"] == [problem.type for problem in ALL]
    assert len({problem.type for problem in ALL}) == len(ALL)
    assert set(PROVOKE) | OF_NO_CALL == set(ALL)
    assert {case.values[1] for case in CASES} == set(PROVOKE)
