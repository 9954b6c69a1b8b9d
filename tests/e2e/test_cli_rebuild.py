"""``nearcopy rebuild`` and ``nearcopy load``, as a person and as a program run them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document
from service.cli.exits import Exit
from tests.e2e.running import run
from tests.integration.auditor import audit

DOCUMENTS = list(samples.archive())
QUICK = "--grace", "0", "--processes", "2"
FIELDS = {"id", "text", "title", "publisher", "published_at", "url"}
STAGES = ["sign", "number", "dedupe", "place", "pack", "send", "audit", "publish", "retire"]


def written(path: Path, documents: list[Document]) -> str:
    path.write_text("".join(json.dumps(one.to_dict()) + "\n" for one in documents))
    return str(path)


@pytest.fixture
def variables(redis_url: str, collection: str, tmp_path: Path) -> dict[str, str]:
    """Those that name a collection which does not exist yet, and a data directory of its own."""
    return {
        "NEARCOPY_REDIS_URL": redis_url, "NEARCOPY_COLLECTION": collection,
        "NEARCOPY_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def opened(redis_url: str, collection: str) -> Iterator[Archive]:
    with Archive.open(redis_url, collection) as archive:
        yield archive


def test_a_rebuild_makes_the_collection_of_an_archive(
    variables: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = written(tmp_path / "a.jsonl", DOCUMENTS)
    done = run("rebuild", path, *QUICK, **variables)
    assert done.code == Exit.DONE, done.err
    audit(request.getfixturevalue("opened"), {one.id: one for one in DOCUMENTS})
    shown = " ".join(done.out.split())
    assert f"documents {len(DOCUMENTS)} " in shown
    assert "detection 99.2% at a resemblance of 0.5" in shown
    told = done.err.splitlines()
    assert {line.split()[0] for line in told[:6]} == FIELDS
    assert [line.split()[0] for line in told[6:]] == STAGES
    assert f"{len(DOCUMENTS)} documents" in told[6]
