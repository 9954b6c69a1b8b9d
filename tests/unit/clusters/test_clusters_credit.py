"""When a text says that it was first published."""

from __future__ import annotations

import pytest

from nearcopy.clusters.credit import ENDS, credited, credits_of
from nearcopy.text.scanning import scan_texts

BODY = "word " * ENDS

CREDITS = [
    ("Originally published on March 3, 2005 in the Herald.", "2005-03-03"),
    ("This story first appeared in The Courier on 3rd Sept. 2005", "2005-09-03"),
    ("(first published 2005-03-03)", "2005-03-03"),
    (f"{BODY} ORIGINALLY POSTED: Dec 31 1999", None),
    (f"{BODY}. Originally posted: Dec 31 1999", "1999-12-31"),
    (f"Originally posted Jan. 1, 2001\n{BODY}", "2001-01-01"),
    (f"{BODY} originally posted Jan. 1, 2001 {BODY}", None),
    ("Originally published 03/04/2005", None),
    ("Originally published on February 31, 2005", None),
    ("Originally published February 31, 2005; first printed May 2, 2004", "2004-05-02"),
    ("The Maltese Falcon was first published on February 14, 1930", None),
    ("He was first elected on March 3, 2005", None),
    ("The law was first published in full. On March 3, 2005 it passed.", None),
    ("First published\nMarch 3, 2005", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "date"), CREDITS)
def test_a_credit_is_a_date_beside_its_words(text: str, date: str | None) -> None:
    assert credited(text) == date


def test_credits_are_found_among_many_texts() -> None:
    texts = [text for text, _ in CREDITS]
    scanned = scan_texts(texts)
    assert credits_of(texts, scanned.hashes, scanned.text_words) == [date for _, date in CREDITS]
    assert credits_of([], scanned.hashes[:0], scanned.text_words[:1]) == []
