"""What a file is: its content tells, and where that could be two things, its name."""

from __future__ import annotations

import re
from typing import Literal, NoReturn

from nearcopy.errors import UnknownFile, UnreadableFile
from nearcopy.extract.plain import mark

Kind = Literal["text", "html", "docx", "pdf"]

HEAD = 1024
"""Bytes in which a type shows. PDF readers look that far for its mark."""

BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Control characters that no text has."""

PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)[\s>]", re.I | re.S)
"""How a page begins, whatever the file's name is."""

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""The container of Word before 2007, and of Word documents with a password."""

READ = ".txt, .html, .docx and .pdf are read"


def kind_of(data: bytes, name: str = "") -> Kind:
    """The kind of a file. Raises `UnknownFile`, and `UnreadableFile` where its name says that it was another
    kind once."""
    head, ending = data[:HEAD], name.rpartition(".")[2].lower()
    if b"%PDF-" in head:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    if head.startswith(OLE):
        _old_word(data)
    if head.startswith(b"{\\rtf"):
        raise UnknownFile(f"the file is RTF: {READ}")
    if ending in ("pdf", "docx"):
        raise UnreadableFile(f"the file is named .{ending} and is none: it is damaged, or of another type")
    known = mark(data)
    if known is None and BINARY.search(data, 0, 64 * HEAD):
        raise UnknownFile(f"the file is neither text nor a document: {READ}")
    start = head.decode(known, "ignore") if known else head.decode("latin-1")
    return "html" if PAGE.match(start) or ending in ("html", "htm", "xhtml") else "text"


def _old_word(data: bytes) -> NoReturn:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableFile("the file is encrypted: save it without a password")
    raise UnknownFile("the file is of Word or Office before 2007: save it as .docx")
