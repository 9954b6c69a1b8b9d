"""Who may call what: roles, collections, and what a key must not learn."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from nearcopy.document import Document
from service import problems
from service.app import create_app
from service.archives import Archives
from service.calls import Call
from service.keys.key import Role
from service.keys.store import opened
from service.openapi import routes
from service.settings import Settings
from tests.conftest import Server
from tests.contract.described import NDJSON, Described, assert_problem
from tests.contract.texts import DOCUMENT, TEXT

NEEDED: dict[Role | None, set[tuple[str, str]]] = {
    None: {("GET", "/"), ("GET", "/openapi.json"), ("GET", "/healthz"), ("GET", "/readyz")},
    Role.CHECK: {("POST", "/v1/check"), ("POST", "/v1/compare"), ("POST", "/v1/check/batch")},
    Role.WRITE: {
        ("PUT", "/v1/documents/{id}"), ("GET", "/v1/documents/{id}"), ("DELETE", "/v1/documents/{id}"),
        ("GET", "/v1/documents/{id}/copies"), ("GET", "/v1/index"), ("POST", "/v1/documents/batch"),
        ("GET", "/v1/documents"), ("POST", "/v1/documents/delete"), ("GET", "/v1/clusters"),
        ("GET", "/v1/clusters/{id}"),
    },
}
"""The least role of each call; one that is not named here needs the highest."""

BY_ITSELF = ("GET", "/metrics")
"""Decides who may see it where it is answered: see test_operations_metrics.py."""

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/check"): {"text": TEXT},
    ("POST", "/v1/compare"): {"a": TEXT, "b": TEXT},
    ("PUT", "/v1/documents/{id}"): {"text": TEXT + " And new."},
    ("POST", "/v1/documents/delete"): {"ids": ["other"]},
}

LINES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/check/batch"): {"text": TEXT},
    ("POST", "/v1/documents/batch"): {"id": "n", "text": TEXT},
}
"""What a line of each stream is."""


def sent(call: tuple[str, str]) -> dict[str, Any]:
    """What a call is sent."""
    if call in LINES:
        return {"data": json.dumps(LINES[call]), "content_type": NDJSON}
    return {"json": BODIES.get(call)}


OF_A_COLLECTION = [call for role in (Role.CHECK, Role.WRITE) for call in sorted(NEEDED[role])]


class Locked:
    """A service whose Redis holds keys, and the document in the collections a and b."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.archives = Archives(url, "a")
        for collection in ("a", "b"):
            self.archives.get(collection, create=True).put(Document.checked(DOCUMENT))
        self.call = Described(create_app(self.archives))
        self.tokens: dict[tuple[Role, str], str] = {}

    def key(self, role: Role, collection: str) -> dict[str, str]:
        """The headers that show such a key."""
        if (role, collection) not in self.tokens:
            with opened(self.url) as keys:
                self.tokens[role, collection] = keys.create("k", role, (collection,))[1]
        return {"Authorization": f"Bearer {self.tokens[role, collection]}"}


@pytest.fixture
def locked(new_server: Callable[[], Server]) -> Iterator[Locked]:
    made = Locked(new_server().url)
    made.key(Role.CHECK, "a")
    yield made
    made.archives.close()


def needed_by(method: str, path: str) -> Role | None:
    """What the table says."""
    if (method, path) == BY_ITSELF:
        return None
    return next((role for role, calls in NEEDED.items() if (method, path) in calls), Role.ADMIN)


def without_id(body: str) -> str:
    """A problem's body without the request's id, which is another each time."""
    return re.sub(r'"request_id":"\w+"', "", body)


