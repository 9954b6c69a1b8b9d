"""Paragraphs: blocks between blank lines, or lines where a text has no blank one."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import Scanned, scan_texts
from tests import naive
from tests.unit.texts import THOROUGH, texts

EXAMPLES = {
    "blank lines": ("one\ntwo\n\nthree", ["one\ntwo", "three"]),
    "several": ("one\n\n\n\ntwo", ["one", "two"]),
    "spaces in them": ("one\n \u00a0\t\ntwo", ["one", "two"]),
    "the unseen in them": ("one\n\u200b\ntwo\r\u200b\nthree", ["one", "two", "three"]),
    "CRLF": ("one\r\ntwo\r\n\r\nthree\r\n", ["one\r\ntwo", "three"]),
    "CR": ("one\rtwo\r\rthree", ["one\rtwo", "three"]),
    "no blank line": ("one\ntwo\r\nthree", ["one", "two", "three"]),
    "blank ones at the ends only": ("\n\none\ntwo\n\n", ["one", "two"]),
    "Unicode's own": ("one\u2028two\u2029three", ["one\u2028two", "three"]),
    "line separators alone": ("one\u2028two", ["one", "two"]),
    "without a word": ("one\n\n* * *\n\n“two”.", ["one", "“two”."]),
    "edges are what is seen": ("  \u00ad“one” .\u00a0 \n\n two", ["“one” .", "two"]),
    "a text of one line": ("one", ["one"]),
}


def spans(scanned: Scanned, text: int) -> list[tuple[int, ...]]:
    """With words counted from the text's first."""
    rows = scanned.spans_of(text) - [0, 0, *2 * [scanned.words_of(text).start]]
    return [tuple(row) for row in rows.tolist()]


@pytest.mark.parametrize(("text", "found"), EXAMPLES.values(), ids=EXAMPLES)
def test_where_paragraphs_begin_and_end(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end, *_ in spans(scan_texts([text]), 0)] == found


@THOROUGH
@given(st.lists(texts, min_size=1, max_size=3))
def test_the_oracles_paragraphs(batch: list[str]) -> None:
    scanned = scan_texts(batch)
    assert [spans(scanned, t) for t in range(len(batch))] == [naive.paragraphs(text) for text in batch]


@THOROUGH
@given(texts)
def test_every_word_lies_in_one_paragraph(text: str) -> None:
    scanned = scan_texts([text])
    inside = [k for _, _, first, end in spans(scanned, 0) for k in range(first, end)]
    assert inside == list(range(len(scanned.hashes)))
    for start, end, first, last in spans(scanned, 0):
        assert start <= scanned.starts[first] < scanned.ends[last - 1] <= end


SENTENCES = [
    "The council met on Monday, and nobody left before midnight.",
    "“We don’t know yet”, said the mayor of the old town.",
    "A report of 1,200 pages lies on the table; it is well-known and unread.",
    "Its authors wrote for three years about bridges, roads and the cost of both.",
    "Nothing in it is new to those who cross the river every morning on foot.",
]


def rendered() -> dict[str, str]:
    text = " ".join(SENTENCES)
    return {
        "as sent": "\n\n".join([" ".join(SENTENCES[:2]), " ".join(SENTENCES[2:])]),
        "no breaks": text,
        "a break after every sentence": "\n\n".join(SENTENCES),
        "a line for every sentence": "\r\n".join(SENTENCES),
        "hard-wrapped": textwrap.fill(text, 72),
        "hard-wrapped with blank lines": textwrap.fill(text, 72).replace("\n", "\n\n"),
    }


@pytest.mark.parametrize("other", rendered())
def test_texts_whose_breaks_differ_share_every_document_bucket_and_fingerprint(other: str) -> None:
    parameters = Parameters()
    one, two = (buckets_of(scan_texts([rendered()[name]]), parameters) for name in ("as sent", other))
    assert np.array_equal(one.document_bands, two.document_bands)
    assert np.array_equal(one.fingerprints, two.fingerprints)
    assert len(one.fingerprints)
