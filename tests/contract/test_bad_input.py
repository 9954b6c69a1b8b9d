"""Every kind of bad input is named: its problem, the place of the value, and what to change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service import problems
from service.app import create_app
from service.archives import Archives
from service.models import MAX_EXCLUDED, MAX_LINE, MAX_MIN_WORDS, MAX_QUERY_EXCLUDED, MAX_SOURCES
from service.problems import Problem
from service.settings import Settings
from tests.contract.described import JSON, Described, assert_problem
from tests.contract.texts import TEXT

CHECK, COMPARE, DOCUMENT = ("POST", "/v1/check"), ("POST", "/v1/compare"), ("PUT", "/v1/documents/{id}")
COPIES = ("GET", "/v1/documents/{id}/copies")
Call = tuple[str, str]

WITH_BODY = [(CHECK, "text"), (COMPARE, "a"), (COMPARE, "b"), (DOCUMENT, "text")]
"""Each text that is sent."""

GOOD: dict[Call, dict[str, Any]] = {
    CHECK: {"text": TEXT},
    COMPARE: {"a": TEXT, "b": TEXT},
    DOCUMENT: {"text": TEXT + " New."},
}

BAD_TEXTS = [
    pytest.param("", "is empty: send the text itself", id="empty"),
    pytest.param("a\0b", "holds a NUL character at 1: remove it", id="NUL"),
    pytest.param("ab\ud83d", "holds a lone surrogate at character 2: send whole", id="high surrogate"),
    pytest.param("\ude00ab", "holds a lone surrogate at character 0: send whole", id="low surrogate"),
    pytest.param(7, "must be a valid string", id="number"),
    pytest.param(None, "must be a valid string", id="null"),
    pytest.param(["a"], "must be a valid string", id="list"),
]

IS_NO_DATE = "is not an ISO 8601 date or time: write 2026-11-23 or 2026-11-23T08:30:00Z"

BAD_FIELDS: list[tuple[Call, str, Any, str, str]] = [
    (CHECK, "threshold", 0.49, "/threshold", "must lie between 0.5, which the index was built for, and 1"),
    (CHECK, "threshold", 0, "/threshold", "must be greater than 0"),
    (CHECK, "threshold", 1.01, "/threshold", "must be less than or equal to 1"),
    (CHECK, "threshold", "0.5", "/threshold", "must be a valid number"),
    (CHECK, "threshold", True, "/threshold", "must be a valid number"),
    (CHECK, "min_words", 0, "/min_words", "must be greater than or equal to 1"),
    (CHECK, "min_words", MAX_MIN_WORDS + 1, "/min_words", "must be less than or equal to 1000"),
    (CHECK, "min_words", 8.5, "/min_words", "must be a valid integer"),
    (CHECK, "min_words", None, "/min_words", "must be a valid integer"),
    (CHECK, "limit", 0, "/limit", "must be greater than or equal to 1"),
    (CHECK, "limit", MAX_SOURCES + 1, "/limit", "must be less than or equal to 1000"),
    (CHECK, "limit", 10**30, "/limit", "must be a valid integer"),
    (CHECK, "published_at", "yesterday", "/published_at", IS_NO_DATE),
    (CHECK, "published_at", "", "/published_at", IS_NO_DATE),
    (CHECK, "published_at", "2026-02-30", "/published_at", IS_NO_DATE),
    (CHECK, "published_at", "0001-01-01T00:00:00+05:00", "/published_at", IS_NO_DATE),
    (CHECK, "published_at", 20261123, "/published_at", "must be a valid string"),
    (CHECK, "title", "x" * (MAX_LINE + 1), "/title", "must have at most 10000 characters"),
    (CHECK, "title", "a\0", "/title", "holds a NUL character at 1: remove it"),
    (CHECK, "publisher", "\ud800", "/publisher", "holds a lone surrogate: send whole"),
    (CHECK, "exclude_documents", "tna-1", "/exclude_documents", "must be a valid list"),
    (CHECK, "exclude_documents", ["ok", ""], "/exclude_documents/1", "a string of at least one character"),
    (
        CHECK,
        "exclude_documents",
        ["é" * 257],
        "/exclude_documents/0",
        "longer than 512 bytes of UTF-8: shorten it",
    ),
    (CHECK, "exclude_documents", ["a\nb"], "/exclude_documents/0", "holds a control character: remove it"),
    (CHECK, "exclude_documents", ["a"] * (MAX_EXCLUDED + 1), "/exclude_documents", "at most 1000 items"),
    (CHECK, "exclude_publishers", [None], "/exclude_publishers/0", "must be a valid string"),
    (CHECK, "a/b~c", 1, "/a~1b~0c", "is unknown here: remove it"),
    (CHECK, "verify", 10, "/verify", "is unknown here: remove it"),
    (CHECK, "\ud800", 1, "", "the body: holds a lone surrogate: send whole"),
    (COMPARE, "min_words", 0, "/min_words", "must be greater than or equal to 1"),
    (COMPARE, "threshold", 0.5, "/threshold", "is unknown here: remove it"),
    (DOCUMENT, "id", "tna-1", "/id", "is unknown here: remove it"),
    (DOCUMENT, "published_at", "23.11.2026", "/published_at", IS_NO_DATE),
    (DOCUMENT, "url", 5, "/url", "must be a valid string"),
    (DOCUMENT, "fields", [], "/fields", "must be a valid dictionary"),
    (DOCUMENT, "fields", {"tags": ["\ud800"]}, "/fields", "send whole Unicode characters"),
    (DOCUMENT, "fields", {"\ud800": 1}, "/fields", "send whole Unicode characters"),
    (DOCUMENT, "fields", json.loads("[" * 300 + "]" * 300), "/fields", "must be a valid dictionary"),
    (DOCUMENT, "fields", json.loads('{"a":' * 300 + "1" + "}" * 300), "/fields", "nest at most 250 levels"),
]

BAD_PARAMETERS: list[tuple[Call, str, str, str]] = [
    (CHECK, "collection=", "collection", "must match ^[a-z0-9][a-z0-9_-]{0,63}$"),
    (CHECK, "collection=Main", "collection", "must match"),
    (COMPARE, "collection=_main", "collection", "must match"),
    (DOCUMENT, "collection=" + "a" * 65, "collection", "must match"),
    (DOCUMENT, "collection=a%0A", "collection", "must match"),
    (COPIES, "collection=a&collection=b", "collection", "is given 2 times: give it once"),
    (COPIES, "threshold=0.49", "threshold", "must lie between 0.5, which the index was built for, and 1"),
    (COPIES, "threshold=nan", "threshold", "must be"),
    (COPIES, "threshold=much", "threshold", "must be a valid number"),
    (COPIES, "min_words=0", "min_words", "must be greater than or equal to 1"),
    (COPIES, "limit=1001", "limit", "must be less than or equal to 1000"),
    (COPIES, "limit=", "limit", "must be a valid integer"),
    (COPIES, "view=all", "view", "must be 'copies' or 'document'"),
    (
        COPIES,
        "&".join(["exclude_publishers=a"] * (MAX_QUERY_EXCLUDED + 1)),
        "exclude_publishers",
        "at most 20 items",
    ),
    (COPIES, "exclude_documents=a", "exclude_documents", "is unknown here: remove it"),
    (("GET", "/v1/index"), "collection=%00", "collection", "must match"),
    (("GET", "/healthz"), "verbose=1", "verbose", "is unknown here: remove it"),
]

BAD_IDS = [
    pytest.param("", "must be a string of at least one character", id="empty"),
    pytest.param("a" * 513, "longer than 512 bytes of UTF-8: shorten it", id="long"),
    pytest.param("é" * 257, "longer than 512 bytes of UTF-8: shorten it", id="long in bytes"),
    pytest.param("a\tb", "holds a control character: remove it", id="tab"),
    pytest.param("a\0", "holds a control character: remove it", id="NUL"),
    pytest.param("a\x7f", "holds a control character: remove it", id="delete"),
]

BAD_BODIES: list[tuple[bytes, Problem, str]] = [
    (b"", problems.INVALID_JSON, "empty document at line 1, column 1"),
    (b"text=one", problems.INVALID_JSON, "line 1, column 1"),
    (b'{"text": "one",}', problems.INVALID_JSON, "line 1, column 15"),
    (b'{"text": NaN}', problems.INVALID_JSON, "line 1, column 10"),
    (b'{"text": "\\ud800", "limit": NaN}', problems.INVALID_JSON, "NaN is not JSON"),
    (b'{"text": "\\ud800"', problems.INVALID_JSON, "line 1"),
    (b'\xef\xbb\xbf{"text": "one"}', problems.INVALID_JSON, "byte order mark"),
    (b"[" * 2000, problems.INVALID_JSON, "line 1"),
    (b'{"text": "\\ud800", "fields":' + b"[" * 100_000, problems.INVALID_JSON, "nested too deeply"),
    (b'{"text": "\\ud800", "limit": ' + b"9" * 10_000 + b"}", problems.INVALID_JSON, "a number too long"),
    (b'{"text": "one", "limit": 1' + b"0" * 400 + b"}", problems.INVALID_JSON, "number is infinity"),
    (b'{"text": "caf\xe9"}', problems.NOT_UTF8, "the body is not UTF-8 at its byte 13: encode it as UTF-8"),
    (b'{"text": "\xed\xa0\x80"}', problems.NOT_UTF8, "the body is not UTF-8 at its byte 10"),
    ('{"text": "one"}'.encode("utf-16"), problems.NOT_UTF8, "the body is not UTF-8 at its byte 0"),
]


def as_json(body: Any) -> dict[str, Any]:
    """What the client takes; surrogates stay escaped."""
    return {"data": json.dumps(body).encode(), "content_type": JSON}


@pytest.mark.parametrize(("text", "advice"), BAD_TEXTS)
@pytest.mark.parametrize(("where", "field"), WITH_BODY)
def test_a_bad_text_is_named(call: Described, where: Call, field: str, text: Any, advice: str) -> None:
    response = call(*where, **as_json(GOOD[where] | {field: text}))
    assert advice in assert_problem(response, problems.INVALID_FIELD, f"/{field}")


@pytest.mark.parametrize("text", ["…", " \n\t", "🚢🚢", "–«»–", "\u200b\u00ad"])
@pytest.mark.parametrize(("where", "field"), WITH_BODY)
def test_a_text_without_a_word_is_named(call: Described, where: Call, field: str, text: str) -> None:
    response = call(*where, json=GOOD[where] | {field: text})
    detail = assert_problem(response, problems.NO_WORDS, f"/{field}")
    assert detail == f"{field} holds no word: send letters or digits in any script"


@pytest.mark.parametrize(("where", "field"), WITH_BODY)
def test_a_missing_text_is_named(call: Described, where: Call, field: str) -> None:
    body = {name: value for name, value in GOOD[where].items() if name != field}
    assert (
        assert_problem(call(*where, json=body), problems.INVALID_FIELD, f"/{field}")
        == f"/{field}: is missing: add it"
    )


@pytest.mark.parametrize(("where", "field", "value", "pointer", "advice"), BAD_FIELDS)
def test_a_bad_field_is_named(
    call: Described, where: Call, field: str, value: Any, pointer: str, advice: str
) -> None:
    response = call(*where, **as_json(GOOD[where] | {field: value}))
    assert advice in assert_problem(response, problems.INVALID_FIELD, pointer)


@pytest.mark.parametrize(("where", "query", "name", "advice"), BAD_PARAMETERS)
def test_a_bad_parameter_is_named(call: Described, where: Call, query: str, name: str, advice: str) -> None:
    given = as_json(GOOD[where]) if where in GOOD else {}
    response = call(*where, query=query, **given)
    assert advice in assert_problem(response, problems.INVALID_PARAMETER, name)


@pytest.mark.parametrize(("id", "advice"), BAD_IDS)
@pytest.mark.parametrize(
    "where", [DOCUMENT, COPIES, ("GET", "/v1/documents/{id}"), ("DELETE", "/v1/documents/{id}")]
)
def test_a_bad_id_is_named(call: Described, where: Call, id: str, advice: str) -> None:
    given = as_json(GOOD[where]) if where in GOOD else {}
    # Before anybody asks whether there is such a collection
    response = call(*where, id=id, query={"collection": "missing"}, **given)
    assert advice in assert_problem(response, problems.INVALID_PARAMETER, "id")
    missing = call("GET", "/v1/index", query={"collection": "missing"})
    assert "there is no collection 'missing'" in assert_problem(missing, problems.NOT_FOUND)


@pytest.mark.parametrize(("body", "problem", "advice"), BAD_BODIES)
@pytest.mark.parametrize("where", [CHECK, COMPARE, DOCUMENT])
def test_a_body_that_is_not_json_in_utf8_says_where(
    call: Described, where: Call, body: bytes, problem: Problem, advice: str
) -> None:
    assert advice in assert_problem(call(*where, data=body, content_type=JSON), problem)


@pytest.mark.parametrize("body", [[], "text", 1, None, True])
@pytest.mark.parametrize("where", [CHECK, COMPARE, DOCUMENT])
def test_a_body_that_is_no_object_is_named(call: Described, where: Call, body: Any) -> None:
    response = call(*where, **as_json(body))
    assert assert_problem(response, problems.INVALID_FIELD, "") == "the body must be a JSON object"


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({}, "send Content-Type: application/json, not none"),
        ({"Content-Type": "text/plain"}, "send Content-Type: application/json, not text/plain"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "send Content-Type: application/json"),
        ({"Content-Type": "application/json; charset=latin-1"}, "send the body as UTF-8, not latin-1"),
        ({"Content-Type": JSON, "Content-Encoding": "br"}, "send Content-Encoding: gzip or zstd, or none"),
    ],
)
@pytest.mark.parametrize("where", [CHECK, COMPARE, DOCUMENT])
def test_a_body_sent_as_something_else_is_named(
    call: Described, where: Call, headers: dict[str, str], advice: str
) -> None:
    response = call(*where, data=json.dumps(GOOD[where]), headers=headers)
    assert advice in assert_problem(response, problems.WRONG_TYPE)


@pytest.mark.parametrize(
    "kind", ["application/json; charset=UTF-8", "application/vnd.newsroom+json", "APPLICATION/JSON"]
)
def test_json_by_another_name_is_read(call: Described, kind: str) -> None:
    assert call(*CHECK, data=json.dumps(GOOD[CHECK]), content_type=kind).status_code == 200


@pytest.mark.parametrize(
    ("path", "byte"),
    [("/v1/documents/\xff", 14), ("/v1/\xed\xa0\x80", 4), ("/v1/documents/a\xc3/copies", 15)],
)
def test_a_path_that_is_not_utf8_is_named(call: Described, path: str, byte: int) -> None:
    # Servers hand the bytes of a path on as Latin-1
    response = call.client.get("/", environ_overrides={"PATH_INFO": path})
    detail = assert_problem(response, problems.NOT_UTF8)
    assert detail == f"the path is not UTF-8 at its byte {byte}: encode it as UTF-8"


def test_all_faults_are_listed_and_a_crowd_is_cut(call: Described) -> None:
    body = {"text": "", "limit": 0, "colour": 1, "threshold": 2}
    detail = assert_problem(
        call(*CHECK, json=body), problems.INVALID_FIELD, "/text", "/threshold", "/limit", "/colour"
    )
    assert detail.endswith("; and 1 more")
    crowd = call(*CHECK, json={"text": TEXT, "exclude_documents": [""] * 500}).get_json()
    assert len(crowd["errors"]) == 20
    assert crowd["detail"].endswith("; and 497 more")


def test_a_put_that_is_refused_begins_no_collection(call: Described, collection: str) -> None:
    query = {"collection": f"{collection}-new"}
    assert_problem(call(*DOCUMENT, query=query, json={"text": "…"}), problems.NO_WORDS, "/text")
    assert_problem(call("GET", "/v1/index", query=query), problems.NOT_FOUND)
    assert call(*DOCUMENT, query=query, json={"text": TEXT}).status_code == 201
    assert call("GET", "/v1/index", query=query).get_json()["documents"] == 1


@pytest.mark.parametrize(("size", "status"), [(4096, 200), (4097, 413)])
def test_the_limit_of_a_body_is_a_setting(archives: Archives, size: int, status: int) -> None:
    body = json.dumps(GOOD[CHECK]).encode().ljust(size)
    small = Described(create_app(archives, Settings(body_limit=4096)))
    answer = small(*CHECK, data=body, content_type=JSON)
    assert answer.status_code == status
    if status == 413:
        detail = assert_problem(answer, problems.TOO_LARGE)
        assert detail == "send at most 4096 bytes, or raise NEARCOPY_BODY_LIMIT"
