"""Collections to rebuild by the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import Status
from tests.e2e.running import Ran, run
from tests.integration.auditor import audit

DOCUMENTS = list(samples.archive())[:60]
QUICK = "--grace", "0", "--processes", "2", "--audit", "20"


def lines(documents: Sequence[Document]) -> bytes:
    return b"".join(json.dumps(one.to_dict()).encode() + b"\n" for one in documents)


class Place:
    """A collection that does not exist yet, and a data directory of its own."""

    def __init__(self, url: str, collection: str, folder: Path) -> None:
        self.url, self.collection, self.folder = url, collection, folder
        self.variables = {
            "NEARCOPY_REDIS_URL": url, "NEARCOPY_COLLECTION": collection,
            "NEARCOPY_DATA_DIR": str(folder / "data"),
        }
        self.path = str(folder / "a.jsonl")
        (folder / "a.jsonl").write_bytes(lines(DOCUMENTS))

    def run(self, *arguments: str, **given: Any) -> Ran:
        return run(*arguments, **given, **self.variables)

    def audit(self, documents: Sequence[Document]) -> None:
        """The collection holds exactly these."""
        with Archive.open(self.url, self.collection, create=False) as archive:
            audit(archive, {one.id: one for one in documents})

    def statuses(self) -> list[Status]:
        """All rebuilds, the newest first."""
        with Archive.open(self.url, self.collection) as archive:
            return Rebuilds(archive.store.client).newest(self.collection, 10)
