"""The article of a web page, and what the page says about it."""

from __future__ import annotations

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding, map_encoding_to_html5
from resiliparse.parse.html import HTMLTree

from nearcopy.errors import InputError
from worker.archive.dates import iso

META = {
    "title": ("og:title",),
    "publisher": ("og:site_name",),
    "published_at": ("article:published_time", "date"),
}


def article(page: bytes, charset: str | None = None) -> dict[str, object]:
    """``text``, its paragraphs parted by blank lines; ``title``, ``publisher`` and ``published_at`` where the
    page has them. ``charset`` is what the server said. Raises `InputError` where there is no text."""
    tree = HTMLTree.parse(_decoded(page, charset))
    text = extract_plain_text(tree, main_content=True) or extract_plain_text(tree)
    if not text.strip():
        raise InputError("no text in the page", "text")
    found = {name: _meta(tree, keys) for name, keys in META.items()}
    found["title"] = found["title"] or (tree.title or "").strip()
    found["published_at"] = _date(found["published_at"])
    return {"text": text, **{name: value for name, value in found.items() if value}}


def _decoded(page: bytes, charset: str | None) -> str:
    """As browsers do: what cannot be decoded becomes a mark. Where the server says nothing, what can be UTF-8
    is, since detection takes a short page with few umlauts for anything."""
    known = map_encoding_to_html5(charset, fallback_utf8=False) if charset else None
    if known is None:
        try:
            return page.decode("utf-8-sig")
        except UnicodeDecodeError:
            known = detect_encoding(page, from_html_meta=True)
    return bytes_to_str(page, known or "utf-8", errors="replace")


def _meta(tree: HTMLTree, keys: tuple[str, ...]) -> str:
    if tree.head is not None:
        for key in keys:
            element = tree.head.query_selector(f'meta[property="{key}"], meta[name="{key}"]')
            if element is not None and (content := (element.getattr("content") or "").strip()):
                return content
    return ""


def _date(value: str) -> str:
    """A page's own date, or nothing where it is none: that spoils no article."""
    try:
        return iso(value) or ""
    except InputError:
        return ""
