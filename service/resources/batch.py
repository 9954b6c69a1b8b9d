"""Many texts in one request, a line for a line: ``/v1/check/batch`` and ``/v1/documents/batch``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from nearcopy.document import Document
from nearcopy.errors import NoIndex, NotFound, NoWords
from nearcopy.judge.case import Options
from service import problems
from service.answers import CheckedLine, EndOfStream, ProblemLine, StoredLine, fields_of, seen_by_caller
from service.calls import call
from service.context import archives
from service.keys.key import Role
from service.models import BatchQuery, CheckBatchQuery, CheckLine, DocumentLine
from service.streams.answering import answer_lines
from service.streams.batch import Batch
from service.streams.incoming import Line

blueprint = Blueprint("batch", __name__)


@call(
    blueprint,
    "POST",
    "/v1/check/batch",
    query=CheckBatchQuery,
    lines=CheckLine,
    answers={200: CheckedLine | ProblemLine | EndOfStream},
    role=Role.CHECK,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def check_batch(query: CheckBatchQuery) -> Response:
    """Check many texts against the archive, a line for a line.

    Send a JSON object a line, as `POST /v1/check` takes it, with an id of your own if you like. Each is
    answered by a line, in order, with its number (from 1) and your id; blank lines count and are not
    answered. Answers come while you send: read while you send, too. A line that cannot be used is answered
    by its problem, and the stream goes on. Where it cannot go on, its last line is a problem with `from`,
    the line to go on from. Send the same body again with `?from=` that number, or the rest of it.

    With `?against=archive,batch` a line is also compared with those before it, which are sources like stored
    documents, with their `line`. A batch may hold 10 million characters then, and 4 million entries of the
    nets (3,000 texts of 500 words need 2 million); the lines beyond are told so.
    """
    archive = archives().get(query.collection)
    archive.ping()
    batch = Batch(archive, query.against != "batch") if query.against != "archive" else None

    def work(group: Sequence[tuple[Line, CheckLine]]) -> list[Any]:
        asked = [(body.text, _options(body)) for _, body in group]
        told = archive.check_many(asked) if batch is None else batch.check_many(group, asked)
        shown = [one if isinstance(one, Exception) else seen_by_caller(one) for one in told]
        shown = shown if batch is None else [batch.marked(one) for one in shown]
        return [_told(body, one) for (_, body), one in zip(group, shown, strict=True)]

    return answer_lines(request, query.from_line, CheckLine, work, all_lines=batch is not None)


def _options(body: CheckLine) -> Options:
    return Options(
        body.threshold, body.min_words, body.exclude_documents, body.exclude_publishers, body.limit
    )


def _told(body: CheckLine, report: Any) -> Any:
    if isinstance(report, Exception):
        return report
    told = fields_of(report)
    return told | {"text": body.text} if body.return_text else told


@call(
    blueprint,
    "POST",
    "/v1/documents/batch",
    query=BatchQuery,
    lines=DocumentLine,
    answers={200: StoredLine | ProblemLine | EndOfStream},
    role=Role.WRITE,
    problems=(problems.NOT_READY,),
)
def put_batch(query: BatchQuery) -> Response:
    """Store or replace many documents, a line for a line.

    Send a JSON object a line, as `PUT /v1/documents/{id}` takes it, with its id. Each is answered by a line
    once it is stored, as those of `POST /v1/check/batch` are. Documents may be sent again: one that is stored
    already is unchanged.
    """
    # What is wrong with the collection is told at once; a new one begins with its first document
    try:
        archives().get(query.collection).ping()
    except NoIndex:
        raise
    except NotFound:
        pass

    def work(group: Sequence[tuple[Line, DocumentLine]]) -> list[Any]:
        documents = [Document(**body.model_dump(exclude={"format"})) for _, body in group]
        faults = [_fault(document) for document in documents]
        if all(faults):
            return faults
        outcomes = archives().get(query.collection, create=True).put_each(documents)
        return [one if isinstance(one, Exception) else {"outcome": one} for one in outcomes]

    return answer_lines(request, query.from_line, DocumentLine, work)


def _fault(document: Document) -> NoWords | None:
    try:
        document.check_words()
    except NoWords as fault:
        return fault
    return None
