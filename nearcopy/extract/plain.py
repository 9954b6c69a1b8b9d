"""Plain text as people save it, in whatever encoding."""

from __future__ import annotations

import codecs
import contextlib

from resiliparse.parse.encoding import map_encoding_to_html5

from nearcopy.errors import UnreadableFile

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, and the encoding that reads and drops each."""

FALLBACK = "cp1252"
"""What is not UTF-8 and says nothing: Western Windows. Latin-1 is the same but for its control characters."""


def read(data: bytes, charset: str | None = None) -> str:
    """A byte order mark tells the encoding, else ``charset`` does; else it is UTF-8, or Western.

    Raises `UnreadableFile` where the text is not what it says it is, or says nothing.
    """
    told = mark(data) or known(charset)
    if charset and told is None:
        raise UnreadableFile(f"the charset {charset[:40]!r} is unknown here: save the file as UTF-8")
    told = mark(data) or known(charset)
    if charset and told is None:
        raise UnreadableFile(f"the charset {charset[:40]!r} is unknown here: save the file as UTF-8")
    text = _decoded(data, told)
    if not text.strip():
        raise UnreadableFile("the file is empty: send a file with text in it")
    return text


def mark(data: bytes) -> str | None:
    """The encoding that a byte order mark tells."""
    return next((name for start, name in MARKS if data.startswith(start)), None)


def known(charset: str | None) -> str | None:
    """The encoding that browsers mean by this name (cp1252 by latin-1), or by one that Python has for it."""
    if not charset:
        return None
    found = map_encoding_to_html5(charset, fallback_utf8=False)
    if found is None:
        with contextlib.suppress(LookupError, ValueError):
            found = map_encoding_to_html5(codecs.lookup(charset).name, fallback_utf8=False)
    return found


def _decoded(data: bytes, told: str | None) -> str:
    try:
        return data.decode(told or "utf-8")
    except UnicodeDecodeError as error:
        if told is None:
            return data.decode(FALLBACK, "replace")
        raise UnreadableFile(f"the file is no {told} at its byte {error.start}: save it as UTF-8") from None
