"""Calls that hold every answer against the OpenAPI description."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from service.app import create_app
from service.archives import Archives
from service.problems import MEDIA_TYPE, Problem

JSON = "application/json"
NDJSON = "application/x-ndjson"


@cache
def description() -> dict[str, Any]:
    """What every application says of itself; no Redis is asked for it."""
    client = create_app(Archives("unix:///nobody/listens/here")).test_client()
    found: dict[str, Any] = client.get("/openapi.json").get_json()
    return found


class Described:
    """Calls an application. What its description does not allow is an `AssertionError`."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.description = description()

    def operations(self) -> list[tuple[str, str]]:
        """Method and path of every call."""
        paths = self.description["paths"].items()
        return [(method.upper(), path) for path, item in paths for method in item]

    def problems(self, method: str, path: str) -> set[str]:
        """The types of problem that a call may answer with."""
        answers = self.description["paths"][path][method.lower()]["responses"].values()
        schemas = [answer["content"][MEDIA_TYPE]["schema"] for answer in answers if _is_problem(answer)]
        return {kind for schema in schemas for kind in schema["properties"]["type"]["enum"]}

    def __call__(
        self, method: str, path: str, id: str = "tna-1", query: Mapping[str, Any] | str = "",
        collection: str = "main", **given: Any,
    ) -> TestResponse:
        """Call ``path`` as the description spells it. ``given`` is as Flask's test client takes it."""
        asked = query if isinstance(query, str) else urlencode(query, doseq=True)
        named = path.replace("{id}", quote(id, safe="")).replace("{collection}", quote(collection, safe=""))
        url = named + (f"?{asked}" if asked else "")
        response = self.client.open(url, method=method, **given)
        answers = self.description["paths"][path][method.lower()]["responses"]
        assert str(response.status_code) in answers, response.text
        self.check(response, answers[str(response.status_code)])
        return response

    def check(self, response: TestResponse, answer: Mapping[str, Any]) -> None:
        """Hold the answer against what the description has for its status."""
        if "Retry-After" in response.headers:
            self.validate(int(response.headers["Retry-After"]), answer["headers"]["Retry-After"]["schema"])
        if "content" not in answer:
            assert response.data == b""
            assert "Content-Type" not in response.headers
            return
        assert response.content_type in answer["content"]
        value = lines_of(response) if response.content_type == NDJSON else response.get_json(force=True)
        self.validate(value, answer["content"][response.content_type]["schema"])

    def validate(self, value: Any, schema: Mapping[str, Any]) -> None:
        """Hold a value against a schema of the description."""
        root = {**schema, "components": self.description["components"]}
        Draft202012Validator(root).validate(value)


def lines_of(response: TestResponse) -> list[Any]:
    """What stands on the lines of an answer."""
    return [json.loads(line) for line in response.data.splitlines()]


def assert_problem(response: TestResponse, problem: Problem, *places: str) -> str:
    """The answer is that problem, with exactly these places of ``errors``. Returns its detail."""
    body = response.get_json(force=True)
    assert (response.content_type, response.status_code) == (MEDIA_TYPE, problem.status), body
    named = {"type": problem.type, "title": problem.title, "status": problem.status}
    assert body.items() >= named.items(), body
    errors = body.get("errors", [])
    assert [error.get("pointer", error.get("parameter")) for error in errors] == list(places), body
    assert all(error["detail"] for error in errors)
    return str(body["detail"])


def _is_problem(answer: Mapping[str, Any]) -> bool:
    return MEDIA_TYPE in answer.get("content", {})
