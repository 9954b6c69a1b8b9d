"""The examples of the OpenAPI description: there for every call and problem, valid, and answered as shown."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.problems import ALL, MEDIA_TYPE
from tests.contract.described import JSON, NDJSON, Described, description, lines_of

FORM = "multipart/form-data"


def contents() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Operation, media type and what is said of it, of every body that is sent or answered."""
    for methods in description()["paths"].values():
        for operation in methods.values():
            parts = [operation.get("requestBody", {}), *operation["responses"].values()]
            for part in parts:
                for media_type, content in part.get("content", {}).items():
                    yield operation["operationId"], media_type, content


def test_every_body_has_an_example_that_its_schema_allows() -> None:
    found = 0
    for name, media_type, content in contents():
        schema = {**content["schema"], "components": description()["components"]}
        if media_type == MEDIA_TYPE:
            kinds = [kind.rpartition(":")[2] for kind in content["schema"]["properties"]["type"]["enum"]]
            assert list(content["examples"]) == kinds, name
            values = [example["value"] for example in content["examples"].values()]
        else:
            assert "example" in content, (name, media_type)
            values = [content["example"]]
        for value in values:
            Draft202012Validator(schema).validate(value)
        found += len(values)
    assert found > 10 * len(ALL)


def test_every_parameter_of_a_path_has_an_example_that_its_schema_allows() -> None:
    for methods in description()["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    Draft202012Validator(parameter["schema"]).validate(parameter["example"])


SENT = [
    pytest.param(method, path, media_type, content["example"], id=f"{method} {path} {media_type}")
    for path, methods in description()["paths"].items()
    for method, operation in methods.items()
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
]


@pytest.mark.parametrize(("method", "path", "media_type", "sent"), SENT)
def test_each_example_is_answered_like_its_answer(
    call: Described, collection: str, method: str, path: str, media_type: str, sent: Any
) -> None:
    if path == "/v1/collections":
        sent = sent | {"name": f"{collection}-new"}
    if media_type == FORM:
        data: Any = sent | {"file": (io.BytesIO(sent["file"].encode()), "story.txt")}
    elif media_type == NDJSON:
        data = "".join(json.dumps(line) + "\n" for line in sent)
    else:
        data = json.dumps(sent) if media_type == JSON else sent
    named = {"id": "agency-1", "collection": collection}
    answer = call(method.upper(), path, **named, data=data, content_type=media_type)
    shown = description()["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    [(kind, content)] = shown.items()
    told = lines_of(answer) if kind == NDJSON else [answer.get_json(force=True)]
    expected = content["example"] if kind == NDJSON else [content["example"]]
    assert [one.keys() for one in told] == [one.keys() for one in expected]
