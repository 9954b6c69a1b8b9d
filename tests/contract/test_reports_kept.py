"""Reports that are kept: who sees what of them, how long they live, and what they do not survive."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from nearcopy import collections
from nearcopy.document import Document
from nearcopy.index import kept, keys
from service.app import create_app
from service.archives import Archives
from service.keys.key import Role
from service.keys.store import opened
from tests.conftest import Server

STORY = (
    "The harbour office said on Tuesday that the old lighthouse on Gull Point will be lit again in May, "
    "forty years after its last keeper went home for good."
)
BEYOND = "Nobody may read this sentence who has not been let into the archive."
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class Desk:
    """A service over the collections a and b, both with the story; without keys until one is made."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.archives = Archives(url, "a")
        for name in ("a", "b"):
            story = Document("one", f"{STORY}\n\n{BEYOND}", title="Light", published_at="2026-05-01")
            self.archives.get(name, create=True).put(story)
        self.app: Flask = create_app(self.archives)

    def visitor(self, role: Role | None = None, collection: str = "a") -> FlaskClient:
        client = self.app.test_client()
        if role is not None:
            with opened(self.url) as ring:
                token = ring.create("k", role, (collection,))[1]
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def keep(self, visitor: FlaskClient, collection: str = "a", text: str = STORY) -> str:
        """The address of a report."""
        found = TOKEN.search(visitor.get(f"/check?collection={collection}").text)
        assert found
        sent = visitor.post(
            f"/reports?collection={collection}", data={"form_token": found[1], "text": text},
            content_type="multipart/form-data",
        )
        assert sent.status_code == 303
        return str(sent.headers["Location"])


@pytest.fixture
def desk(new_server: Callable[..., Server]) -> Iterator[Desk]:
    made = Desk(new_server().url)
    yield made
    made.archives.close()


def beside(address: str, ending: str) -> str:
    path, _, query = address.partition("?")
    return f"{path}{ending}?{query}"


def test_who_may_not_read_sees_no_text_of_a_source_in_any_form(desk: Desk) -> None:
    address = desk.keep(desk.visitor(Role.WRITE))
    reader, checker = desk.visitor(Role.WRITE), desk.visitor(Role.CHECK)
    for ending in ("", ".html"):
        assert BEYOND in reader.get(beside(address, ending)).text
        seen = checker.get(beside(address, ending))
        assert seen.status_code == 200
        assert BEYOND not in seen.text
        assert "Light" in seen.text
    assert "Your key does not show the texts of sources" in checker.get(address).text
    full = json.loads(reader.get(beside(address, ".json")).text)
    less = json.loads(checker.get(beside(address, ".json")).text)
    assert full["sources"][0]["passages"][0]["source_end"] == len(STORY) - 1
    assert set(full["sources"][0]["passages"][0]) - set(less["sources"][0]["passages"][0]) == {
        "source_start", "source_end",
    }


def test_a_link_opens_nothing_without_a_key_for_its_collection(desk: Desk) -> None:
    address = desk.keep(desk.visitor(Role.CHECK))
    for ending in ("", ".html", ".json"):
        stranger = desk.visitor().get(beside(address, ending))
        assert stranger.status_code == 303
        assert "/sign-in" in stranger.headers["Location"]
        assert desk.visitor(Role.ADMIN, "b").get(beside(address, ending)).status_code == 403
    other = desk.visitor(Role.ADMIN, "*").get(address.replace("collection=a", "collection=b"))
    assert other.status_code == 404


def test_no_browser_keeps_what_a_key_was_shown(desk: Desk) -> None:
    address = desk.keep(desk.visitor(Role.WRITE))
    reader = desk.visitor(Role.WRITE)
    shows = ("/archive/document?id=one&collection=a", "/archive/documents?collection=a",
             "/check?document=one&collection=a", address, beside(address, ".html"), beside(address, ".json"))
    for path in shows:
        assert reader.get(path).headers["Cache-Control"] == "private, no-store"
    # What somebody typed is there when he comes back
    assert reader.get("/check?collection=a").headers["Cache-Control"] == "private, no-cache"


def test_it_is_kept_for_the_time_that_is_stated(desk: Desk) -> None:
    visitor = desk.visitor()
    address = desk.keep(visitor)
    token = address.partition("?")[0].rpartition("/")[2]
    client = desk.archives.client()
    name = keys.report("a", token)
    assert len(token) == 22
    assert 30 * 24 * 3600 - 60 < client.ttl(name) <= 30 * 24 * 3600
    assert STORY.encode() not in client.get(name)
    client.delete(name)
    assert visitor.get(address).status_code == 404


def test_a_source_that_was_changed_or_removed_is_not_shown_any_more(desk: Desk) -> None:
    visitor, archive = desk.visitor(), desk.archives.get("a")
    address = desk.keep(visitor)
    assert BEYOND in visitor.get(address).text
    archive.put(Document("one", f"{STORY}\n\n{BEYOND} Changed.", title="Light"))
    assert BEYOND not in visitor.get(address).text
    archive.delete("one")
    seen = visitor.get(address).text
    assert BEYOND not in seen
    assert "it was changed or removed since this report was made" in seen


def test_it_goes_with_its_collection(desk: Desk) -> None:
    visitor = desk.visitor()
    address = desk.keep(visitor, "b")
    assert visitor.get(address).status_code == 200
    collections.drop(desk.archives.client(), "b")
    left = [key for key in desk.archives.client().scan_iter(match="*") if b"{b}" in key or b"{b/" in key]
    assert left == []
    assert visitor.get(address).status_code == 404


def test_a_collection_keeps_so_many_and_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    visitor = desk.visitor()
    first = desk.keep(visitor)
    desk.keep(visitor)
    found = TOKEN.search(visitor.get("/check").text)
    assert found
    data = {"form_token": found[1], "text": STORY}
    refused = visitor.post("/reports", data=data, content_type="multipart/form-data")
    assert refused.status_code == 422
    assert "keeps 2 reports: delete some first" in refused.text
    visitor.post(beside(first, "/delete"), data={"form_token": found[1]})
    assert visitor.get(first).status_code == 404
    desk.keep(visitor)


def test_a_form_of_another_site_keeps_and_deletes_nothing(desk: Desk) -> None:
    visitor = desk.visitor()
    address = desk.keep(visitor)
    assert desk.visitor().post(beside(address, "/delete")).status_code == 403
    assert desk.visitor().post("/reports", data={"text": STORY}).status_code == 403
    assert visitor.get(address).status_code == 200
