"""The OpenAPI 3.1 description of an application, made from the models that validate its calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from flask import Flask
from pydantic import BaseModel, TypeAdapter

from nearcopy.document import COLLECTION_NAME, MAX_ID_BYTES
from service.answers import PLAIN
from service.calls import Call
from service.conditions import MATCH, NONE_MATCH
from service.examples import illustrate
from service.models import ID_PATTERN
from service.problems import ALL, MEDIA_TYPE, NO_KEY, Problem, ProblemBody

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]

REFERENCE = "#/components/schemas/{model}"

METHODS_OF_FLASK = {"HEAD", "OPTIONS"}
"""Flask adds these to every route; they need no words."""

PURPOSE = "Finds near-duplicate paragraphs and syndicated copies in an archive of texts, and proves each one."

ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": f"Document id: 1 to {MAX_ID_BYTES} bytes of UTF-8, percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": ID_PATTERN},
    "example": "agency-1",
}

REBUILD_ID = ID | {
    "description": "Id of a rebuild, as its start answered it.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
    "example": "0f3c5a7e9b1d2468",
}

GENERATION = ID | {
    "description": "Number of a generation.",
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,15}$"},
    "example": "1",
}

COLLECTION = ID | {
    "name": "collection",
    "description": "Name of a collection.",
    "schema": {"type": "string", "pattern": f"^{COLLECTION_NAME}$"},
    "example": "newswire",
}

CLUSTER_ID = REBUILD_ID | {"description": "Id of a cluster.", "example": "1d0c3a5b7e9f2468"}

IDS = {
    "rebuilds": REBUILD_ID, "generations": GENERATION, "collections": COLLECTION, "clusters": CLUSTER_ID,
}
"""What stands in the path of calls that are not about documents."""


RETRY_AFTER = {
    "description": "Seconds after which the same request may succeed.",
    "schema": {"type": "integer", "minimum": 1},
}


KEY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "nck_<id>_<secret>",
    "description": "An API key from `nearcopy keys create`. Where nobody made a key, none is needed.",
}

CHALLENGE = {
    "description": "How to show a key (RFC 6750).",
    "schema": {"type": "string"},
}

QUOTAS = {
    "RateLimit-Policy": {
        "description": "The limits of the key, as in draft-ietf-httpapi-ratelimit-headers-10: `q` requests "
        "or words in `w` seconds. Not there where the key has no limit, or none is needed.",
        "schema": {"type": "string"},
        "example": '"requests";q=6000;w=60, "words";q=6000000;w=60',
    },
    "RateLimit": {
        "description": "What is left of them: `r` for `t` seconds.",
        "schema": {"type": "string"},
        "example": '"requests";r=5999;t=42, "words";r=5999669;t=42',
    },
}
"""The headers of every answer of a call that takes a key."""

REQUEST_ID = {
    "X-Request-Id": {
        "description": "The id of the request: the one that was sent in this header, where it is 1 to 64 "
        "letters, digits, `.`, `_` and `-`, else one of ours. The service's log has it.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    }
}
"""The header of every answer."""

CONDITIONS = {
    MATCH: "Only if the stored document has one of these ETags; `*` for any document at all.",
    NONE_MATCH: "Only if it has none of these ETags; `*` if there must be none. Of a GET: else 304.",
}

TAG = {
    "ETag": {
        "description": "Of the document, text and metadata.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{16}"$'},
    }
}
"""The header of answers with a document's content, or that stored it."""

TAGGED = ("200", "201", "304")

HIDDEN = {"Passage": ("source_start", "source_end"), "Match": ("start", "end"), "LineMatch": ("start", "end")}
"""What is left out for a key that may not read stored texts: where in them something stands."""


@dataclass(frozen=True)
class Route:
    """A call with its method and its path as OpenAPI writes it."""

    method: str
    path: str
    name: str
    resource: str
    call: Call


def release() -> str:
    """The version of the installed distribution; a clone that was never installed has none."""
    try:
        return version("nearcopy")
    except PackageNotFoundError:
        return "unreleased"


