"""From groups of lines to lines of answers; what is wrong with one is its answer, and the stream goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

import orjson
from flask import Request, Response, current_app, stream_with_context

from nearcopy.errors import NearcopyError, StorageUnavailable
from service.context import shared
from service.keys.guard import caller
from service.models import TextBody
from service.operations.stopping import ended_in_time
from service.problems import (
    FILES_BUSY,
    INVALID_FIELD,
    OVERLOADED,
    TOO_LARGE,
    WRONG_TYPE,
    Refused,
    field_error,
)
from service.reading import parse_json, validated
from service.streams.incoming import Incoming, Line
from service.uploads.sent import to_text

MEDIA_TYPE = "application/x-ndjson"
TAKEN = {MEDIA_TYPE, "application/ndjson", "application/jsonl", "application/x-jsonlines"}
"""What the same thing is called."""

WAITS = (0.1, 0.4, 1.0, 2.0)
"""Seconds to wait before something is tried again where Redis does not answer, or all places are taken."""

CROWDED = (OVERLOADED, FILES_BUSY)
"""What goes by. It ends the stream where it stays, so that the line may be sent again."""

STOPPING = "the service is being stopped: go on with the line that `from` names, over a new connection"

Body = TypeVar("Body", bound=TextBody)
T = TypeVar("T")

Work = Callable[[Sequence[tuple[Line, Any]]], "list[Any]"]
"""Answers a group of good lines: for each an object, or the exception that it becomes."""


def answer_lines(
    request: Request, first: int, model: type[Body], work: Work, *, all_lines: bool = False
) -> Response:
    """Stream the answers to the lines of the request, each read as ``model``.

    Those before line ``first`` are not answered; they are worked on all the same where ``all_lines`` is so.
    """
    if request.mimetype not in TAKEN:
        raise Refused(WRONG_TYPE, f"send Content-Type: {MEDIA_TYPE}, not {request.mimetype or 'none'}")
    limit = request.max_content_length or 0
    incoming = Incoming(request, limit)
    answers = stream_with_context(_answers(incoming, first, model, work, limit, all_lines))
    return Response(answers, content_type=MEDIA_TYPE)


def _answers(
    incoming: Incoming, first: int, model: type[Body], work: Work, limit: int, all_lines: bool
) -> Iterator[bytes]:
    place = first
    try:
        with ended_in_time(lambda: incoming.end(Refused(OVERLOADED, STOPPING))):
            for group in incoming.groups():
                taken = [line for line in group if line.raw.strip() and (all_lines or line.number >= first)]
                shown = [one for one in _told(taken, model, work, limit) if one["line"] >= first]
                if shown:
                    yield b"".join(map(_dumped, shown))
                place = max(first, group[-1].number + 1)
    except Exception as error:  # noqa: BLE001
        yield _dumped(_problem(error) | {"from": place})
    finally:
        incoming.close()


def _told(group: Sequence[Line], model: type[Body], work: Work, limit: int) -> list[dict[str, Any]]:
    """The answers to a group, in order. Raises what ends the stream."""
    told: dict[int, Any] = {}
    ids: dict[int, Any] = {}
    good: list[tuple[Line, Any]] = []
    for line in group:
        try:
            value = _object(line.raw, limit)
            if isinstance(value.get("id"), str):
                ids[line.number] = value["id"]
            good.append((line, _read(value, model)))
        except (Refused, NearcopyError) as error:
            if isinstance(error, Refused) and error.problem in CROWDED:
                raise
            told[line.number] = error
    if good:
        _patiently(lambda: _paid(good))
        done = _patiently(lambda: _worked(good, work))
        told |= {line.number: one for (line, _), one in zip(good, done, strict=True)}
    return [_line(line.number, ids.get(line.number), told[line.number]) for line in group]


def _object(raw: bytes, limit: int) -> dict[str, Any]:
    if len(raw) > limit:
        raise Refused(TOO_LARGE, f"a line has at most {limit} bytes, or raise NEARCOPY_BODY_LIMIT")
    value = parse_json(raw)
    if not isinstance(value, dict):
        detail = "the line must be a JSON object"
        raise Refused(INVALID_FIELD, detail, [field_error("pointer", "", detail)])
    return value


def _read(value: dict[str, Any], model: type[Body]) -> Body:
    body = validated(model, value, "pointer", INVALID_FIELD)
    _patiently(lambda: to_text(body))
    return body


def _paid(good: Sequence[tuple[Line, Any]]) -> None:
    use = shared()
    with use.places.one():
        use.spending.spend_words(caller(), [body for _, body in good])


def _worked(good: Sequence[tuple[Line, Any]], work: Work) -> list[Any]:
    with shared().places.one():
        try:
            return work(good)
        except (NearcopyError, Refused):
            raise
        except Exception as error:  # noqa: BLE001
            if len(good) == 1:
                return [error]
    # A defect of ours: it shall cost the line that meets it, and no other
    return [_worked([one], work)[0] for one in good]


def _patiently(call: Callable[[], T]) -> T:
    """Try again where waiting helps, and soon."""
    for pause in WAITS:
        try:
            return call()
        except StorageUnavailable:
            pass
        except Refused as refused:
            if refused.problem not in CROWDED:
                raise
        time.sleep(pause)
    return call()


def _line(number: int, id: str | None, told: dict[str, Any] | Exception) -> dict[str, Any]:
    named = {"line": number} if id is None else {"line": number, "id": id}
    return named | (_problem(told) if isinstance(told, Exception) else told)


def _dumped(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def _problem(error: Exception) -> dict[str, Any]:
    """What a single call answers to it."""
    response = cast(Response, current_app.handle_user_exception(error))
    found: dict[str, Any] = orjson.loads(response.get_data())
    return found
