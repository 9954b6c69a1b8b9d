"""A report made for a page, or kept from one: with everything that it takes to show it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import zstandard

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound
from service.keys.guard import may_read
from service.models import Submission
from service.pages.view import View, view

MOST_UNPACKED = 1 << 28
"""Bytes that a report may have: a text of 2 MiB with the passages of 20 sources has a tenth of that."""


@dataclass(frozen=True, slots=True)
class Reported:
    """The report of a text. ``asked``: what was said of the text; ``digests``: of the sources, by id, so that
    another text under the same id is not taken for the one that was compared; when it was ``made``, and
    ``until`` when it can be kept, in seconds since 1970."""

    report: dict[str, Any]
    text: str
    asked: dict[str, Any]
    digests: dict[str, str]
    made: int
    until: int

    def packed(self) -> bytes:
        """As it is kept."""
        return zstandard.compress(orjson.dumps(asdict(self)))

    @classmethod
    def unpacked(cls, stored: bytes) -> Reported:
        """What was `packed`."""
        return cls(**orjson.loads(zstandard.decompress(stored, max_output_size=MOST_UNPACKED)))

    def shown_by(self, archive: Archive) -> View:
        """As whoever asks may see it."""
        documents = _documents(archive, self.digests) if may_read() else None
        return view(self.report, self.text, self.asked, documents)


def reported(archive: Archive, submission: Submission, seconds: int = 0) -> Reported:
    """Check a text, for a report that can be kept for ``seconds``. Raises what `Archive.check` does."""
    asked = submission.model_dump(include={"exclude_documents", "exclude_publishers", "limit"})
    report = archive.check(submission.text, **asked).to_dict()
    said = submission.model_dump(
        include={"title", "publisher", "published_at", "exclude_documents", "exclude_publishers"},
        exclude_defaults=True,
    )
    digests = {}
    for source in report["sources"]:
        with suppress(NotFound):
            digests[source["document"]] = archive.stored(source["document"])[1].hex()
    now = int(time.time())
    return Reported(report, submission.text, said, digests, now, now + seconds)


def _documents(archive: Archive, digests: Mapping[str, str]) -> dict[str, Document]:
    """The documents that are still what they were."""
    found = {}
    for id, digest in digests.items():
        with suppress(NotFound):
            document, now = archive.stored(id)
            if now.hex() == digest:
                found[id] = document
    return found

