"""The log: lines on stderr, for people or, as JSON, for programs. Never does a text stand in them.

What a caller sends is logged only where it can be nothing but a name of ours: a route's template, a method of
HTTP, a collection that there is, the id of a key that was accepted. Messages of exceptions may quote texts,
so an exception is logged by its type and by where it was raised.
"""

from __future__ import annotations

import logging
import logging.config
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

logger = logging.getLogger("nearcopy")


class PlainLines(logging.Formatter):
    """A line for people; the trace of an exception follows it."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, message, and the fields that have a value."""
        fields = ((name, value) for name, value in _fields(record).items() if value is not None)
        words = [_time(record), record.levelname.lower(), record.getMessage()]
        line = " ".join([*words, *(f"{name}={value}" for name, value in fields)])
        return "\n".join([line, *_trace(record)])


class JsonLines(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """``time``, ``level``, ``event``, every field, and ``trace`` for an exception."""
        told = {"time": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        trace = {"trace": lines} if (lines := _trace(record)) else {}
        return orjson.dumps(told | _fields(record) | trace, default=str).decode()


FORMATS: dict[str, type[logging.Formatter]] = {"plain": PlainLines, "json": JsonLines}


def handlers(format: str) -> dict[str, Any]:
    """The formatters and handlers of `logging.config`, by the names that granian's own have."""
    return {
        "formatters": {name: {"()": FORMATS[format]} for name in ("generic", "access")},
        "handlers": {
            name: {"class": "logging.StreamHandler", "formatter": formatter, "stream": "ext://sys.stderr"}
            for name, formatter in (("console", "generic"), ("access", "access"))
        },
    }


def configure(format: str, level: str) -> None:
    """Log in this process; what others than the service have to say counts from warnings on."""
    logging.config.dictConfig({
        "version": 1,
        "disable_existing_loggers": False,
        **handlers(format),
        "root": {"handlers": ["console"], "level": "WARNING"},
        "loggers": {logger.name: {"level": level.upper()}},
    })
    threading.excepthook = _thread_failed


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    # Python's own would print the message, which may hold a text
    if failure.exc_value is not None:
        logger.error("a thread failed", exc_info=failure.exc_value)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return found


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _trace(record: logging.LogRecord) -> list[str]:
    return list(_raised(record.exc_info[1])) if record.exc_info and record.exc_info[1] else []


def _raised(error: BaseException | None) -> Iterator[str]:
    """Where an exception was raised, and those that led to it: types and lines of code, no messages."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield f"{type(error).__module__}.{type(error).__qualname__}, raised at"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
