"""The text of Word documents: all that a reader sees, once, in order."""

from __future__ import annotations

import pytest

from nearcopy.errors import UnknownFile, UnreadableFile
from nearcopy.extract.docx import MOST_XML
from nearcopy.extract.files import extract
from tests.unit.extract.made import (
    OTHER,
    TYPES,
    WORDS,
    deep_docx,
    docx,
    entity_bomb,
    letter,
    lying_zip_bomb,
    packed,
    run,
    zip_bomb,
)

BOX = f"<w:txbxContent><w:p>{run('in a box')}</w:p></w:txbxContent>"


def test_paragraphs() -> None:
    assert extract(letter(WORDS, "", OTHER), "a.docx") == f"{WORDS}\n\n{OTHER}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<w:p>{run('one ')}<w:hyperlink>{run('link')}</w:hyperlink>{run(' two')}</w:p>", "one link two"),
        (
            f"<w:p>{run('line')}<w:r><w:br/></w:r>{run('break')}<w:r><w:tab/></w:r>{run('tab')}</w:p>",
            "line\nbreak tab",
        ),
        (
            f"<w:p>{run('was ')}<w:ins>{run('added')}</w:ins>"
            "<w:del><w:r><w:delText>cut</w:delText></w:r></w:del></w:p>",
            "was added",
        ),
        (f"<w:sdt><w:sdtContent><w:p>{run('controlled')}</w:p></w:sdtContent></w:sdt>", "controlled"),
        (
            f"<w:tbl><w:tr><w:tc><w:p>{run('a')}</w:p></w:tc><w:tc><w:p>{run('b')}</w:p></w:tc></w:tr></w:tbl>",
            "a\n\nb",
        ),
        (
            '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
            f"<mc:Choice><w:drawing>{BOX}</w:drawing></mc:Choice><mc:Fallback><w:pict>{BOX}</w:pict></mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>",
            "in a box",
        ),
        (f"<w:p>{run('1 &lt; 2 &amp;amp; ü🚢')}</w:p>", "1 < 2 &amp; ü🚢"),
    ],
    ids=["link", "break", "changes", "control", "table", "box", "escapes"],
)
def test_what_a_reader_sees(body: str, text: str) -> None:
    assert extract(docx(body)).split() == text.split()


def test_footnotes_stand_at_the_end() -> None:
    body = f'<w:p>{run(WORDS)}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = f'<w:footnote w:id="2"><w:p>{run(OTHER)}</w:p></w:footnote>'
    first, second = extract(docx(body, notes=notes)).split("\n\n")
    assert (first, OTHER in second) == (f"{WORDS}[1]", True)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (docx(""), "the file has no text in it; text in pictures is not read"),
        (letter(WORDS)[:-40], "the file is damaged .* save it anew with Word"),
        (letter(WORDS).replace(b"word/document.xml", b"word/documint.xml"), "the file is damaged"),
        (docx("<w:p>"), "the file is damaged .*mismatched tag"),
        (entity_bomb(), "the file defines entities, as no Word document does"),
        (deep_docx(5000), "the file is nested too deeply: save it anew with Word"),
        (zip_bomb(MOST_XML >> 20 << 1), "the file unpacks to more than 32 MB of markup: send it in parts"),
        (lying_zip_bomb(64), "the file is damaged"),
        (
            bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
            "the file is encrypted: save it without",
        ),
    ],
    ids=["empty", "cut", "part missing", "bad XML", "entities", "deep", "bomb", "lying bomb", "encrypted"],
)
def test_a_document_without_text_says_why(data: bytes, advice: str) -> None:
    with pytest.raises(UnreadableFile, match=advice):
        extract(data, "a.docx")


def test_an_encrypted_archive() -> None:
    marked = letter(WORDS).replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")
    with pytest.raises(UnreadableFile, match="the file is encrypted: save it without a password"):
        extract(marked)


def test_a_sheet_is_no_document() -> None:
    with pytest.raises(UnknownFile, match="is a zip archive, and no Word document"):
        extract(packed(**{"[Content_Types]": TYPES.replace("wordprocessingml", "spreadsheetml")}), "a.docx")
