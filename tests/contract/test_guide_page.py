"""The page of the calls: all of the description, and nothing that a browser would load or run."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from service.page import page
from service.problems import ALL
from tests.contract.described import Described, description


class Found(HTMLParser):
    """What stands in a page: tags with their attributes, anchors and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = self.prose = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data
        self.prose += "" if self.get_starttag_text() == "<pre>" else data

    def values(self, name: str) -> list[str]:
        """Those of an attribute, wherever it stands."""
        return [str(attributes[name]) for _, attributes in self.tags if name in attributes]


@pytest.fixture
def found(call: Described) -> Found:
    """The page as the service answers it."""
    answer = call.client.get("/docs")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    return Found(answer.text)


def test_the_page_shows_every_call_parameter_field_and_problem(found: Found) -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in found.text
            assert operation["operationId"] in found.values("id")
            assert all(parameter["name"] in found.text for parameter in operation["parameters"])
    for name, schema in description()["components"]["schemas"].items():
        assert f"schema-{name}" in found.values("id")
        assert all(field in found.text for field in schema.get("properties", ()))
    assert {f"problem-{problem.slug}" for problem in ALL} <= set(found.values("id"))
    assert "`" not in found.prose


def test_every_link_leads_somewhere_in_the_service(found: Found, call: Described) -> None:
    anchors = found.values("id")
    assert len(anchors) == len(set(anchors))
    for link in found.values("href"):
        assert link[1:] in anchors if link.startswith("#") else call.client.get(f"/{link}").status_code == 200


def test_a_browser_loads_and_runs_nothing(found: Found, call: Described) -> None:
    loads = {"script", "link", "img", "iframe", "object", "form", "base"}
    assert loads.isdisjoint(tag for tag, _ in found.tags)
    assert not found.values("style")
    assert not found.values("src")
    answer = call.client.get("/docs")
    [style] = re.findall("<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert [part for part in policy if "style-src" in part] == [f"style-src 'sha256-{digest}'"]
    assert not any("script" in part or "unsafe" in part for part in policy)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_that_stands_in_a_description_becomes_markup() -> None:
    bad = "<script>alert('1')</script>`<img src=x>`"
    operation = {"operationId": "one", "tags": ["one"], "summary": bad, "description": bad, "parameters": [
        {"name": bad, "in": "query", "description": bad, "schema": {"enum": [bad], "default": bad}}
    ], "responses": {"200": {"description": bad, "content": {"text/plain": {"schema": {}, "example": bad}}}}}
    info = {"title": bad, "version": bad, "description": bad}
    components = {"schemas": {bad: {"$ref": bad}}, "securitySchemes": {"key": {"description": bad}}}
    html = page({"info": info, "paths": {bad: {"get": operation}}, "components": components})
    assert {"script", "img"}.isdisjoint(tag for tag, _ in Found(html).tags)