def test_every_route_is_a_call_that_needs_the_role_of_the_table(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert isinstance(view, Call) or not rule.rule.startswith("/v1"), rule
    for route in routes(app):
        assert route.call.role == needed_by(route.method, route.path), route
        assert route.call.role is not None or not route.path.startswith("/v1"), route


def test_the_description_tells_of_the_key_and_the_role(call: Described) -> None:
    assert call.description["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for method, path in call.operations():
        operation = call.description["paths"][path][method.lower()]
        role = needed_by(method, path)
        assert operation.get("x-role") == role
        assert ({"key": []} in operation.get("security", [])) == (role is not None)
        keyed = role is not None or (method, path) == BY_ITSELF
        assert ({"401", "403"} <= set(operation["responses"])) == keyed


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_it_says_and_what_lesser_ones_may(locked: Locked, role: Role) -> None:
    headers = locked.key(role, "*")
    for method, path in locked.call.operations():
        needed = needed_by(method, path)
        if (method, path) not in OF_A_COLLECTION:
            continue
        response = locked.call(method, path, headers=headers, **sent((method, path)))
        assert needed is not None
        if role.covers(needed):
            # DELETE goes before the other calls on the document
            assert response.status_code in (200, 201, 204, 404), (method, path)
        else:
            detail = assert_problem(response, problems.NOT_ALLOWED)
            assert detail == f"this takes a key of role {needed}, and yours has role {role}"


@pytest.mark.parametrize(("method", "path"), OF_A_COLLECTION)
def test_without_a_good_key_nothing_is_answered(locked: Locked, method: str, path: str) -> None:
    good = locked.key(Role.ADMIN, "*")["Authorization"]
    other = f"{good[:-1]}{'0' if good[-1] != '0' else '1'}"
    bad = ("Bearer nck_", other, good.upper(), good + "0")
    for shown in (None, "Bearer", "Bearer ", f"Basic {good[7:]}", *bad):
        headers = {} if shown is None else {"Authorization": shown}
        # What is wrong with the request itself is not told to strangers
        response = locked.call(method, path, query="colour=1", data=b"{", headers=headers)
        assert_problem(response, problems.NO_KEY)
        told = response.headers["WWW-Authenticate"]
        assert told.startswith('Bearer realm="nearcopy"')
        assert ("invalid_token" in told) == (shown in bad)
    known = locked.call(method, path, query="colour=1", data=b"{", headers={"Authorization": good})
    assert_problem(known, problems.INVALID_PARAMETER, "colour")


def test_what_strangers_may_see_stays_open(locked: Locked) -> None:
    for method, path in sorted(NEEDED[None]):
        response = locked.call(method, path)
        assert response.status_code == 200
        assert locked.archives.get().store.generation() not in response.text or path != "/readyz"


@pytest.mark.parametrize(("method", "path"), OF_A_COLLECTION)
def test_another_collection_is_refused_whether_it_exists_or_not(
    locked: Locked, method: str, path: str
) -> None:
    headers = locked.key(Role.ADMIN, "a")
    told = []
    for collection in ("b", "c"):
        for query in (f"collection={collection}", f"collection=a&collection={collection}"):
            response = locked.call(method, path, query=query, headers=headers, **sent((method, path)))
            assert_problem(response, problems.NOT_ALLOWED)
            text = without_id(response.text).replace(f"'{collection}'", "'…'")
            told.append((text, sorted(response.headers.keys())))
    assert len({text for text, _ in told}) == 1
    assert told[0] == told[-1]
    # And nothing came to be by asking
    assert locked.archives.get("b").get("tna-1").text == DOCUMENT["text"]
    with pytest.raises(Exception, match="no collection 'c'"):
        locked.archives.get("c")


def test_the_default_collection_needs_its_key_too(locked: Locked) -> None:
    headers = locked.key(Role.CHECK, "b")
    response = locked.call("POST", "/v1/check", json={"text": TEXT}, headers=headers)
    assert_problem(response, problems.NOT_ALLOWED)
    asked = {"query": "collection=b", "json": {"text": TEXT}, "headers": headers}
    assert locked.call("POST", "/v1/check", **asked).status_code == 200


def test_a_key_that_may_only_check_is_not_told_where_a_stored_text_matches(locked: Locked) -> None:
    whole, own = (
        locked.call("POST", "/v1/check", json={"text": TEXT}, headers=locked.key(role, "a")).get_json()
        for role in (Role.WRITE, Role.CHECK)
    )
    (full,), (told,) = whole["sources"], own["sources"]
    hidden = {"source_start", "source_end"}
    told_passages = told.pop("passages")
    assert told_passages == [
        {k: v for k, v in passage.items() if k not in hidden} for passage in full.pop("passages")
    ]
    assert told == full
    assert told["document"] == "tna-1"
    for paragraph, seen in zip(whole["paragraphs"], own["paragraphs"], strict=True):
        for match, shown in zip(paragraph.pop("matches"), seen.pop("matches"), strict=True):
            assert {"start", "end"} <= set(match)
            assert shown == {k: v for k, v in match.items() if k not in ("start", "end")}
        assert seen == paragraph
    assert TEXT[:40] not in str(own)
    batch = ("POST", "/v1/check/batch")
    lines = locked.call(*batch, headers=locked.key(Role.CHECK, "a"), **sent(batch)).data
    assert json.loads(lines.splitlines()[0])["sources"][0]["passages"][0].keys() == told_passages[0].keys()


def test_only_a_key_for_everything_is_told_how_much_redis_holds(locked: Locked) -> None:
    states = [
        locked.call("GET", "/v1/index", headers=locked.key(Role.WRITE, name)).get_json()["bytes"]
        for name in ("*", "a")
    ]
    assert states[0] > 0
    assert states[1] is None


def test_where_strangers_come_nothing_is_answered_before_there_is_a_key(archives: Archives) -> None:
    for settings, status in (
        (Settings(host="0.0.0.0"), 401), (Settings(host="192.0.2.1"), 401), (Settings(host="::"), 401),
        (Settings(host="0.0.0.0", open=True), 200), (Settings(host="127.0.0.2"), 200),
        (Settings(host="::1"), 200), (Settings(host="localhost"), 200),
    ):
        call = Described(create_app(archives, settings))
        response = call("POST", "/v1/check", json={"text": TEXT})
        assert response.status_code == status, settings.host
        if status == 401:
            assert "`nearcopy keys create`" in assert_problem(response, problems.NO_KEY)


def test_what_is_wrong_inside_is_told_to_nobody_who_shows_no_key(
    locked: Locked, new_server: Callable[[], Server]
) -> None:
    with Archives(locked.url, "a").client() as client:
        client.delete("{a/0}g")
    hidden = locked.call("GET", "/readyz")
    assert "collection" not in assert_problem(hidden, problems.NOT_READY)
    for shown in ({"Authorization": "Bearer nck_"}, {"Authorization": "Basic YTpi"}):
        again = locked.call("GET", "/readyz", headers=shown)
        assert without_id(again.text) == without_id(hidden.text)
    told = locked.call("GET", "/readyz", headers=locked.key(Role.CHECK, "a"))
    assert "'a'" in assert_problem(told, problems.NOT_READY)
    # Where nobody made a key, everybody may know
    archives = Archives(new_server().url, "a")
    archives.get()
    archives.client().delete("{a/0}g")
    open_to_all = Described(create_app(archives))("GET", "/readyz")
    assert "'a'" in assert_problem(open_to_all, problems.NOT_READY)
    archives.close()
    # Where Redis was never there to be asked, its address is not told to whoever may come
    for settings, told_all in ((Settings(), True), (Settings(host="0.0.0.0"), False)):
        away = Described(create_app(Archives("unix:///nobody/listens/here"), settings))("GET", "/readyz")
        assert ("/nobody/" in assert_problem(away, problems.STORAGE_UNAVAILABLE)) == told_all
