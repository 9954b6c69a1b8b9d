"""The text of a PDF. A PDF knows characters and their places; its lines are put together to paragraphs here.

A line begins a paragraph where it stands farther below the last one than lines mostly do, or is
set in a little, or in another size. A line that stands higher than the last one, in the next column or on the
next page, begins one too, unless it goes on in the middle of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import c_double
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import pypdfium2
from pypdfium2 import raw

from nearcopy.errors import UnreadableFile

MOST_PAGES = 5000
"""Twice the longest book. A file of a few kilobytes can claim a million."""

HYPHEN = "\ufffe"
"""What PDFium gives for a hyphen at the end of a line, whose next line it joins to it."""

FAR, SET_IN, OTHER_SIZE = 1.25, 0.8, 0.1
"""A paragraph's distance over that of lines; its indent, and a change of size, over the size of letters."""

REASONS = {
    raw.FPDF_ERR_PASSWORD: "the file is encrypted: save it without a password",
    raw.FPDF_ERR_SECURITY: "the file is encrypted in a way that is not read: save it without a password",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Left edge and baseline of its first character, baseline of its last, size of letters; in points."""

    text: str
    left: float
    first: float
    last: float
    size: float


def read(data: bytes) -> str:
    """The text, its paragraphs parted by blank lines. Raises `UnreadableFile` where there is none."""
    with _opened(data) as document:
        pages = len(document)
        if pages > MOST_PAGES:
            raise UnreadableFile(f"the file has {pages} pages, more than {MOST_PAGES}: send it in parts")
        text = "\n\n".join(_paragraphs([_lines(document, number) for number in range(pages)]))
    if not text:
        raise UnreadableFile(
            f"the file has {pages} pages and no text: if scanned, recognise text (OCR) first"
        )
    return text


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = REASONS.get(error.err_code, "the file is damaged: no PDF reader would open it")
        raise UnreadableFile(reason) from None


def _lines(document: pypdfium2.PdfDocument, number: int) -> list[Line]:
    """The lines of a page that have text on them."""
    try:
        page = document[number]
        text = page.get_textpage()
    except pypdfium2.PdfiumError:
        raise UnreadableFile(f"the file is damaged on page {number + 1}: save it anew") from None
    found, start = [], 0
    for line in text.get_text_range().split("\r\n"):
        if words := line.strip():
            found.append(_measured(text, words, start + line.index(words[0])))
        start += len(line) + 2
    text.close()
    page.close()
    return found


def _measured(page: pypdfium2.PdfTextPage, words: str, start: int) -> Line:
    index = raw.FPDFText_GetCharIndexFromTextIndex(page, start)
    left, first = _origin(page, index)
    _, last = _origin(page, raw.FPDFText_GetCharIndexFromTextIndex(page, start + len(words) - 1))
    return Line(words.replace(HYPHEN, ""), left, first, last, raw.FPDFText_GetFontSize(page, index))


def _origin(page: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    x, y = c_double(), c_double()
    raw.FPDFText_GetCharOrigin(page, index, x, y)
    return x.value, y.value


def _paragraphs(pages: list[list[Line]]) -> Iterator[str]:
    usual = _usual_distance(pages)
    held: list[str] = []
    before: Line | None = None
    for lines in pages:
        top = True
        for line in lines:
            if before is not None and _begins(before, line, usual, top):
                yield " ".join(held)
                held.clear()
            held.append(line.text)
            before, top = line, False
    if held:
        yield " ".join(held)


def _usual_distance(pages: list[list[Line]]) -> float:
    """Between the baselines of lines that follow each other."""
    distances = [a.last - b.first for lines in pages for a, b in pairwise(lines) if a.last > b.first]
    return median(distances) if distances else 0


def _begins(before: Line, line: Line, usual: float, top: bool) -> bool:
    if abs(line.size - before.size) > OTHER_SIZE * before.size:
        return True
    down = before.last - line.first
    if top or down < -line.size:
        return not (line.text[0].islower() and (before.text[-1].isalnum() or before.text[-1] == ","))
    return down > FAR * usual or line.left - before.left > SET_IN * line.size
