"""What `nearcopy clusters` and `nearcopy dedupe` do, called as the command line calls them."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.jobs.commands import Place
from nearcopy.jobs.search import Format, Keep, Output, Search
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from tests.integration.searching import edited, words, written
from worker.commands import clustering, deduping

DRAW = random.Random(11)
STORIES = [words(DRAW, 120) for _ in range(4)]
ARCHIVE = [
    Document(
        f"{story}-{copy}", " ".join(edited(DRAW, text, 0.02 * copy)), title=f"Story {story}",
        publisher=f"p{copy}", published_at=f"2026-03-{20 - copy:02}",
    )
    for story, text in enumerate(STORIES) for copy in range(4)
] + [Document(f"alone{n}", " ".join(words(DRAW, 60)), publisher="p9") for n in range(3)]
"""Four stories of four documents each, the last of which is the earliest; and three alone."""

def rows_of_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows_of_csv(path: Path) -> list[dict[str, Any]]:
    with open(path, newline="") as file:
        return [
            {name: float(value) if name in NUMBERS else value or None for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def rows_of_parquet(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


NUMBERS = {"resemblance", "a_in_b", "b_in_a", "shared_words", "in_original", "of_original"}
READERS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "jsonl": rows_of_jsonl, "csv": rows_of_csv, "parquet": rows_of_parquet,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "a.jsonl", ARCHIVE)


class Heard:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.lines: list[str] = []

    def goes(self, status: Status) -> None:
        if status.stage is not None and status.stage not in self.stages:
            self.stages.append(status.stage)

    def say(self, line: str) -> None:
        self.lines.append(line)


def search_in(path: Path, threshold: float = 0.5) -> Search:
    return Search(Task(archives=(str(path),), threshold=threshold))


def here(folder: Path | None = None, resume: bool = False) -> Place:
    return Place(None, folder, 1, resume=resume)


STAGES = ["sign", "number", "meet", "compare", "judge", "strip", "group", "write"]


@pytest.mark.parametrize("format", READERS)
def test_pairs_and_clusters_in_every_format(path: Path, tmp_path: Path, format: Format) -> None:
    folder, heard = tmp_path / "o", Heard()
    told = clustering(search_in(path), here(), Output(folder, format), heard)
    pairs, clusters = (READERS[format](folder / f"{name}.{format}") for name in ("pairs", "clusters"))
    within = [
        (a.id, b.id) for a in ARCHIVE for b in ARCHIVE if a.id < b.id and a.title and a.title == b.title
    ]
    assert [(pair["a"], pair["b"]) for pair in pairs] == within
    assert all(pair["resemblance"] >= 0.5 and 0 < pair["shared_words"] <= 130 for pair in pairs)
    originals = {row["document"] for row in clusters if row["role"] == "original"}
    assert originals == {f"{story}-3" for story in range(4)}
    assert {row["publisher"] for row in clusters} == {"p0", "p1", "p2", "p3"}
    assert (told["documents"], told["clusters"], told["pairs"]) == (19, 4, 24)
    assert json.loads((folder / "summary.json").read_text()) == json.loads(json.dumps(told))
    assert {one.name for one in folder.iterdir()} == {
        f"clusters.{format}", f"pairs.{format}", "rejects.jsonl", "summary.json",
    }
    assert heard.stages == STAGES


@pytest.mark.parametrize(("keep", "stays"), [("earliest", 3), ("first", 0)])
def test_exactly_one_of_each_cluster_stays(path: Path, tmp_path: Path, keep: Keep, stays: int) -> None:
    out = tmp_path / "out.jsonl"
    told = deduping(search_in(path), here(), keep, out, Heard())
    kept = [Document.checked(row) for row in rows_of_jsonl(out)]
    assert kept == [one for one in ARCHIVE if one.title is None or one.id.endswith(f"-{stays}")]
    left = {row["document"]: row["kept"] for row in rows_of_jsonl(tmp_path / "out.left.jsonl")}
    assert left == {
        one.id: f"{one.id[0]}-{stays}" for one in ARCHIVE if one.title and not one.id.endswith(f"-{stays}")
    }
    assert told["left"] == 12
    assert not (tmp_path / "out.jsonl.parts").exists()


def test_what_is_left_has_no_copies_any_more(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    deduping(search_in(path), here(), "longest", out, Heard())
    assert deduping(search_in(out), here(), "longest", tmp_path / "again.jsonl", Heard())["left"] == 0


def test_another_format_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"name it out\.jsonl"):
        deduping(search_in(path), here(), "first", tmp_path / "out.parquet", Heard())


def test_a_stored_collection(archive: Archive, redis_url: str, tmp_path: Path) -> None:
    for one in ARCHIVE:
        archive.put(one)
    search = Search(Task(collection=archive.store.collection, threshold=0.5), stored=True)
    told = clustering(search, Place(redis_url, None, 1), Output(tmp_path), Heard())
    assert (told["documents"], told["pairs"]) == (len(ARCHIVE), 24)


class Stopped(Exception):
    """Raised where a run is to end."""


class Stops(Heard):
    """A watcher that ends the run where a stage begins."""

    def goes(self, status: Status) -> None:
        super().goes(status)
        if status.stage == "compare":
            raise Stopped


def test_what_was_written_since_a_run_was_killed_is_not_missed(
    archive: Archive, redis_url: str, tmp_path: Path
) -> None:
    for one in ARCHIVE[:4]:
        archive.put(one)
    search = Search(Task(collection=archive.store.collection, threshold=0.5), stored=True)

    def go(watcher: Heard) -> dict[str, Any]:
        return dict(clustering(search, Place(redis_url, None, 1), Output(tmp_path), watcher))

    with pytest.raises(Stopped):
        go(Stops())
    with pytest.raises(Stopped):
        go(again := Stops())
    assert "going on" in again.lines[0]
    for one in ARCHIVE[4:8]:
        archive.put(one)
    assert go(anew := Heard())["documents"] == 8
    assert anew.lines == []


def test_nothing_is_written_over_an_archive_or_into_its_folder(tmp_path: Path) -> None:
    archive = written(tmp_path / "in" / "pairs.jsonl", ARCHIVE[:4])
    for path, output in (archive, archive.parent), (archive.parent, archive.parent / "out"):
        with pytest.raises(InputError, match="written over the archive"):
            clustering(search_in(path), here(), Output(output), Heard())
    with pytest.raises(InputError, match="written over the archive"):
        deduping(search_in(archive), here(), "first", archive, Heard())
    with pytest.raises(InputError, match="written over the archive"):
        clustering(search_in(archive.parent), here(archive.parent), Output(tmp_path / "out"), Heard())
    assert [one.name for one in tmp_path.rglob("*")] == ["in", "pairs.jsonl"]


def test_a_folder_of_the_users_keeps_what_else_is_in_it(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    clustering(search_in(path), here(folder), Output(tmp_path / "o"), Heard())
    assert [one.name for one in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(("text", "told"), [
    ("", "no document is there"), ('{"id": "x", "text": "¡…!"}\n', "no document can be used"),
])
def test_an_archive_without_a_document_leaves_no_parts(tmp_path: Path, text: str, told: str) -> None:
    (empty := tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError, match=told):
        clustering(search_in(empty), here(), Output(tmp_path / "o"), Heard())
    assert [one.name for one in (tmp_path / "o").iterdir()] == ["rejects.jsonl"]
    (mine := tmp_path / "mine").mkdir()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=told):
        deduping(search_in(empty), here(mine), "first", tmp_path / "out.jsonl", Heard())
    assert [one.name for one in mine.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(("options", "told"), [
    ({"threshold": 0.01}, "ask for a higher threshold"),
    ({"threshold": 1.0}, "threshold must lie between 0 and 1"),
    ({"containment": 1.5}, "containment must be above 0"),
    ({"archives": ()}, "name an archive, or a collection"),
])
def test_mistakes_show_before_anything_is_made(
    path: Path, tmp_path: Path, options: dict[str, Any], told: str
) -> None:
    chosen = {"archives": (str(path),), **options}
    containment = chosen.pop("containment", None)
    with pytest.raises(InputError, match=told):
        clustering(Search(Task(**chosen), containment=containment), here(), Output(tmp_path / "o"), Heard())
    assert not (tmp_path / "o").exists()
