"""The lines of a batch as sources of each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nearcopy.archive import Archive
from nearcopy.check import Among
from nearcopy.document import Document
from nearcopy.index.lines import MOST_CHARACTERS, MOST_POSTINGS, Lines
from nearcopy.judge.case import Options
from nearcopy.report import Report
from service.models import CheckLine
from service.problems import TOO_LARGE, Refused
from service.streams.incoming import Line

MARK = "\n"
"""Begins the id that a line has as a document. Ids of stored documents hold no control character."""

FULL = (
    f"the batch holds {MOST_CHARACTERS} characters or {MOST_POSTINGS} entries: send this line and the rest "
    "as another batch, or without against=batch"
)


class Batch:
    """The lines of one batch; ``archive`` is what they are compared with besides each other."""

    def __init__(self, archive: Archive, with_archive: bool) -> None:
        self._archive, self._with_archive = archive, with_archive
        self._lines = Lines(archive.parameters)
        self._ids: dict[int, str | None] = {}

    def check_many(
        self, group: Sequence[tuple[Line, CheckLine]], asked: Sequence[tuple[str, Options]]
    ) -> list[Report | Exception]:
        """The reports of a group of lines; what is wrong with one is told in its place."""
        if self._lines.full:
            return [Refused(TOO_LARGE, FULL) for _ in group]
        self._ids |= {line.number: body.id for line, body in group}
        documents = [_document(line, body) for line, body in group]
        return list(self._archive.check_many(asked, Among(self._lines, documents, self._with_archive)))

    def marked(self, told: Any) -> Any:
        """A report that names lines by their numbers and their senders' ids."""
        if isinstance(told, Exception):
            return told
        told = told.to_dict() if isinstance(told, Report) else told
        for item in _named(told):
            if item["document"].startswith(MARK):
                item["line"] = int(item["document"])
                item["document"] = self._ids[item["line"]]
        return told


def _document(line: Line, body: CheckLine) -> Document:
    return Document(
        id=f"{MARK}{line.number}",
        text=body.text,
        title=body.title,
        publisher=body.publisher,
        published_at=body.published_at,
    )


def _named(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Everything in a report that names a document."""
    yield from told["sources"]
    for paragraph in told["paragraphs"]:
        yield from paragraph["matches"]
