"""Examples in the OpenAPI description: what each call is sent and answers, and each problem.

They lie in ``examples.json``, by the operations' ids and by the last part of a problem's type. Tests hold
each against its schema, and send each to the service.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from service.problems import ALL, MEDIA_TYPE, Problem

REQUEST_ID = "4f1d0f8c6e2b4a7d9c3e5b8a7f6d1c20"


def illustrate(description: dict[str, Any]) -> None:
    """Add the examples to a description."""
    told, problems = _stored(), illustrated_problems()
    for methods in description["paths"].values():
        for operation in methods.values():
            _illustrate(operation, told["calls"].get(operation["operationId"], {}), problems)


def illustrated_problems() -> dict[str, Any]:
    """An example of each problem, by its type."""
    told = _stored()["problems"]
    return {problem.type: _problem(problem, told[problem.slug]) for problem in ALL}


@cache
def _stored() -> Any:
    return orjson.loads((files("service") / "examples.json").read_bytes())


def _illustrate(operation: dict[str, Any], example: dict[str, Any], problems: dict[str, Any]) -> None:
    for media_type, value in example.get("sent", {}).items():
        operation["requestBody"]["content"][media_type]["example"] = value
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if media_type == MEDIA_TYPE:
                kinds = content["schema"]["properties"]["type"]["enum"]
                content["examples"] = {kind.rpartition(":")[2]: {"value": problems[kind]} for kind in kinds}
            elif status in example.get("answers", {}):
                content["example"] = example["answers"][status]


def _problem(problem: Problem, told: dict[str, Any]) -> dict[str, Any]:
    named = {"type": problem.type, "title": problem.title, "status": problem.status}
    return named | told | {"request_id": REQUEST_ID}