def routes(app: Flask) -> Iterator[Route]:
    """Every call of the application, in the order in which they were registered."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if isinstance(view, Call):
            resource, _, name = rule.endpoint.rpartition(".")
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule)
            for method in sorted((rule.methods or set()) - METHODS_OF_FLASK):
                yield Route(method, path, name, resource, view)


def describe(app: Flask) -> Schema:
    """The whole description."""
    listed = list(routes(app))
    schemas, components = _schemas(listed)
    paths: dict[str, Schema] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Nearcopy", "version": release(), "description": PURPOSE},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"key": KEY}},
    }
    illustrate(described)
    return described


def _schemas(listed: Iterable[Route]) -> tuple[dict[Any, Schema], Schema]:
    """The schema of every type that is sent, and the components that they refer to."""
    sent: dict[tuple[Any, Mode], TypeAdapter[Any]] = {}
    sent[ProblemBody, "serialization"] = TypeAdapter(ProblemBody)
    for route in listed:
        if route.call.body is not None:
            sent[route.call.body, "validation"] = TypeAdapter(route.call.body)
        if route.call.lines is not None:
            sent[route.call.lines, "validation"] = TypeAdapter(route.call.lines)
        if route.call.form is not None:
            sent[route.call.form, "validation"] = TypeAdapter(route.call.form)
        for kind in route.call.answers.values():
            if kind is not None:
                sent[kind, "serialization"] = TypeAdapter(kind)
    inputs = [(kind, mode, adapter) for (kind, mode), adapter in sent.items()]
    schemas, defined = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)
    components: Schema = defined["$defs"]
    components["ProblemBody"]["properties"]["type"]["enum"] = [problem.type for problem in ALL]
    for model, names in HIDDEN.items():
        _make_optional(components[model], names)
    return {kind: schema for (kind, _), schema in schemas.items()}, components


def _make_optional(schema: Schema, names: tuple[str, ...]) -> None:
    schema["required"] = [name for name in schema["required"] if name not in names]
    for name in names:
        schema["properties"][name]["description"] = "In the stored text; left out for keys of role check."


def _operation(route: Route, schemas: dict[Any, Schema]) -> Schema:
    call = route.call
    id = IDS.get(route.resource, ID)
    path = [id] if f"{{{id['name']}}}" in route.path else []
    operation: Schema = {
        "operationId": route.name,
        "tags": [route.resource],
        "summary": call.summary,
        "parameters": [*path, *_query(call.query), *_of_page(call), *_conditions(call)],
        "responses": {
            str(status): _answer(kind, schemas, bool(call.lines)) for status, kind in call.answers.items()
        }
        | _problems(call.every_problem, schemas),
    }
    for response in operation["responses"].values():
        response["headers"] = response.get("headers", {}) | REQUEST_ID
    for status in TAGGED if call.conditions else ():
        if status in operation["responses"]:
            operation["responses"][status]["headers"] |= TAG
    if call.description:
        operation["description"] = call.description
    if call.role is not None:
        operation["security"] = [{"key": []}, {}]
        operation["x-role"] = call.role
        for response in operation["responses"].values():
            response["headers"] = response.get("headers", {}) | QUOTAS
    if call.lines is not None:
        operation["requestBody"] = {"required": True, "content": _lines(schemas[call.lines])}
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": _bodies(call, schemas)}
    return operation


def _query(model: type[BaseModel]) -> Iterator[Schema]:
    whole = model.model_json_schema()
    for name, schema in whole.get("properties", {}).items():
        if "anyOf" in schema:
            # A query cannot say null: a parameter that may be None is one that may be left out
            schema = {"description": schema.get("description")} | schema["anyOf"][0]
        parameter = {"name": name, "in": "query", "description": schema.pop("description"), "schema": schema}
        yield parameter | ({"required": True} if name in whole.get("required", ()) else {})


def _conditions(call: Call) -> Iterator[Schema]:
    for name in call.conditions:
        yield {"name": name, "in": "header", "description": CONDITIONS[name], "schema": {"type": "string"}}


def _of_page(call: Call) -> Iterator[Schema]:
    """The parameters that go with an HTML page alone; other bodies hold those themselves."""
    known = set(call.query.model_fields)
    for parameter in _query(call.page) if call.page is not None else ():
        if parameter["name"] not in known:
            yield parameter | {"description": f"With a body of text/html: {parameter['description']}"}


def _bodies(call: Call, schemas: dict[Any, Schema]) -> Schema:
    found = _content("application/json", schemas[call.body])
    if call.page is not None:
        # Without a type: whatever bytes are sent are a page to a browser
        found |= _content("text/html", {"description": "A page, in any encoding; its main text is taken."})
    if call.form is not None:
        found |= _content("multipart/form-data", schemas[call.form])
    return found


def _lines(schema: Schema) -> Schema:
    """A stream, described as OpenAPI 3.2 has it: an array of what stands on the lines."""
    said = "A JSON object a line, each ended by a newline; no brackets and no commas around them."
    return _content("application/x-ndjson", {"type": "array", "items": schema, "description": said})


def _answer(kind: Any, schemas: dict[Any, Schema], lines: bool) -> Schema:
    if kind is None:
        return {"description": "Done; the answer is empty."}
    if kind is str:
        return {"description": "Done.", "content": _content(PLAIN, schemas[kind])}
    if lines:
        return {"description": "Begun; each line tells how it went.", "content": _lines(schemas[kind])}
    return {"description": "Done.", "content": _content("application/json", schemas[kind])}


def _problems(problems: Iterable[Problem], schemas: dict[Any, Schema]) -> Schema:
    """A response for each status, which names its problems."""
    found: dict[str, Schema] = {}
    by_status = groupby(sorted(problems, key=attrgetter("status", "slug")), key=attrgetter("status"))
    for status, group in by_status:
        kinds = list(group)
        schema = schemas[ProblemBody] | {"properties": {"type": {"enum": [kind.type for kind in kinds]}}}
        response = {
            "description": " ".join(f"{kind.title} (`{kind.type}`)." for kind in kinds),
            "content": _content(MEDIA_TYPE, schema),
        }
        if any(kind.retry_after for kind in kinds):
            response["headers"] = {"Retry-After": RETRY_AFTER}
        if status == NO_KEY.status:
            response["headers"] = {"WWW-Authenticate": CHALLENGE}
        found[str(status)] = response
    return found


def _content(media_type: str, schema: Schema) -> Schema:
    return {media_type: {"schema": schema}}
