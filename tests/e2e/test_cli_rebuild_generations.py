"""Generations from the command line: listed, gone back to, dropped."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.index import generations
from service.cli.exits import Exit
from tests.e2e.placing import DOCUMENTS, Place
from tests.integration.rebuilding import rebuilt


@pytest.fixture
def place(redis_url: str, collection: str, tmp_path: Path) -> Place:
    """A collection of two generations with the same documents; what was put afterwards is in the live one."""
    made = Place(redis_url, collection, tmp_path)
    with Archive.open(redis_url, collection) as archive:
        for _ in range(2):
            rebuilt(archive, Path(made.path), tmp_path / "f", keep=1, audit=20)
        archive.delete(DOCUMENTS[0].id)
    return made


def test_going_back_and_forward_and_dropping(place: Place) -> None:
    table = place.run("generations").out.splitlines()
    assert table[0].split()[:4] == ["number", "state", "documents", "paragraphs"]
    kept, live = (line.split() for line in table[1:] if line[:1] != " ")
    assert (kept[:3], live[:3]) == (["2", "kept", "60"], ["3", "live", "59"])
    assert "a.jsonl" in kept
    back = place.run("rollback")
    assert (back.code, back.out) == (Exit.DONE, "generation 2 is live; changes caught up on: 1\n")
    place.audit(DOCUMENTS[1:])
    forward = place.run("publish", "3", "--json")
    assert json.loads(forward.out) == {"generation": "3", "replayed": 0}
    refused = place.run("drop", "2")
    assert (refused.code, "may still be read: try again in" in refused.err) == (Exit.BUSY, True)
    with Archive.open(place.url, place.collection) as archive:
        generations.note(archive.store, b"2", left=time.time() - generations.GRACE)
    assert place.run("drop", "2").out.startswith("dropped generation 2: ")
    gone = place.run("rollback")
    assert (gone.code, "no generation to go back to" in gone.err) == (Exit.NOT_FOUND, True)
    place.audit(DOCUMENTS[1:])
