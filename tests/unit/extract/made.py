"""Small files of every kind, good ones and hostile ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from fpdf import FPDF

WORDS = "The council voted on Tuesday to close the old bridge for two years, officials said."
OTHER = "Traffic will be led over the ring road, and the ferry will run every ten minutes."

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{MAIN}"/></Types>'
)
RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}" Target="word/document.xml"/></Relationships>'
)


def packed(**parts: str | bytes) -> bytes:
    """A zip archive; ``__`` in a name is a slash, the ending is .xml."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return made.getvalue()


def run(text: str) -> str:
    """Some text of a paragraph of Word's."""
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def docx(body: str, before: str = "", notes: str = "") -> bytes:
    """A Word document of that body; ``before`` stands before its XML, ``notes`` are its footnotes."""
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELS)
        document = f'{before}<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
        if notes:
            archive.writestr("word/footnotes.xml", f'<w:footnotes xmlns:w="{WORD}">{notes}</w:footnotes>')
    return made.getvalue()


def letter(*paragraphs: str) -> bytes:
    """A Word document of plain paragraphs."""
    return docx("".join(f"<w:p>{run(text)}</w:p>" for text in paragraphs))


def pdf(pages: Iterable[Iterable[str]], gap: float = 3, password: str = "") -> bytes:
    """A PDF of these pages of paragraphs, which are set in lines of a page's width."""
    made = FPDF()
    made.set_font("Times", size=11)
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    for paragraphs in pages:
        made.add_page()
        for text in paragraphs:
            made.multi_cell(0, 5, text, align="L", new_x="LMARGIN", new_y="NEXT")
            made.ln(gap)
    return bytes(made.output())


def scan() -> bytes:
    """A PDF of two pages with nothing but pictures."""
    made = FPDF()
    for _ in range(2):
        made.add_page()
        made.rect(20, 20, 100, 100, style="F")
    return bytes(made.output())


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, the first of which is its catalogue."""
    made = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    made += b"trailer\n<< /Root 1 0 R /Size %d >>\n" % (len(objects) + 1)
    return bytes(made) + b"startxref\n%d\n%%%%EOF\n" % table


def million_pages() -> bytes:
    """A PDF of a kilobyte: six levels of ten children each, which are all the same."""
    nodes = [
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"%d 0 R " % (level + 1) * 10, 10 ** (8 - level))
        for level in range(2, 8)
    ]
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page /Parent 7 0 R >>")


def endless_pdf() -> bytes:
    """A PDF whose tree of pages holds itself."""
    pages = b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", pages)


def stream(content: bytes, more: bytes = b"", filters: int = 1) -> bytes:
    """A stream of a PDF, compressed so often."""
    for _ in range(filters):
        content = zlib.compress(content, 9)
    names = b"/FlateDecode " * filters
    return b"<< /Filter [%s] /Length %d %s >>\nstream\n%s\nendstream" % (names, len(content), more, content)


def page_of(content: bytes, *more: bytes) -> bytes:
    """A PDF of one page with this stream, and with Helvetica as F and the first of ``more`` as X."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    resources = b"<< /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >>"
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources %s >>" % resources
    )
    pages = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return raw_pdf(b"<< /Type /Catalog /Pages 2 0 R >>", pages, page, content, font, *more)


def unpacking_pdf(megabytes: int) -> bytes:
    """A PDF of some kilobytes whose page has so much text to draw."""
    return page_of(stream(b"BT /F 12 Tf 9 9 Td (a b c d) Tj ET\n" * (megabytes << 15), filters=2))


def drawing_pdf() -> bytes:
    """A PDF whose page draws a form that draws itself twice."""
    form = stream(
        b"/X Do /X Do",
        b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>",
    )
    return page_of(stream(b"BT /F 12 Tf 9 700 Td (%s) Tj ET /X Do" % WORDS.encode()), form)


def entity_bomb() -> bytes:
    """A Word document whose text is nine levels of entities of ten each."""
    entities = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))
    return docx(f"<w:p>{run('&e9;')}</w:p>", f'<!DOCTYPE w:document [<!ENTITY e0 "{WORDS}">{entities}]>')


def zip_bomb(megabytes: int) -> bytes:
    """A Word document whose XML unpacks to that."""
    return docx(f"<w:p>{run('word ' * (megabytes * 200_000))}</w:p>")


def lying_zip_bomb(megabytes: int) -> bytes:
    """The same, but the archive says that it is small."""
    made = bytearray(zip_bomb(megabytes))
    # The size stands in the last local header and in the last entry of the directory
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", made, made.rindex(mark) + offset, 1000)
    return bytes(made)


def deep_docx(levels: int) -> bytes:
    """A Word document of tables in tables."""
    return docx(
        "<w:tbl><w:tr><w:tc>" * levels + f"<w:p>{run(WORDS)}</w:p>" + "</w:tc></w:tr></w:tbl>" * levels
    )


def deep_page(levels: int) -> bytes:
    """A page of boxes in boxes."""
    return b"<html><body>" + b"<div>" * levels + WORDS.encode()
