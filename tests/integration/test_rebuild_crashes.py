"""A rebuild that died goes on; one of another archive begins anew; what was damaged is done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, at, rebuilt, written

ARCHIVE = articles(60)
EXPECTED = {one.id: one for one in ARCHIVE}
OLD = document("old", [7, 8, 9])
POINTS = [("sign", 0), ("sign", 3), ("number", 1), ("dedupe", 1), ("place", 2), ("pack", 30), ("send", 0),
          ("publish", 0), ("retire", 0)]


class Stopped(Exception):
    """What the tests interrupt a rebuild with."""


def stop() -> None:
    raise Stopped


def times(folder: Path) -> dict[str, int]:
    """When each part was written that the journal knows: another may be finished, and nobody noted it yet."""
    noted = (folder / "journal.jsonl").read_text()
    parts = [path for path in folder.glob("*.part") if f'"{path.stem}"' in noted]
    return {path.name: path.stat().st_mtime_ns for path in parts}


def check_live(archive: Archive, stage: str) -> None:
    """Until the pointer moves, the old generation answers; afterwards the new one."""
    held = {source.document for source in archive.check(OLD.text).sources}
    assert ("old" in held) == (stage != "retire")


@pytest.mark.parametrize(("stage", "done"), POINTS)
def test_a_rebuild_that_was_stopped_goes_on(
    archive: Archive, tmp_path: Path, stage: str, done: int
) -> None:
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    archive.put(OLD)
    with pytest.raises(Stopped):
        rebuilt(archive, path, folder, progress=at(stage, done, stop))
    check_live(archive, stage)
    kept: dict[str, int] = times(folder)
    now: dict[str, int] = {}
    rebuilt(archive, path, folder, progress=at("retire", 0, lambda: now.update(times(folder))))
    assert kept.items() <= now.items()
    audit(archive, EXPECTED)


@pytest.mark.parametrize(
    ("stage", "done"), [("sign", 2), ("pack", 5), ("send", 0), ("publish", 0), ("retire", 0)]
)
def test_a_rebuild_that_was_killed_goes_on(
    redis_url: str, archive: Archive, tmp_path: Path, stage: str, done: int
) -> None:
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    archive.put(OLD)
    command = [sys.executable, "-m", "tests.integration.rebuilding", redis_url, archive.store.collection,
               str(path), str(folder), stage, str(done)]
    died = subprocess.run(command, timeout=120, cwd=Path(__file__).parents[2], check=False)
    assert died.returncode == -signal.SIGKILL
    check_live(archive, stage)
    archive.put(document("between", [1, 2]))
    archive.delete("d5")
    kept, now = times(folder), dict[str, int]()
    rebuilt(archive, path, folder, progress=at("retire", 0, lambda: now.update(times(folder))))
    assert kept.items() <= now.items()
    expected = {**EXPECTED, "between": document("between", [1, 2])}
    if stage == "retire":
        del expected["d5"]
    audit(archive, expected)


def interrupted(archive: Archive, path: Path, folder: Path) -> dict[str, int]:
    with pytest.raises(Stopped):
        rebuilt(archive, path, folder, progress=at("send", 0, stop))
    return times(folder)


def rewritten(archive: Archive, path: Path, folder: Path, kept: dict[str, int], **options: int) -> set[str]:
    """Which parts a second run wrote again."""
    now: dict[str, int] = {}
    rebuilt(archive, path, folder, progress=at("retire", 0, lambda: now.update(times(folder))), **options)
    return {name for name, when in now.items() if kept.get(name) != when}


def test_a_damaged_and_a_missing_part_are_done_again(archive: Archive, tmp_path: Path) -> None:
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    kept = interrupted(archive, path, folder)
    damaged, missing = folder / "signed-000001.part", sorted(folder.glob("pages-*"))[3]
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    missing.unlink()
    assert rewritten(archive, path, folder, kept) == {damaged.name, missing.name}
    audit(archive, EXPECTED)


def test_a_journal_cut_off_in_mid_line_counts_up_to_there(archive: Archive, tmp_path: Path) -> None:
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    kept = interrupted(archive, path, folder)
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    at_pages = next(n for n, line in enumerate(lines) if line.startswith(b'{"pages-'))
    journal.write_bytes(b"".join(lines[:at_pages]) + lines[at_pages][:-3])
    assert rewritten(archive, path, folder, kept) == {name for name in kept if name.startswith("pages-")}
    audit(archive, EXPECTED)


@pytest.mark.parametrize("change", ["content", "time", "memory"])
def test_another_archive_or_other_parameters_begin_anew(
    archive: Archive, tmp_path: Path, change: str
) -> None:
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    kept = interrupted(archive, path, folder)
    expected: dict[str, Document] = EXPECTED
    options: dict[str, int] = {}
    if change == "content":
        written(path, ARCHIVE[:40])
        expected = {one.id: one for one in ARCHIVE[:40]}
    elif change == "time":
        os.utime(path, ns=(1, 1))
    else:
        options = {"memory": 200 << 10}
    assert rewritten(archive, path, folder, kept, **options) >= {"signed-000000.part", "numbers.part"}
    audit(archive, expected)
