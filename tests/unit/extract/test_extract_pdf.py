"""The text of PDFs, in paragraphs."""

from __future__ import annotations

import pytest
from fpdf import FPDF

from nearcopy.errors import UnreadableFile
from nearcopy.extract.files import extract
from tests.unit.extract.made import (
    OTHER,
    WORDS,
    endless_pdf,
    million_pages,
    page_of,
    pdf,
    raw_pdf,
    scan,
    stream,
)

LONG = " ".join([WORDS, OTHER] * 3)


def columns(count: int, indent: float, gap: float, paragraphs: int = 8) -> str:
    """The text of a PDF that is set in columns."""
    made = FPDF()
    made.set_font("Times", size=11)
    made.add_page()
    with made.text_columns(ncols=count, text_align="J") as area:
        for number in range(paragraphs):
            with area.paragraph(text_align="J", first_line_indent=indent, bottom_margin=gap) as paragraph:
                paragraph.write(f"Number {number}. {LONG}")
    return extract(bytes(made.output()))


@pytest.mark.parametrize(("count", "indent", "gap"), [(1, 0, 3), (1, 6, 0), (2, 0, 3), (3, 5, 0)])
def test_lines_become_paragraphs_again(count: int, indent: float, gap: float) -> None:
    assert columns(count, indent, gap).split("\n\n") == [f"Number {number}. {LONG}" for number in range(8)]


def test_pages_and_headlines_part_paragraphs() -> None:
    made = FPDF()
    for number in range(2):
        made.add_page()
        made.set_font("Times", "B", 16)
        made.multi_cell(0, 6, f"Headline {number}", new_x="LMARGIN", new_y="NEXT")
        made.set_font("Times", size=11)
        made.multi_cell(0, 6, LONG, new_x="LMARGIN", new_y="NEXT")
    assert extract(bytes(made.output())).split("\n\n") == ["Headline 0", LONG, "Headline 1", LONG]


def test_a_paragraph_goes_on_over_the_page() -> None:
    data = pdf([[LONG, "The mayor, who had"], ["opposed it for years, gave in.", OTHER]])
    assert extract(data).split("\n\n") == [LONG, "The mayor, who had opposed it for years, gave in.", OTHER]


def test_words_parted_at_the_end_of_a_line_are_whole_again() -> None:
    lines = b"BT /F 12 Tf 14 TL 50 700 Td (The coun-) Tj T* (cil voted on Tues-) Tj T* (day.) Tj ET"
    assert extract(page_of(stream(lines))) == "The council voted on Tuesday."


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (pdf([[WORDS]], password="secret"), "the file is encrypted: save it without a password"),
        (pdf([[WORDS]])[:200], "the file is damaged: no PDF reader would open it"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 40, "the file is damaged"),
        (raw_pdf(b"<< /Type /Catalog >>"), "the file is damaged"),
        (scan(), "the file has 2 pages and no text: if scanned, recognise text"),
        (million_pages(), "the file has 1000000 pages, more than 5000: send it in parts"),
        (endless_pdf(), "the file (is damaged|has 0 pages)"),
    ],
    ids=["password", "cut", "noise", "no pages", "scan", "million pages", "endless pages"],
)
def test_a_pdf_without_text_says_why(data: bytes, advice: str) -> None:
    with pytest.raises(UnreadableFile, match=advice):
        extract(data, "a.pdf")


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    made = FPDF()
    made.set_encryption(owner_password="owner", permissions=0)
    made.set_font("Times", size=11)
    made.add_page()
    made.multi_cell(0, 5, WORDS)
    assert extract(bytes(made.output())) == WORDS
