"""Paths and methods: what is where, what HEAD and OPTIONS say, and what there is not."""

from __future__ import annotations

import pytest

from service import problems
from tests.contract.described import Described, assert_problem

METHODS = {
    "/": {"GET"},
    "/openapi.json": {"GET"},
    "/healthz": {"GET"},
    "/readyz": {"GET"},
    "/v1/index": {"GET"},
    "/v1/check": {"POST"},
    "/v1/check/batch": {"POST"},
    "/v1/compare": {"POST"},
    "/v1/generations": {"GET"},
    "/v1/generations/1": {"DELETE"},
    "/v1/generations/1/publish": {"POST"},
    "/v1/rebuilds": {"GET", "POST"},
    "/v1/clusters": {"GET", "POST", "DELETE"},
    "/v1/clusters/1": {"GET"},
    "/v1/documents": {"GET"},
    # Also an id
    "/v1/documents/delete": {"GET", "PUT", "POST", "DELETE"},
    "/v1/collections": {"GET", "POST"},
    "/v1/collections/main": {"GET", "PATCH", "DELETE"},
    "/v1/documents/tna-1": {"GET", "PUT", "DELETE"},
    # Also an id
    "/v1/documents/batch": {"GET", "PUT", "POST", "DELETE"},
    # Also an id that ends so
    "/v1/documents/tna-1/copies": {"GET", "PUT", "DELETE"},
}

MISSING = (
    "/v1/documents/batch", "/v1/documents/delete", "/v1/collections/main", "/v1/clusters", "/v1/clusters/1",
)
"""Where there is nothing to get in these tests."""

EVERY = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"}


def allowed(path: str) -> set[str]:
    """What ``Allow`` says there."""
    return METHODS[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS[path] else set())


WRONG = [(path, method) for path in METHODS for method in sorted(EVERY - allowed(path))]


def test_the_calls_are_those_of_the_contract(call: Described) -> None:
    assert set(call.operations()) == {
        ("GET", "/"),
        ("GET", "/openapi.json"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/v1/index"),
        ("POST", "/v1/check"),
        ("POST", "/v1/check/batch"),
        ("POST", "/v1/compare"),
        ("POST", "/v1/documents/batch"),
        ("GET", "/v1/documents"),
        ("POST", "/v1/documents/delete"),
        ("GET", "/v1/collections"),
        ("POST", "/v1/collections"),
        ("GET", "/v1/collections/{collection}"),
        ("PATCH", "/v1/collections/{collection}"),
        ("DELETE", "/v1/collections/{collection}"),
        ("PUT", "/v1/documents/{id}"),
        ("GET", "/v1/documents/{id}"),
        ("DELETE", "/v1/documents/{id}"),
        ("GET", "/v1/documents/{id}/copies"),
        ("GET", "/v1/generations"),
        ("POST", "/v1/generations/{id}/publish"),
        ("DELETE", "/v1/generations/{id}"),
        ("POST", "/v1/rebuilds"),
        ("POST", "/v1/clusters"),
        ("GET", "/v1/clusters"),
        ("DELETE", "/v1/clusters"),
        ("GET", "/v1/clusters/{id}"),
        ("GET", "/v1/rebuilds"),
        ("GET", "/v1/rebuilds/{id}"),
        ("DELETE", "/v1/rebuilds/{id}"),
    }


@pytest.mark.parametrize(("path", "method"), WRONG)
def test_a_wrong_method_is_told_the_right_ones(call: Described, path: str, method: str) -> None:
    response = call.client.open(path, method=method, data=b"{}")
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == allowed(path)
    if method == "HEAD":
        assert response.data == b""
    else:
        detail = assert_problem(response, problems.WRONG_METHOD)
        assert detail == f"{path} takes {', '.join(sorted(allowed(path)))}"


@pytest.mark.parametrize("path", METHODS)
def test_options_tells_the_methods_and_nothing_else(call: Described, path: str) -> None:
    response = call.client.options(path)
    assert (response.status_code, response.data) == (200, b"")
    assert "Content-Type" not in response.headers
    assert set(response.headers["Allow"].split(", ")) == allowed(path)


@pytest.mark.parametrize("path", [path for path in METHODS if "GET" in METHODS[path] and path not in MISSING])
def test_head_is_get_without_its_body(call: Described, path: str) -> None:
    got, head = call.client.get(path), call.client.head(path)
    assert (head.status_code, head.content_type, head.data) == (200, got.content_type, b"")
    assert head.content_length > 0


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/check/", "/v1//check", "/v1/document/a", "/V1/check"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_an_unknown_path_is_told_where_the_calls_are(call: Described, method: str, path: str) -> None:
    detail = assert_problem(call.client.open(path, method=method), problems.NO_SUCH_PATH)
    assert detail == f"there is nothing at {path}: GET / lists the calls"
