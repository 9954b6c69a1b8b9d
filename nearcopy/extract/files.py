"""Any file to its main text."""

from __future__ import annotations

import re

from nearcopy.errors import UnreadableFile
from nearcopy.extract import docx, html, pdf, plain
from nearcopy.extract.kinds import Kind, kind_of

UNWANTED = re.compile("[\0\ud800-\udfff]")
"""What no text may hold."""


def extract(
    data: bytes,
    name: str = "",
    charset: str | None = None,
    kind: Kind | None = None,
    most: int | None = None,
) -> str:
    """The main text of a file, its paragraphs parted by blank lines; a plain text as it is.

    ``kind``: where it is not given, the content tells it, and where that could be two, the ``name``'s ending.
    ``charset``: what the sender says of a text or a page. ``most``: bytes of UTF-8 that the text may have.
    Raises `UnknownFile` and `UnreadableFile`, whose words say what is wrong.
    """
    match kind or kind_of(data, name):
        case "text":
            text = plain.read(data, charset)
        case "html":
            text = html.read(data, charset).text
        case "docx":
            text = docx.read(data)
        case "pdf":
            text = pdf.read(data)
    text = UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise UnreadableFile("the file has no text in it")
    if most is not None and len(text.encode()) > most:
        raise UnreadableFile(f"the file has more than {most} bytes of text: send it in parts")
    return text
