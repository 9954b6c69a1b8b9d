"""Signing in with a key, in a browser."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.browsing import Watched


def test_where_no_key_is_needed_nobody_signs_in(visit: Watched, page: Page) -> None:
    visit.statuses = {404}
    page.goto("/sign-in?next=/assets/none/none.css")
    assert page.url.endswith("/assets/none/none.css")
