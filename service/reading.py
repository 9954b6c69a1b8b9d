"""Reading a request: its path, query and body become validated models, or a problem that names each fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeVar, get_origin
from urllib.parse import unquote_to_bytes

import orjson
from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from werkzeug.datastructures import MultiDict

from service.body import read_bytes
from service.problems import (
    INVALID_FIELD,
    INVALID_JSON,
    INVALID_PARAMETER,
    NOT_UTF8,
    WRONG_TYPE,
    FieldError,
    Place,
    Problem,
    Refused,
    field_error,
)

Model = TypeVar("Model", bound=BaseModel)

MAX_ERRORS = 20
"""Faults listed of one request: a list of a thousand wrong ids needs no answer a thousand lines long."""


def check_utf8(request: Request) -> None:
    """Refuse a path or query that is not UTF-8; Werkzeug would read it with replacement characters."""
    for name, raw in (
        ("path", request.environ.get("PATH_INFO", "").encode("latin-1")),
        ("query", unquote_to_bytes(request.query_string)),
    ):
        _check_decodes(name, raw)


def read_query(request: Request, model: type[Model]) -> Model:
    """The query's parameters. One that is unknown, or repeated without being a list, is refused."""
    values = gathered(request.args, model, "parameter", INVALID_PARAMETER)
    return validated(model, values, "parameter", INVALID_PARAMETER)


def gathered(
    given: MultiDict[str, str], model: type[BaseModel], place: Place, problem: Problem
) -> dict[str, Any]:
    """The values of a query or form by their names, in a list where the model has one."""
    values: dict[str, Any] = {}
    for name, found in given.lists():
        field = model.model_fields.get(name)
        if field is not None and get_origin(field.annotation) is list:
            values[name] = found
        elif len(found) > 1:
            raise refused(problem, place, name, f"is given {len(found)} times: give it once")
        else:
            values[name] = found[0]
    return values


def read_body(request: Request, model: type[Model]) -> Model:
    """The JSON object of the body."""
    _check_content_type(request)
    value = parse_json(read_bytes(request))
    if not isinstance(value, dict):
        detail = "the body must be a JSON object"
        raise Refused(INVALID_FIELD, detail, [field_error("pointer", "", detail)])
    return validated(model, value, "pointer", INVALID_FIELD)


def refused(problem: Problem, place: Place, name: str, detail: str) -> Refused:
    """The problem with one field of the body, or one parameter."""
    name = pointer((name,)) if place == "pointer" else name
    return Refused(problem, f"{name}: {detail}", [field_error(place, name, detail)])


def parse_json(raw: bytes) -> Any:
    """The JSON value of a body. Says where it stops being UTF-8 or JSON."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        _check_decodes("body", raw)
        if "surrogate" in error.msg:
            return _with_surrogates(raw)
        raise Refused(INVALID_JSON, _where(error)) from None


def _check_content_type(request: Request) -> None:
    if request.mimetype != "application/json" and not request.mimetype.endswith("+json"):
        raise Refused(WRONG_TYPE, f"send Content-Type: application/json, not {request.mimetype or 'none'}")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(WRONG_TYPE, f"send the body as UTF-8, not {request.mimetype_params['charset']}")


def _check_decodes(name: str, raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        detail = f"the {name} is not UTF-8 at its byte {error.start}: encode it as UTF-8"
        raise Refused(NOT_UTF8, detail) from None


def _with_surrogates(raw: bytes) -> Any:
    # A lone \ud800 is good JSON and no good text: read it leniently, so that the answer can name the field
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused(INVALID_JSON, _where(error)) from None
    except (RecursionError, ValueError):
        raise Refused(INVALID_JSON, "the body is nested too deeply, or holds a number too long") from None


def _no_constant(name: str) -> None:
    raise Refused(INVALID_JSON, f"{name} is not JSON: send a number or null")


def _where(error: json.JSONDecodeError) -> str:
    return f"{error.msg} at line {error.lineno}, column {error.colno} (character {error.pos})"


def validated(model: type[Model], values: dict[str, Any], place: Place, problem: Problem) -> Model:
    """The model of these values, or a problem that names what is wrong with them."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = list(_faults(error, place))
        detail = "; ".join(f"{_name(fault)}: {fault.detail}" for fault in faults[:3])
        more = f"; and {error.error_count() - 3} more" if error.error_count() > 3 else ""
        raise Refused(problem, detail + more, faults) from None


def _faults(error: ValidationError, place: Place) -> Iterator[FieldError]:
    for item in error.errors(include_url=False)[:MAX_ERRORS]:
        name = pointer(item["loc"]) if place == "pointer" else str(item["loc"][0])
        yield field_error(place, name, _advice(item))


def _name(fault: FieldError) -> str:
    return fault.pointer or fault.parameter or "the body"


def pointer(path: tuple[int | str, ...]) -> str:
    """The JSON pointer (RFC 6901) of a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _advice(item: ErrorDetails) -> str:
    """What to change, in our words where pydantic's say less."""
    match item["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return "is unknown here: remove it"
        case "value_error":
            return str(item["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"must match {item['ctx']['pattern']}"
        case "string_unicode":
            return "holds a lone surrogate: send whole Unicode characters"
    words = item["msg"].replace("Input should be", "must be").replace("should have", "must have")
    return words[0].lower() + words[1:]
