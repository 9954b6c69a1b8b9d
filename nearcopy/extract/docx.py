"""The text of a Word document: paragraphs, tables, text boxes and notes, as with all its changes accepted."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile

import mammoth

from nearcopy.errors import UnknownFile, UnreadableFile
from nearcopy.extract.html import plain_text
from nearcopy.extract.kinds import READ

MOST_XML = 32 << 20
"""Bytes of XML in a document. A book of a thousand pages has a third of that."""

DAMAGE = (BadZipFile, ExpatError, EOFError, LookupError, NotImplementedError, OSError, ValueError, zlib.error)
"""What the libraries raise on damaged files; zipfile, of a compression that it does not know, that it is not
implemented."""

DOCTYPE = re.compile(rb"<\0?!\0?D\0?O\0?C\0?T", re.IGNORECASE)
"""Where entities could be defined, in UTF-8 or UTF-16. A few lines of them can stand for gigabytes."""


def read(data: bytes) -> str:
    """Raises `UnreadableFile` where there is no text, and `UnknownFile` where the archive is no document."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check(archive)
        # mammoth's own plain text would join the words at a line break
        markup = mammoth.convert_to_html(
            BytesIO(data), convert_image=lambda _: [], include_embedded_style_map=False
        ).value
    except RecursionError:
        raise UnreadableFile("the file is nested too deeply: save it anew with Word") from None
    except DAMAGE as error:
        raise UnreadableFile(f"the file is damaged ({error}): save it anew with Word") from None
    text = plain_text(markup)
    if not text.strip():
        raise UnreadableFile("the file has no text in it; text in pictures is not read")
    return text


def _check(archive: ZipFile) -> None:
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableFile("the file is encrypted: save it without a password")
    markup = [part for part in parts if part.filename.endswith((".xml", ".rels"))]
    if sum(part.file_size for part in markup) > MOST_XML:
        raise UnreadableFile(f"the file unpacks to more than {MOST_XML >> 20} MB of markup: send it in parts")
    types = "[Content_Types].xml"
    if types not in archive.namelist() or b"wordprocessingml" not in archive.read(types):
        raise UnknownFile(f"the file is a zip archive, and no Word document: {READ}")
    if any(DOCTYPE.search(archive.read(part)) for part in markup):
        raise UnreadableFile("the file defines entities, as no Word document does: save it anew with Word")
