"""The page for people, made from the OpenAPI description: plain HTML, with nothing to load and no script."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from service.examples import illustrated_problems
from service.problems import MEDIA_TYPE

STYLE = (files("service") / "page.css").read_text("utf-8")

STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"frame-ancestors 'none'; style-src 'sha256-{STYLE_HASH}'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""A browser then loads nothing and runs nothing here, whatever came to stand in the page."""

BOUNDS = {
    "format": "", "pattern": "matches ", "minLength": "length at least ", "maxLength": "length at most ",
    "minimum": "at least ", "maximum": "at most ", "exclusiveMinimum": "over ", "exclusiveMaximum": "under ",
    "minItems": "items at least ", "maxItems": "items at most ", "default": "default ",
}
"""What a schema says of a value besides its type, and how it is told."""


def page(description: dict[str, Any]) -> str:
    """The page of a description."""
    environment = Environment(loader=PackageLoader("service", ""), autoescape=True, trim_blocks=True)
    environment.filters |= {"prose": _prose, "type": _type, "bounds": _bounds, "json": _json}
    return environment.get_template("page.html").render(
        description=description, style=Markup(STYLE), calls=list(_calls(description)),
        problems=illustrated_problems(), problem_type=MEDIA_TYPE,
    )


def _calls(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield operation | {"method": method.upper(), "path": path}


def _prose(text: str) -> Markup:
    """Paragraphs, with what stands between backticks as code."""
    parts = (re.sub("`([^`]*)`", r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n"))
    return Markup("".join(f"<p>{part}</p>" for part in parts))


def _type(schema: dict[str, Any]) -> Markup:
    """What kind of value it is, with links to the schemas that are named."""
    if "$ref" in schema:
        return Markup('<a href="#schema-{0}">{0}</a>').format(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return Markup(" or ").join(map(_type, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(" or ").join(Markup("<code>{}</code>").format(json.dumps(value)) for value in values)
    if schema.get("type") == "array":
        return Markup("list of {}").format(_type(schema["items"]) if "items" in schema else "anything")
    return escape(schema.get("type", "anything"))


def _bounds(schema: dict[str, Any]) -> str:
    """What else is said of it: of a value that may be null, what is said of it where it is not."""
    parts = [schema, *(part for part in schema.get("anyOf", ()) if part.get("type") != "null")]
    return ", ".join(
        words + (part[name] if isinstance(part[name], str) and name != "default" else json.dumps(part[name]))
        for part in parts for name, words in BOUNDS.items() if name in part
    )


def _json(value: Any) -> str:
    """As it is sent; text that is no JSON as it is."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
