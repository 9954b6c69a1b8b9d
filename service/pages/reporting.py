"""A report made for a page, or kept from one: with everything that it takes to show it again."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
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

SAID = ("title", "publisher", "published_at", "exclude_documents", "exclude_publishers")


@dataclass(frozen=True, slots=True)
class Reported:
    """The report of a text, and what was ``asked`` with it."""

    report: dict[str, Any]
    text: str
    asked: dict[str, Any]

    def shown(self, archive: Archive) -> View:
        """As whoever asks may see it."""
        found = {id: document for id, (document, _) in self.stored(archive).items()} if may_read() else None
        return view(self.report, self.text, self.asked, found)

    def stored(self, archive: Archive) -> dict[str, tuple[Document, str]]:
        """The sources as they are now, each with its digest."""
        found = {}
        for source in self.report["sources"]:
            with suppress(NotFound):
                document, digest = archive.stored(source["document"])
                found[document.id] = document, digest.hex()
        return found


@dataclass(frozen=True, slots=True)
class Kept(Reported):
    """A report that is kept. ``digests``: of its sources, by id, so that another text under the same id is
    not taken for the one that was compared; ``made`` and ``until``: in seconds since 1970."""

    digests: dict[str, str]
    made: int
    until: int

    def stored(self, archive: Archive) -> dict[str, tuple[Document, str]]:
        """The sources that are still what they were."""
        now = Reported.stored(self, archive)
        return {id: one for id, one in now.items() if one[1] == self.digests.get(id)}

    def packed(self) -> bytes:
        """As it lies in Redis."""
        return zstandard.compress(orjson.dumps(self))


def reported(archive: Archive, submission: Submission) -> Reported:
    """Check a text. Raises what `Archive.check` does."""
    asked = submission.model_dump(include={"exclude_documents", "exclude_publishers", "limit"})
    report = archive.check(submission.text, **asked).to_dict()
    return Reported(report, submission.text, submission.model_dump(include=set(SAID), exclude_defaults=True))


def to_keep(made: Reported, archive: Archive, seconds: int) -> Kept:
    """The report, to be kept for so many seconds."""
    digests = {id: digest for id, (_, digest) in made.stored(archive).items()}
    now = int(time.time())
    return Kept(made.report, made.text, made.asked, digests, now, now + seconds)


def unpacked(stored: bytes) -> Kept:
    """What was `Kept.packed`."""
    return Kept(**orjson.loads(zstandard.decompress(stored, max_output_size=MOST_UNPACKED)))
