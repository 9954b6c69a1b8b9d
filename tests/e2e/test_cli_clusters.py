"""``nearcopy clusters`` and ``nearcopy dedupe`` as programs: files in, files out, no Redis."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli.exits import Exit
from tests.e2e.running import run
from tests.integration.searching import articles, written

NO_REDIS = {"NEARCOPY_REDIS_URL": "redis://127.0.0.1:1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = written(tmp_path / "a.jsonl", articles(40))
    path.write_text(path.read_text() + '{"id": "x"}\n')
    return path


def test_clusters(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "o"
    ran = run("clusters", str(path), "-o", str(folder), "--json", "--containment", "0.8", **NO_REDIS)
    assert ran.code == Exit.REJECTED, ran.err
    told = json.loads(ran.out)
    assert (told["documents"], told["rejects"], told["containment"]) == (40, 1, 0.8)
    assert told["pairs"] == len((folder / "pairs.jsonl").read_text().splitlines()) > 10
    assert "no text" in (folder / "rejects.jsonl").read_text()
    assert "sign" in ran.err


def test_dedupe(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ran = run("dedupe", str(path), "-o", str(out), "--threshold", "0.6", **NO_REDIS)
    assert ran.code == Exit.REJECTED, ran.err
    kept, left = (len(one.read_text().splitlines()) for one in (out, tmp_path / "out.left.jsonl"))
    assert kept + left == 40
    assert left > 5
    assert str(left) in ran.out


def test_mistakes_are_explained(path: Path, tmp_path: Path) -> None:
    ran = run("clusters", str(path), "-o", str(tmp_path / "o"), "--resume")
    assert ran.code == Exit.NOT_FOUND
    assert "nothing to go on with" in ran.err.replace("\n", " ")
    assert not (tmp_path / "o" / "summary.json").exists()
