"""Text files in every encoding, and what tells one kind of file from another."""

from __future__ import annotations

import codecs

import pytest

from nearcopy.errors import UnknownFile, UnreadableFile
from nearcopy.extract.files import extract
from nearcopy.extract.kinds import kind_of
from tests.unit.extract.made import WORDS, letter, packed, pdf

GERMAN = "Die Brücke wird „für zwei Jahre“ geschlossen: Größe 5 €."
RUSSIAN = "Совет решил закрыть старый мост."


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (GERMAN.encode(), None, GERMAN),
        (codecs.BOM_UTF8 + GERMAN.encode(), None, GERMAN),
        (codecs.BOM_UTF8 + GERMAN.encode(), "iso-8859-1", GERMAN),
        (codecs.BOM_UTF16_LE + GERMAN.encode("utf-16-le"), None, GERMAN),
        (codecs.BOM_UTF16_BE + GERMAN.encode("utf-16-be"), None, GERMAN),
        (codecs.BOM_UTF32_LE + GERMAN.encode("utf-32-le"), None, GERMAN),
        (codecs.BOM_UTF32_BE + GERMAN.encode("utf-32-be"), None, GERMAN),
        (GERMAN.encode("cp1252"), None, GERMAN),
        (GERMAN.encode("cp1252"), "latin-1", GERMAN),
        ("Größe".encode("latin-1"), "ISO-8859-1", "Größe"),
        (b"so \x81 so", None, "so \ufffd so"),
        (RUSSIAN.encode("cp1251"), "windows-1251", RUSSIAN),
        (RUSSIAN.encode("koi8-r"), "KOI8-R", RUSSIAN),
        ("東京の橋".encode("shift_jis"), "shift_jis", "東京の橋"),
        (b"one\r\n\r\ntwo\rthree\n", None, "one\n\ntwo\nthree\n"),
    ],
)
def test_a_text_in_any_encoding(data: bytes, charset: str | None, text: str) -> None:
    assert extract(data, "a.txt", charset) == text


@pytest.mark.parametrize(
    ("data", "charset", "advice"),
    [
        (b"", None, "the file is empty: send a file with text in it"),
        (b" \r\n\t", None, "the file is empty"),
        (codecs.BOM_UTF8, None, "the file is empty"),
        (GERMAN.encode("cp1252"), "utf-8", "the file is no utf-8 at its byte 6: save it as UTF-8"),
        (codecs.BOM_UTF16_LE + b"a", None, "the file is no utf-16 at its byte 2: save it as UTF-8"),
        (b"text", "zlib_codec", "the charset 'zlib_codec' is unknown here: save the file as UTF-8"),
        (codecs.BOM_UTF16_LE + b"\0\0" * 9, None, "the file has no text in it"),
        (codecs.BOM_UTF16_LE + b"\0\xd8" * 9, None, "the file is no utf-16 at its byte 2"),
    ],
)
def test_a_text_that_is_none_says_why(data: bytes, charset: str | None, advice: str) -> None:
    with pytest.raises(UnreadableFile, match=advice):
        extract(data, "a.txt", charset)


def test_no_more_text_than_is_wanted() -> None:
    assert extract("ü".encode() * 50, most=100) == "ü" * 50
    with pytest.raises(UnreadableFile, match="the file has more than 99 bytes of text: send it in parts"):
        extract("ü".encode() * 50, most=99)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (pdf([[WORDS]]), "a.txt", "pdf"),
        (b"junk before\n" + pdf([[WORDS]]), "", "pdf"),
        (letter(WORDS), "a.html", "docx"),
        (b"<!DOCTYPE html><title>", "a.txt", "html"),
        (b"\n <!-- made by -->\n<?xml version='1.0'?><HTML lang=de>", "a.txt", "html"),
        ("<html><p>ü".encode("utf-16"), "a", "html"),
        (b"<p>Only a part.", "a.HTM", "html"),
        (b"<p>Only a part.", "a.txt", "text"),
        (b"Of <html> and more", "notes", "text"),
        (b"a,b\n1,2\n", "a.csv", "text"),
    ],
)
def test_the_content_tells_the_kind_and_then_the_name(data: bytes, name: str, kind: str) -> None:
    assert kind_of(data, name) == kind


@pytest.mark.parametrize(
    ("data", "name", "advice"),
    [
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "a.txt",
            "is neither text nor a document: .txt, .html, .docx and .pdf",
        ),
        ("Ein Text".encode("utf-16-le"), "a.txt", "is neither text nor a document"),
        (b"{\\rtf1\\ansi Hello}", "a.doc", "is RTF: .txt"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
            "a.doc",
            "is of Word or Office before 2007: save it as .docx",
        ),
        (
            packed(mimetype="application/vnd.oasis.opendocument.text", content="<x/>"),
            "a.docx",
            "is a zip archive, and no Word",
        ),
    ],
)
def test_what_is_not_read_is_told(data: bytes, name: str, advice: str) -> None:
    with pytest.raises(UnknownFile, match=f"the file {advice}"):
        extract(data, name)


@pytest.mark.parametrize("name", ["a.pdf", "A.DOCX"])
def test_a_name_that_promises_more_than_there_is(name: str) -> None:
    with pytest.raises(
        UnreadableFile, match=r"is named \.\w+ and is none: it is damaged, or of another type"
    ):
        extract(WORDS.encode(), name)
