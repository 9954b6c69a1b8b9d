"""What is answered: the shapes for the OpenAPI description, and the one way to send them."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from flask import Response
from pydantic import BaseModel, ConfigDict, Field


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
    bytes: int = Field(
        description="Memory that Redis uses for everything it holds, other collections included."
    )
    parameters: dict[str, Any]
    digest: str
    redis_version: str
    detection: list[DetectionPoint]


class Health(Answer):
    """The service is alive, or ready to answer checks."""

    status: Literal["alive", "ready"]


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


def as_json(value: Any, status: int = 200) -> Response:
    """A JSON answer; dataclasses of the engine are written as objects, without copying them first."""
    return Response(orjson.dumps(value), status, content_type="application/json")


class Nothing(Response):
    """An answer without a body, and so without a Content-Type."""

    default_mimetype = None
