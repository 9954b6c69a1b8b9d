"""The one place where exceptions become answers."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from nearcopy.connection import deadline
from nearcopy.errors import (
    Busy,
    Exists,
    IndexFull,
    InputError,
    NearcopyError,
    NoIndex,
    NotFound,
    NoWords,
    ParametersMismatch,
    PreconditionFailed,
    StorageUnavailable,
    UnknownFile,
    UnreadableFile,
)
from service import problems
from service.calls import Call
from service.context import archives, shared
from service.operations.log import logger
from service.problems import Problem, Refused, answer, field_error

ENGINE: tuple[tuple[type[NearcopyError], Problem], ...] = (
    (NoIndex, problems.NOT_READY),
    (NotFound, problems.NOT_FOUND),
    (ParametersMismatch, problems.OTHER_PARAMETERS),
    (IndexFull, problems.INDEX_FULL),
    (Busy, problems.BUSY),
    (Exists, problems.COLLECTION_EXISTS),
    (PreconditionFailed, problems.PRECONDITION_FAILED),
    (StorageUnavailable, problems.STORAGE_UNAVAILABLE),
)
"""What the engine raises apart from bad input, and the problem it becomes."""

INPUT: tuple[tuple[type[InputError], Problem], ...] = (
    (NoWords, problems.NO_WORDS),
    (UnreadableFile, problems.UNREADABLE_FILE),
    (UnknownFile, problems.UNKNOWN_FILE),
)
"""Bad input that has a problem of its own."""

FLASK: dict[int, Problem] = {
    404: problems.NO_SUCH_PATH,
    405: problems.WRONG_METHOD,
}
"""What Flask itself refuses; whatever else it raises is a bad request."""


ASK_SECONDS = 1.0
"""Longest time that Redis is asked whether whoever asks has a key."""

HIDDEN = "the reason is told to whoever shows an API key"


def register(app: Flask) -> None:
    """Make every exception of the application a problem."""
    app.register_error_handler(HTTPException, answer_of)
    app.register_error_handler(Exception, answer_of)


def answer_of(error: Exception) -> Response:
    """The problem that an exception becomes."""
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, NearcopyError):
        return _engine(error)
    return _flask(error) if isinstance(error, HTTPException) else _unforeseen(error)


def _refused(error: Refused) -> Response:
    return answer(error.problem, error.detail, error.errors, error.headers)


def _engine(error: NearcopyError) -> Response:
    if isinstance(error, InputError):
        return _input(error)
    if isinstance(error, NoIndex):
        archives().forget()
        error = _seen_anew(error)
    for kind, problem in ENGINE:
        if isinstance(error, kind):
            return answer(problem, str(error) if _may_know(error) else HIDDEN)
    return _unforeseen(error)


def _seen_anew(error: NoIndex) -> NearcopyError:
    """What a call hears that found no index: that the collection is no more, if it is a call to say so."""
    named = request.args.get("collection") or (request.view_args or {}).get("collection")
    view = current_app.view_functions.get(request.endpoint or "")
    if named and isinstance(view, Call) and problems.NOT_FOUND in view.every_problem:
        try:
            archives().get(named)
        except NotFound as now:
            return now
    return error


def _may_know(error: NearcopyError) -> bool:
    """Whether an error may be told in full: it may name collections and addresses. Whoever was let in may."""
    if "key" in g:
        return True
    # A Redis that does not answer is not asked once more
    with deadline(0 if isinstance(error, StorageUnavailable) else ASK_SECONDS):
        return shared().guard.knows(request)


def _input(error: InputError) -> Response:
    """Bad input that only the engine could tell: a text without words, a threshold below the index's."""
    in_body = request.method in ("POST", "PUT", "PATCH") and error.field not in ("id", "collection")
    problem = problems.INVALID_FIELD if in_body else problems.INVALID_PARAMETER
    for kind, named in INPUT:
        if isinstance(error, kind):
            problem = named
    name = f"/{error.field}" if in_body and error.field else error.field
    errors = [field_error("pointer" if in_body else "parameter", name, str(error))] if name else []
    return answer(problem, str(error), errors)


def _flask(error: HTTPException) -> Response:
    problem = FLASK.get(error.code or 500, problems.BAD_REQUEST)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        allowed = ", ".join(sorted(error.valid_methods))
        return answer(problem, f"{request.path} takes {allowed}", headers={"Allow": allowed})
    if problem is problems.NO_SUCH_PATH:
        return answer(problem, f"there is nothing at {request.path}: GET / lists the calls")
    return answer(problem, error.description or problem.title)


def _unforeseen(error: Exception) -> Response:
    """A defect of ours. The log has the trace, without messages, since these may quote texts."""
    where = request.url_rule.rule if request.url_rule is not None else "-"
    logger.error("%s failed", where, exc_info=error, extra={"fields": {"request_id": g.get("request_id")}})
    return answer(problems.INTERNAL, "this is a defect of the service, not of the request; its log says more")
