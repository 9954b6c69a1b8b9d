"""Parts are files that are the same for the same arrays, and the journal knows which of them are whole."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from nearcopy.errors import InputError
from nearcopy.index.shape import Shape
from worker.rebuild import files
from worker.rebuild.journal import Journal
from worker.rebuild.packing import all_pages
from worker.rebuild.running import run

ARRAYS = {
    "bytes": np.arange(7, dtype=np.uint8),
    "none": np.empty((0, 3), dtype=np.uint16),
    "turned": np.arange(12, dtype=np.uint64).reshape(3, 4).T,
}


def test_a_part_gives_back_its_arrays(tmp_path: Path) -> None:
    assert files.write(tmp_path, "a", ARRAYS) == files.checksum(tmp_path / "a.part")
    found = files.read(tmp_path, "a")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["a.part"]


def test_equal_arrays_are_equal_files(tmp_path: Path) -> None:
    first, second = files.write(tmp_path, "a", ARRAYS), files.write(tmp_path, "b", ARRAYS)
    assert first == second
    assert (tmp_path / "a.part").read_bytes() == (tmp_path / "b.part").read_bytes()
    assert files.write(tmp_path, "c", {**ARRAYS, "bytes": ARRAYS["bytes"] + 1}) != first


def test_the_journal_knows_whole_parts_alone(tmp_path: Path) -> None:
    with Journal(tmp_path, {"archive": 1}) as journal:
        for name in "abc":
            journal.finished(name, files.write(tmp_path, name, ARRAYS))
        journal.note("since", ["1-1"])
    (tmp_path / "a.part").unlink()
    (tmp_path / "b.part").write_bytes(b"other")
    with Journal(tmp_path, {"archive": 1}) as journal:
        assert [journal.has(name) for name in "abcd"] == [False, False, True, False]
        assert journal.notes["since"] == ["1-1"]


def test_another_task_clears_the_folder(tmp_path: Path) -> None:
    with Journal(tmp_path, {"archive": 1}) as journal:
        journal.finished("a", files.write(tmp_path, "a", ARRAYS))
    (tmp_path / "mine.txt").write_text("kept")
    with Journal(tmp_path, {"archive": 2}) as journal:
        assert (journal.has("a"), journal.notes) == (False, {})
    assert {path.name for path in tmp_path.iterdir()} == {"journal.jsonl", "lock", "mine.txt"}


def test_a_folder_has_one_journal_at_a_time(tmp_path: Path) -> None:
    with Journal(tmp_path, {}), pytest.raises(InputError, match="choose another folder"):
        Journal(tmp_path, {})
    with Journal(tmp_path, {}):
        pass


def test_what_had_begun_is_kept_where_another_part_fails(tmp_path: Path) -> None:
    def work(name: str) -> str:
        if name == "b":
            raise OSError("the disk is full")
        return files.write(tmp_path, name, ARRAYS)

    tasks = [(name, (name,)) for name in "abcdef"]
    with Journal(tmp_path, {}) as journal, ThreadPoolExecutor(1) as one:
        with pytest.raises(OSError, match="the disk is full"):
            run(work, tasks, one, journal, lambda _: None)
        there = {path.stem for path in tmp_path.glob("*.part")}
        assert {name for name in "abcdef" if journal.has(name)} == there
        assert "a" in there


@pytest.mark.parametrize("most", [300, 1000, 12_000, 10**6])
def test_the_pages_of_all_parts_are_all_pages_once(most: int) -> None:
    shape = Shape.for_records(5000, 700, 9000)
    records = {"p": 5000, "x": 5000, "d": 700, "f": 9000, "o": 6000}
    parts = all_pages(0, 3, shape, records, most)
    for kind, bands, pages in [("p", 3, 39), ("x", 1, 39), ("d", 3, 5), ("f", 1, 70), ("o", 1, 79)]:
        found = Counter(
            (band, page) for part in parts if part.kind == kind
            for band in range(part.band, part.band_end) for page in range(part.first, part.end)
        )
        assert found == {(band, page): 1 for band in range(bands) for page in range(pages)}
    assert len({part.name for part in parts}) == len(parts)
    for part in parts:
        a_page = records[part.kind] / part.pages
        assert a_page * (part.band_end - part.band) * (part.end - part.first) <= most + a_page
