"""Every call with every problem that its description says it may have, each brought about for real."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis
from flask import Flask
from werkzeug.test import TestResponse

from nearcopy.document import Document
from nearcopy.index import clusters
from nearcopy.index.keys import COLLECTIONS, MAX_NUMBER, PartitionKeys, dropping, header
from nearcopy.index.lock import Lock
from service import problems
from service.app import create_app
from service.archives import Archives
from service.context import shared
from service.keys.key import Role
from service.keys.store import opened
from service.problems import ALL, Problem
from service.settings import Settings
from service.uploads.readers import Readers
from tests.conftest import Server
from tests.contract.described import JSON, Described
from tests.contract.going_back import rebuilt_from_itself
from tests.contract.texts import TEXT
from tests.integration.masters import free_port

BODIES: dict[str, dict[str, Any]] = {
    "POST /v1/check": {"text": TEXT},
    "POST /v1/compare": {"a": TEXT, "b": TEXT},
    "PUT /v1/documents/{id}": {"text": TEXT + " And new."},
    "POST /v1/rebuilds": {},
    "POST /v1/clusters": {},
    "POST /v1/documents/delete": {"ids": ["tna-1"], "dry_run": True},
    "POST /v1/collections": {"name": "new"},
    "PATCH /v1/collections/{collection}": {"keep": "365d"},
}
"""What each call with a body takes."""

FIRST = "0"
"""A collection that is the first of all."""

WORDLESS = {name: dict.fromkeys(body, "¡…!") for name, body in BODIES.items()}

DESCRIPTION = Described(create_app(Archives()))


class Bench:
    """One call of a service, and what may be done to it."""

    def __init__(
        self, app: Flask, archives: Archives, url: str, new_server: Callable[..., Server],
        method: str, path: str,
    ) -> None:
        self.app, self.archives, self.url, self.new_server = app, archives, url, new_server
        self.method, self.path = method, path
        self.collection = archives.get().store.collection
        self.keys = PartitionKeys.of(self.collection, 0)
        self.redis = redis.Redis.from_url(url)
        self.new = f"{self.collection}-new"

    def call(self, app: Flask | None = None, **given: Any) -> TestResponse:
        """The call as it should be, but for what is ``given``."""
        body = BODIES.get(f"{self.method} {self.path}")
        if self.path == "/v1/collections" and body is not None:
            body = {"name": self.new}
        if "{collection}" in self.path:
            named = given.setdefault("collection", self.collection)
            given.setdefault("query", {"confirm": named} if self.method == "DELETE" else "")
        if body is not None and "data" not in given and "input_stream" not in given:
            given.setdefault("json", body)
        return Described(app or self.app)(self.method, self.path, **given)


class Slow(io.BytesIO):
    """A body that sends nothing for a while, and then ends."""

    def readinto(self, buffer: Any) -> int:  # noqa: ARG002
        time.sleep(0.02)
        return 0


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, app: Flask, archives: Archives, redis_url: str,
    new_server: Callable[..., Server],
) -> Iterator[Bench]:
    """The call that the test is for."""
    made = Bench(app, archives, redis_url, new_server, *request.param)
    yield made
    made.redis.close()


def bad_request(bench: Bench) -> TestResponse:
    # The client goes away in the middle of its body
    length = {"CONTENT_LENGTH": "100"}
    return bench.call(input_stream=io.BytesIO(b'{"text'), content_type=JSON, environ_overrides=length)


def bad_encoding(bench: Bench) -> TestResponse:
    return bench.call(data=b"{}", content_type=JSON, headers={"Content-Encoding": "gzip"})


def invalid_json(bench: Bench) -> TestResponse:
    return bench.call(data=b'{"text": "one', content_type=JSON)


def not_utf8(bench: Bench) -> TestResponse:
    return bench.call(query="collection=%FF")


def no_key(bench: Bench) -> TestResponse:
    # Strangers reach it, and nobody made a key
    return bench.call(create_app(bench.archives, Settings(host="0.0.0.0")))


def not_allowed(bench: Bench) -> TestResponse:
    url = bench.new_server().url
    with opened(url) as keys:
        _, token = keys.create("one", Role.CHECK, ("another",))
    return bench.call(create_app(Archives(url)), headers={"Authorization": f"Bearer {token}"})


def too_slow(bench: Bench) -> TestResponse:
    # The client's connection is closed after a while, which ends the body too early
    app = create_app(bench.archives, Settings(body_seconds=0.01))
    length = {"CONTENT_LENGTH": "100"}
    return bench.call(app, input_stream=Slow(), content_type=JSON, environ_overrides=length)


def rate_limited(bench: Bench) -> TestResponse:
    url = bench.new_server().url
    with opened(url) as keys:
        _, token = keys.create("one", Role.ADMIN, ("*",), requests=1)
    app, headers = create_app(Archives(url)), {"Authorization": f"Bearer {token}"}
    # A minute may end between the two
    for _ in range(3):
        response = bench.call(app, headers=headers)
        if response.status_code == 429:
            break
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    return response


def overloaded(bench: Bench) -> TestResponse:
    app = create_app(bench.archives, Settings(in_flight=1))
    with app.app_context(), shared().places.one():
        response = bench.call(app)
    assert response.headers["Retry-After"] == "1"
    return response


def not_found(bench: Bench) -> TestResponse:
    if "{collection}" in bench.path:
        return bench.call(collection=f"{bench.collection}-missing")
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
    # Somebody else writes into our Redis. Of many collections the metrics tell the first
    bench.redis.sadd(COLLECTIONS, FIRST)
    for name in bench.collection, bench.new, FIRST:
        bench.redis.set(header(name), b"not JSON")
    try:
        return bench.call(create_app(Archives(bench.url, bench.collection)))
    finally:
        bench.redis.srem(COLLECTIONS, FIRST)
        bench.redis.delete(header(FIRST))


def storage_unavailable(bench: Bench) -> TestResponse:
    # Reached by strangers: a local service tells its metrics all the same
    settings = Settings(host="0.0.0.0")
    response = bench.call(create_app(Archives("unix:///nobody/listens/here", bench.collection), settings))
    assert response.headers["Retry-After"] == "2"
    return response


def other_parameters(bench: Bench) -> TestResponse:
    stored = json.loads(bench.redis.get(bench.keys.shape(b"1")) or b"")
    bench.redis.set(bench.keys.shape(b"1"), json.dumps(stored | {"digest": "0" * 12}))
    return bench.call(create_app(Archives(bench.url, bench.collection)))


def not_ready(bench: Bench) -> TestResponse:
    bench.redis.delete(bench.keys.pointer)
    response = bench.call()
    assert response.headers["Retry-After"] == "2"
    return response


def collection_exists(bench: Bench) -> TestResponse:
    assert bench.call().status_code == 201
    return bench.call()


def precondition_failed(bench: Bench) -> TestResponse:
    return bench.call(headers={"If-Match": '"0123456789abcdef"'})


def rebuild_running(bench: Bench) -> TestResponse:
    if bench.method == "DELETE":
        kind = "/v1/clusters" if bench.path == "/v1/clusters" else "/v1/rebuilds"
        assert Described(bench.app)("POST", kind, json={}).status_code == 202
        return bench.call()
    first, second = bench.call(), bench.call()
    assert first.status_code == 202
    assert second.headers["Location"] == first.headers["Location"]
    return second


def rebuild_ended(bench: Bench) -> TestResponse:
    id = Described(bench.app)("POST", "/v1/rebuilds", json={}).get_json()["id"]
    assert bench.call(id=id).status_code == 204
    return bench.call(id=id)


def busy(bench: Bench) -> TestResponse:
    bench.redis.set(dropping(bench.new), b'{"partitions": 1}')
    store = bench.archives.get().store
    with Lock(store), clusters.lock(store):
        return bench.call(id="1")


def generation_live(bench: Bench) -> TestResponse:
    return bench.call(id="1")


def no_queue(bench: Bench) -> TestResponse:
    port = free_port()
    server = bench.new_server("--port", str(port), "--cluster-enabled", "yes")
    with server.client() as client:
        client.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
            time.sleep(0.05)
    with closing(Archives(f"redis+cluster://127.0.0.1:{port}")) as archives:
        return bench.call(create_app(archives))


def index_full(bench: Bench) -> TestResponse:
    archive = bench.archives.get()
    if bench.path.startswith("/v1/generations"):
        rebuilt_from_itself(archive)
        archive.put(Document("one too many", TEXT))
    bench.redis.hset(bench.keys.counters(b"1"), "d", MAX_NUMBER)
    return bench.call(id="1" if archive.stats()["generation"] == "2" else "one too many")


def as_page(bench: Bench) -> dict[str, Any]:
    """The call's body, its texts sent as pages."""
    return BODIES[f"{bench.method} {bench.path}"] | {"format": "html"}


