"""The pages in a real browser: headless Chromium, which may ask nobody but the service."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
)

STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")

SECONDS = 60
"""Longest time that anything on a page may take, on a busy machine."""

THEMES = ("light", "dark")
PHONE, TABLET, WIDE = 390, 820, 1400


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; skips where this machine has none."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on the path")
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


class Watched:
    """Pages of one visitor, and all that went wrong on them. ``statuses``: with which the service may refuse,
    as the test expects it."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        # Nothing glides: a click on a page that still scrolls may press one element and release another
        chosen = {"viewport": {"width": WIDE, "height": 900}, "reduced_motion": "reduce"} | options
        self.context = browser.new_context(base_url=address, **chosen)
        self.context.set_default_timeout(SECONDS * 1000)
        self.host = urlsplit(address).netloc
        self.wrong: list[str] = []
        self.statuses: set[int] = set()
        self.context.on("page", self._watch)
        self.context.on("request", self._asked)
        self.context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        self.page = self.context.new_page()

    def close(self) -> None:
        """Raise what went wrong."""
        self.context.close()
        assert not self.wrong, self.wrong

    def _watch(self, page: Page) -> None:
        page.on("console", lambda message: self._said(message.type, message.text))

    def _said(self, kind: str, text: str) -> None:
        status = STATUS.match(text)
        if kind in ("error", "warning") and not (status and int(status[1]) in self.statuses):
            self.wrong.append(text)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self.host:
            self.wrong.append(f"asked another host: {request.url}")


AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")

SERIOUS = ("serious", "critical")


def flaws(page: Page, *rules: str) -> list[str]:
    """What axe-core finds on a page that keeps people from using it, by all of its rules or by some."""
    # Not as a script element: that the page's own policy forbids
    page.evaluate(AXE + "; null")
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {node['html'][:200]} ({node.get('failureSummary', '')})"
        for one in found["violations"] if one["impact"] in SERIOUS for node in one["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wide: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
