"""The main text of a web page, and what the page says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from resiliparse.parse.html import HTMLTree

from nearcopy.errors import UnreadableFile
from nearcopy.extract.plain import known, mark

TITLE = ("og:title",)
PUBLISHER = ("og:site_name",)
PUBLISHED_AT = ("article:published_time", "date")


@dataclass(frozen=True, slots=True)
class Page:
    """Of a page the main text, its paragraphs parted by blank lines, and what else it says; the date as it
    stands there. Empty is what it lacks."""

    text: str
    title: str
    publisher: str
    published_at: str


def read(data: bytes, charset: str | None = None) -> Page:
    """``charset`` is what the server said. Raises `UnreadableFile` where there is no text."""
    tree = HTMLTree.parse(_decoded(data, charset))
    text = extract_plain_text(tree, main_content=True) or extract_plain_text(tree)
    if not text.strip():
        raise UnreadableFile("no text in the page", "text")
    title = _meta(tree, TITLE) or (tree.title or "").strip()
    return Page(text, title, _meta(tree, PUBLISHER), _meta(tree, PUBLISHED_AT))


def plain_text(markup: str) -> str:
    """All text of some HTML that is content from end to end."""
    return extract_plain_text(HTMLTree.parse(markup))


def _decoded(page: bytes, charset: str | None) -> str:
    """As browsers do: what cannot be decoded becomes a mark. Where the server says nothing, what can be UTF-8
    is, since detection takes a short page with few umlauts for anything."""
    told = mark(page) or known(charset)
    if told is None:
        try:
            return page.decode("utf-8")
        except UnicodeDecodeError:
            told = detect_encoding(page, from_html_meta=True)
    return bytes_to_str(page, told or "utf-8", errors="replace")


def _meta(tree: HTMLTree, keys: tuple[str, ...]) -> str:
    if tree.head is not None:
        for key in keys:
            element = tree.head.query_selector(f'meta[property="{key}"], meta[name="{key}"]')
            if element is not None and (content := (element.getattr("content") or "").strip()):
                return content
    return ""
