"""The problems that the service answers with (RFC 9457): a closed table, each with a stable ``type``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from flask import Response, g
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"

RETRY_SECONDS = 2
"""How long a client is asked to wait for Redis: about what a restart of Redis takes."""

PREFIX = "urn:nearcopy:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """A kind of problem: the last part of its type, its status, its title, and, where waiting may help, after
    how many seconds to try again."""

    slug: str
    status: int
    title: str
    retry_after: int | None = None

    @property
    def type(self) -> str:
        """The URI by which programs tell problems apart. It never changes."""
        return PREFIX + self.slug


BAD_REQUEST = Problem("bad-request", 400, "The request cannot be read")
INVALID_JSON = Problem("invalid-json", 400, "The body is not JSON")
BAD_ENCODING = Problem("bad-encoding", 400, "The body cannot be unpacked")
NOT_UTF8 = Problem("not-utf-8", 400, "The request is not UTF-8")
NO_KEY = Problem("no-key", 401, "A valid API key is needed")
NOT_ALLOWED = Problem("not-allowed", 403, "The API key does not allow this")
NOT_FOUND = Problem("not-found", 404, "No such document, collection, generation or rebuild")
NO_SUCH_PATH = Problem("no-such-path", 404, "No such path")
WRONG_METHOD = Problem("wrong-method", 405, "The path does not take this method")
TOO_SLOW = Problem("body-too-slow", 408, "The body took too long to arrive")
BUSY = Problem("busy", 409, "Others change the collection's generations, or read this one", 30)
GENERATION_LIVE = Problem("generation-live", 409, "The generation is live")
REBUILD_RUNNING = Problem("rebuild-running", 409, "A rebuild of the collection is queued or running")
COLLECTION_EXISTS = Problem("collection-exists", 409, "There is a collection of that name")
REBUILD_ENDED = Problem("rebuild-ended", 409, "The rebuild has ended already")
PRECONDITION_FAILED = Problem("precondition-failed", 412, "The document is not what the request is for")
TOO_LARGE = Problem("body-too-large", 413, "The body is larger than the limit")
WRONG_TYPE = Problem("wrong-content-type", 415, "The body is of a type that this call does not take")
UNKNOWN_FILE = Problem("unknown-file-type", 415, "The file is of a type that is not read")
INVALID_FIELD = Problem("invalid-field", 422, "A field of the body cannot be used")
INVALID_PARAMETER = Problem("invalid-parameter", 422, "A part of the path or query cannot be used")
NO_WORDS = Problem("no-words", 422, "The text has no words")
UNREADABLE_FILE = Problem("unreadable-file", 422, "The file or page has no text that can be read")
RATE_LIMITED = Problem("rate-limited", 429, "The API key has spent what it may in a minute", 60)
INTERNAL = Problem("internal", 500, "The service failed")
NO_QUEUE = Problem("no-queue", 501, "There is no queue on a Redis Cluster")
OVERLOADED = Problem("overloaded", 503, "Too many requests are at work", 1)
STORAGE_UNAVAILABLE = Problem("storage-unavailable", 503, "Redis does not answer", RETRY_SECONDS)
OTHER_PARAMETERS = Problem("other-parameters", 503, "The index was built with other parameters")
NOT_READY = Problem("not-ready", 503, "No index is published", RETRY_SECONDS)
FILES_BUSY = Problem("files-busy", 503, "Too many files are being read", RETRY_SECONDS)
INDEX_FULL = Problem("index-full", 507, "The index is full")

ALL: tuple[Problem, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Problem))
"""Every problem, for the OpenAPI description."""

Place = Literal["pointer", "parameter"]
"""Where a bad value stands: in the body, or in path or query."""


class FieldError(BaseModel):
    """One bad value."""

    pointer: str | None = Field(default=None, description="JSON pointer of the value in the body.")
    parameter: str | None = Field(default=None, description="Or its name in path or query.")
    detail: str = Field(description="What to change.")


class ProblemBody(BaseModel):
    """What a problem answers with (RFC 9457)."""

    type: str = Field(description="Tells problems apart; it never changes.")
    title: str
    status: int
    detail: str = Field(description="What to change.")
    errors: list[FieldError] | None = Field(default=None, description="For bad input, each bad value.")
    request_id: str | None = Field(
        default=None, description="The request's id, as in the header X-Request-Id and in the service's log."
    )


class Refused(Exception):
    """Raised inside a call to answer with a problem."""

    def __init__(
        self, problem: Problem, detail: str, errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None, retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def field_error(place: Place, name: str, detail: str) -> FieldError:
    """A bad value at a JSON pointer of the body, or of that name in path or query."""
    pointer, parameter = (name, None) if place == "pointer" else (None, name)
    return FieldError(pointer=pointer, parameter=parameter, detail=detail)


def answer(
    problem: Problem, detail: str, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The problem as a response."""
    headers = dict(headers or {})
    if problem.retry_after is not None:
        headers.setdefault("Retry-After", str(problem.retry_after))
    named = {"type": problem.type, "title": problem.title, "status": problem.status, "detail": detail}
    told = {"errors": list(errors) or None, "request_id": g.get("request_id")}
    body = ProblemBody.model_validate(named | told)
    return Response(body.model_dump_json(exclude_none=True), problem.status, headers, content_type=MEDIA_TYPE)
