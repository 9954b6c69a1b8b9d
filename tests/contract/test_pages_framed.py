"""What holds for the answer to every page, without a browser: policy, cookies, a proxy in front."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.app import create_app
from service.archives import Archives
from service.pages.frame import Page
from service.settings import Settings

PROXIED = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/near"}
GETS = ("/check", "/archive", "/archive/documents", "/archive/rebuild", "/archive/document?id=none")


@pytest.fixture
def proxied(archives: Archives) -> FlaskClient:
    """The service behind a proxy that it believes."""
    return create_app(archives, Settings(trusted_proxies=1)).test_client()


def test_every_page_is_a_page_and_no_call(app: Flask) -> None:
    views = {rule.rule: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules()
             if rule.endpoint.startswith("pages.")}
    assert {rule for rule, view in views.items() if not isinstance(view, Page)} == {
        "/assets/<string:version>/<string:name>"
    }


@pytest.mark.parametrize("path", GETS)
def test_a_browser_loads_and_runs_our_own_files_alone(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.content_type == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[0] == "default-src 'none'"
    assert {"script-src 'self'", "style-src 'self'", "form-action 'self'", "base-uri 'none'",
            "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", answer.text)
    assert not re.search(r"<(?:script|style)(?![^>]* src=)[^>]*>(?!\s*[{\[])", answer.text)


def test_behind_a_proxy_links_have_its_prefix_and_cookies_are_secure(proxied: FlaskClient) -> None:
    answer = proxied.get("/archive", headers=PROXIED)
    links = re.findall(r'(?:href|src|action)="([^"#]+)"', answer.text)
    assert len(links) > 5
    assert [link for link in links if not link.startswith("/near/")] == []
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-nearcopy-forms=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert proxied.get("/", headers=PROXIED | {"Accept": "text/html"}).headers["Location"] == "/near/check"
    token = re.search(r'name="form-token" content="(\w+)"', answer.text)
    assert token is not None
    sent = {"form_token": token[1], "from": "stored"}
    headers = PROXIED | {"Cookie": cookie.partition(";")[0]}
    done = proxied.post("/archive/rebuild", data=sent, headers=headers)
    assert (done.status_code, done.headers["Location"]) == (303, "/near/archive?done=start")


def test_a_file_of_another_version_is_not_kept(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/assets/0123456789abcdef/base.css").headers["Cache-Control"] == "no-cache"
    assert client.get("/assets/0123456789abcdef/none.css").status_code == 404


def test_the_log_tells_which_collection_a_page_was_about(
    app: Flask, collection: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="nearcopy")
    app.test_client().get("/archive").close()
    [told] = [one for one in caplog.records if one.getMessage() == "GET /archive"]
    assert vars(told)["fields"]["collection"] == collection


def test_where_nothing_is_people_read_a_page_and_programs_a_problem(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/<script>x", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.content_type) == (404, "text/html; charset=utf-8")
    assert "There is no page at <code>/&lt;script&gt;x</code>" in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for accepted in ("*/*", "application/json"):
        told = client.get("/nothing", headers={"Accept": accepted})
        assert (told.status_code, told.content_type) == (404, "application/problem+json")