def unreadable_file(bench: Bench) -> TestResponse:
    return bench.call(json=dict.fromkeys(as_page(bench), "<p>") | {"format": "html"})


def unknown_file(bench: Bench) -> TestResponse:
    return bench.call(data={"file": (io.BytesIO(b"\x89PNG\r\n\x1a\n\0"), "a.png")})


def files_busy(bench: Bench) -> TestResponse:
    settings = Settings(extract_processes=1, in_flight=1)
    readers = Readers(settings)
    with readers.place():
        response = bench.call(create_app(bench.archives, settings, readers), json=as_page(bench))
    assert response.headers["Retry-After"] == "2"
    return response


PROVOKE: dict[Problem, Callable[[Bench], TestResponse]] = {
    problems.BAD_REQUEST: bad_request,
    problems.BAD_ENCODING: bad_encoding,
    problems.INVALID_JSON: invalid_json,
    problems.NOT_UTF8: not_utf8,
    problems.NO_KEY: no_key,
    problems.NOT_ALLOWED: not_allowed,
    problems.TOO_SLOW: too_slow,
    problems.RATE_LIMITED: rate_limited,
    problems.OVERLOADED: overloaded,
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
    problems.COLLECTION_EXISTS: collection_exists,
    problems.PRECONDITION_FAILED: precondition_failed,
    problems.REBUILD_RUNNING: rebuild_running,
    problems.REBUILD_ENDED: rebuild_ended,
    problems.BUSY: busy,
    problems.GENERATION_LIVE: generation_live,
    problems.NO_QUEUE: no_queue,
    problems.INDEX_FULL: index_full,
    problems.UNREADABLE_FILE: unreadable_file,
    problems.UNKNOWN_FILE: unknown_file,
    problems.FILES_BUSY: files_busy,
}

OF_NO_CALL = {problems.NO_SUCH_PATH, problems.WRONG_METHOD}
"""What no described call answers with; their tests are below."""

WITHOUT_REDIS = {("GET", path) for path in ("/", "/openapi.json", "/healthz", "/v1/collections")}
"""Calls that nobody knows how to break."""

CASES = [
    pytest.param((method, path), problem, id=f"{method} {path} {problem.slug}")
    for method, path in DESCRIPTION.operations()
    for problem in ALL
    if problem.type in DESCRIPTION.problems(method, path)
    and not (problem is problems.INTERNAL and (method, path) in WITHOUT_REDIS)
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
