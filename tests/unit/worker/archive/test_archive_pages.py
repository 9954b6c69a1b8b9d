"""Web pages, from folders and crawls: their main text, and what they say about themselves."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from archived import documents, page, read, rejects, web, written

from nearcopy.document import Document

ARTICLE = """<!doctype html><html><head><title>Head &amp; line | Paper</title>
<meta property="og:title" content="Head &amp; line"><meta property="og:site_name" content="The Paper">
<meta property="article:published_time" content="2026-11-23T08:30:00Z"><style>p {}</style></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
<article><h1>Head &amp; line</h1><p>First <b>paragraph</b> of
the grün article.</p><script>var x = "no text";</script><p>Second paragraph.</p></article>
<footer>Copyright The Paper</footer></body></html>"""
TEXT = "Head & line\n\nFirst paragraph of the grün article.\n\nSecond paragraph."


def from_file(folder: Path, data: bytes) -> Document:
    """The document of one page."""
    (found,) = documents(read(written(folder, "a.html", data)))
    return found


def test_the_main_text_its_paragraphs_and_what_the_page_says(tmp_path: Path) -> None:
    assert from_file(tmp_path, ARTICLE.encode()) == Document(
        "a.html", TEXT, title="Head & line", publisher="The Paper", published_at="2026-11-23T08:30:00Z"
    )


def test_a_page_without_any_of_that(tmp_path: Path) -> None:
    assert from_file(tmp_path, b"<p>Only text.") == Document("a.html", "Only text.")
    assert from_file(tmp_path, page(1)).title == "Page 1"


def test_a_date_of_the_page_that_is_none_is_left_out(tmp_path: Path) -> None:
    odd = ARTICLE.replace("2026-11-23T08:30:00Z", "yesterday")
    assert from_file(tmp_path, odd.encode()).published_at is None


@pytest.mark.parametrize(
    ("charset", "declared"),
    [("utf-8", ""), ("latin-1", "iso-8859-1"), ("cp1251", "windows-1251"), ("utf-8-sig", "")],
)
def test_encodings(tmp_path: Path, charset: str, declared: str) -> None:
    meta = f'<meta charset="{declared}">' if declared else ""
    text = "Слова по-русски, много слов." if charset == "cp1251" else "Grüne Wörter für alle."
    data = f"<html><head>{meta}</head><body><p>{text}</p></body></html>".encode(charset)
    assert from_file(tmp_path, data).text == text


@pytest.mark.parametrize("data", [b"", b"<html><body></body></html>", b"<script>x()</script>", b"<p> </p>"])
def test_a_page_without_text_is_a_reject(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, "a.html", data)
    assert [(r.place, r.reason) for r in rejects(read(path))] == [(path, "no text in the page")]


def crawled(folder: Path, *records: bytes) -> list[Document]:
    """The documents of a crawl, which has no rejects."""
    results = read(written(folder, "a.warc", b"".join(records)))
    assert not rejects(results)
    return documents(results)


def test_a_crawled_page(tmp_path: Path) -> None:
    url = "https://news.example/head-line"
    assert crawled(tmp_path, web(url, ARTICLE.encode())) == [Document(
        url, TEXT, title="Head & line", publisher="The Paper", url=url, published_at="2026-11-23T08:30:00Z"
    )]


def test_the_crawl_says_what_the_page_does_not(tmp_path: Path) -> None:
    (found,) = crawled(tmp_path, web("https://news.example:8080/a", page(1)))
    assert (found.publisher, found.published_at) == ("news.example", "2026-11-24T10:00:00Z")


def test_only_pages_that_were_answered_are_documents(tmp_path: Path) -> None:
    found = crawled(
        tmp_path,
        b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 4\r\n\r\nabcd\r\n\r\n",
        web("https://a.example/request", b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        web("https://a.example/404", page(1), status="404 Not Found"),
        web("https://a.example/moved", page(1), status="301 Moved Permanently"),
        web("https://a.example/image", b"\x89PNG", content="image/png"),
        web("https://a.example/page", page(1)),
        web("https://a.example/xhtml", page(1), content="APPLICATION/XHTML+XML;charset=utf-8"),
        web("https://a.example/file", page(1), kind="resource"),
        web("https://a.example/wet", "Text aus der WET-Datei, grün.".encode(), kind="conversion"),
    )
    assert [d.id.rpartition("/")[2] for d in found] == ["page", "xhtml", "file", "wet"]
    assert found[3].text == "Text aus der WET-Datei, grün."


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        ("Content-Encoding: gzip\r\n", gzip.compress),
        ("Content-Encoding: br\r\n", brotli.compress),
        ("Transfer-Encoding: chunked\r\n", lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
    ],
)
def test_bodies_as_servers_pack_them(tmp_path: Path, headers: str, pack: Callable[[bytes], bytes]) -> None:
    (found,) = crawled(tmp_path, web("https://a.example/", pack(ARTICLE.encode()), headers=headers))
    assert found.text == TEXT


def test_an_address_too_long_for_an_id_leaves_it_to_the_content(tmp_path: Path) -> None:
    url = "https://a.example/" + "x" * 600
    (found,) = crawled(tmp_path, web(url, page(1)))
    assert (len(found.id), found.url) == (32, url)


def test_a_page_without_text_in_a_crawl(tmp_path: Path) -> None:
    records = web("https://a.example/1", page(1)) + web("https://a.example/2", b"<p></p>")
    path = written(tmp_path, "a.warc", records)
    (reject,) = rejects(read(path))
    assert (reject.place, reject.reason) == (f"{path} record 2 (https://a.example/2)", "no text in the page")
