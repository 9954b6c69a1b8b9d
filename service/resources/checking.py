"""Checking texts that need not be stored: ``/v1/check`` and ``/v1/compare``."""

from __future__ import annotations

from flask import Blueprint, Response

from nearcopy.report import Comparison, Report
from service import problems
from service.answers import TextComparison, TextReport, as_json, seen_by_caller, with_texts
from service.calls import call
from service.context import archives
from service.keys.key import Role
from service.models import CheckedPage, InCollection, Pair, Submission, Upload

blueprint = Blueprint("checking", __name__)

NOT_ASKED = {"title", "publisher", "published_at", "format", "return_text"}
"""What the verdict does not rest on."""


@call(
    blueprint,
    "POST",
    "/v1/check",
    query=InCollection,
    body=Submission,
    page=CheckedPage,
    form=Upload,
    answers={200: Report | TextReport},
    role=Role.CHECK,
    problems=(problems.NO_WORDS, problems.NOT_FOUND, problems.NOT_READY),
)
def check(query: InCollection, body: Submission) -> Response:
    """Check a text against the archive.

    Answers where it was published before, which passages, and who had it first. Nothing is stored. With a key
    of role check the answer does not tell where in the stored texts the passages stand.

    The text may also be an HTML page (`format`, or a body of text/html with its options in the query), or a
    file in a form. Its main text is then what is checked: offsets are places in it, and `return_text` gives
    it back.
    """
    asked = {name: value for name, value in body if name not in NOT_ASKED}
    told = seen_by_caller(archives().get(query.collection).check(**asked))
    return as_json(with_texts(told, text=body.text) if body.return_text else told)


@call(
    blueprint,
    "POST",
    "/v1/compare",
    query=InCollection,
    body=Pair,
    answers={200: Comparison | TextComparison},
    role=Role.CHECK,
    problems=(problems.NO_WORDS, problems.NOT_FOUND),
)
def compare(query: InCollection, body: Pair) -> Response:
    """Compare two texts with each other.

    Answers their passages, resemblance and containment both ways. The collection gives the parameters.
    """
    told = archives().get(query.collection).compare(body.a, body.b, min_words=body.min_words)
    return as_json(with_texts(told, text_a=body.a, text_b=body.b) if body.return_text else told)
