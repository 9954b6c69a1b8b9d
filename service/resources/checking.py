"""Checking texts that need not be stored: ``/v1/check`` and ``/v1/compare``."""

from __future__ import annotations

from flask import Blueprint, Response

from nearcopy.report import Comparison, Report
from service import problems
from service.answers import as_json
from service.calls import call
from service.context import archives
from service.models import InCollection, Pair, Submission

blueprint = Blueprint("checking", __name__)

METADATA = {"title", "publisher", "published_at"}
"""What a caller may say of a submission; the verdict rests on its text alone."""


@call(
    blueprint,
    "POST",
    "/v1/check",
    query=InCollection,
    body=Submission,
    answers={200: Report},
    problems=(problems.NO_WORDS, problems.NOT_FOUND, problems.NOT_READY),
)
def check(query: InCollection, body: Submission) -> Response:
    """Check a text against the archive.

    Answers where it was published before, which passages, and who had it first. Nothing is stored.
    """
    asked = {name: value for name, value in body if name not in METADATA}
    return as_json(archives().get(query.collection).check(**asked))


@call(
    blueprint,
    "POST",
    "/v1/compare",
    query=InCollection,
    body=Pair,
    answers={200: Comparison},
    problems=(problems.NO_WORDS, problems.NOT_FOUND),
)
def compare(query: InCollection, body: Pair) -> Response:
    """Compare two texts with each other.

    Answers their passages, resemblance and containment both ways. The collection gives the parameters.
    """
    return as_json(archives().get(query.collection).compare(body.a, body.b, min_words=body.min_words))
