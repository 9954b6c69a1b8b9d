"""What is answered: the shapes for the OpenAPI description, and the one way to send them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field

from nearcopy.index.generations import Generation
from nearcopy.report import Comparison, Match, ParagraphReport, Report, Source
from service.keys.guard import may_read
from service.problems import ProblemBody


class Answer(BaseModel):
    """What every answer has in common: every field that it may have is described."""

    model_config = ConfigDict(extra="forbid")


class Stored(Answer):
    """The answer to a stored document."""

    id: str
    outcome: Literal["created", "replaced", "unchanged"]


class StoredDocument(Answer):
    """A document as it was stored; metadata that it lacks is left out."""

    id: str
    text: str
    title: str | None = None
    publisher: str | None = None
    url: str | None = None
    published_at: str | None = None
    fields: dict[str, Any]


class DetectionPoint(Answer):
    """A unit of this resemblance is found with this probability."""

    resemblance: float
    probability: float


class IndexState(Answer):
    """Counts, bytes, parameters and generation of a collection, and its detection curve."""

    collection: str
    generation: str
    documents: int
    paragraphs: int
    partitions: int
    bytes: int | None = Field(
        description="Memory that Redis uses for everything it holds, other collections included; null for a "
        "key that is not for all of them."
    )
    parameters: dict[str, Any]
    digest: str
    redis_version: str
    detection: list[DetectionPoint]


class GenerationList(Answer):
    """The generations of a collection, the oldest first."""

    generations: list[Generation]


class Published(Answer):
    """A generation that is live now."""

    generation: str
    replayed: int = Field(description="Changes that were written into it first.")


class Health(Answer):
    """The service is alive, or ready to answer checks.

    ``lacks``: what is missing though checks are answered; with ``memory``, Redis stores no more documents.
    """

    status: Literal["alive", "ready"]
    lacks: list[Literal["memory"]] | None = None


PLAIN = "text/plain; version=1.0.0; charset=utf-8"
"""The type of answers that are no JSON: metrics, as Prometheus reads them."""


class CallSummary(Answer):
    """One call of the service."""

    method: str
    path: str
    summary: str


class CallList(Answer):
    """What the service answers, and where the whole description is."""

    service: str
    version: str
    description: str
    calls: list[CallSummary]


@dataclass(frozen=True, slots=True)
class TextReport(Report):
    """A report with the text that its offsets are places in, where ``return_text`` asked for it."""

    text: str


@dataclass(frozen=True, slots=True)
class TextComparison(Comparison):
    """A comparison with the texts that its offsets are places in, where ``return_text`` asked for them."""

    text_a: str
    text_b: str


@dataclass(frozen=True, slots=True)
class LineSource(Source):
    """A stored document, or an earlier line of the same batch: then ``line`` says which, and ``document`` is
    its own id, null where it has none."""

    document: str | None  # type: ignore[assignment]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LineMatch(Match):
    """A paragraph of a source, which is a stored document or a line of the batch, as in ``sources``."""

    document: str | None  # type: ignore[assignment]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class LineParagraph(ParagraphReport):
    """One paragraph of a line."""

    matches: tuple[LineMatch, ...]


@dataclass(frozen=True, slots=True)
class CheckedLine(Report):
    """The report of one line of a batch; ``text`` where the line asked for it with ``return_text``."""

    sources: tuple[LineSource, ...]
    paragraphs: tuple[LineParagraph, ...]
    line: int
    id: str | None = None
    text: str | None = None


class StoredLine(Answer):
    """The answer to one document of a batch."""

    line: int
    id: str
    outcome: Literal["created", "replaced", "unchanged"]


class ProblemLine(ProblemBody):
    """What is wrong with one line of a batch. The stream goes on."""

    line: int = Field(description="Which line of the body, from 1.")
    id: str | None = Field(default=None, description="The line's own id, if it could be read.")


class EndOfStream(ProblemBody):
    """The last line of a stream that cannot go on."""

    from_: int = Field(alias="from", description="The line to go on from: those before are answered.")


def fields_of(report: Any) -> dict[str, Any]:
    """A report as a dict, whose parts orjson writes as they are."""
    if isinstance(report, dict):
        return report
    return {field.name: getattr(report, field.name) for field in fields(report)}


def with_texts(told: Report | Comparison | dict[str, Any], **texts: str) -> dict[str, Any]:
    """The answer with the texts that its offsets are places in."""
    return (told if isinstance(told, dict) else told.to_dict()) | texts


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer; dataclasses of the engine are written as objects, without copying them first."""
    return Response(orjson.dumps(value), status, content_type="application/json")


def seen_by_caller(report: Report) -> Any:
    """A report as the caller may see it: who may not read stored texts is not told where they match."""
    return report if may_read() else without_places(report.to_dict())


def without_places(told: dict[str, Any]) -> dict[str, Any]:
    """A report that does not tell where in stored texts it found anything; changes the dict."""
    for source in told["sources"]:
        for passage in source["passages"]:
            del passage["source_start"], passage["source_end"]
    for paragraph in told["paragraphs"]:
        for match in paragraph["matches"]:
            del match["start"], match["end"]
    return told


class Nothing(Response):
    """An answer without a body, and so without a Content-Type."""

    default_mimetype = None
