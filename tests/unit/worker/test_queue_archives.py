"""Which archives a job may read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nearcopy.errors import InputError
from worker.queue.archives import within


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of archives, with ways out of it, beside a secret."""
    (tmp_path / "secret.jsonl").write_text("secret")
    (tmp_path / "rooted").mkdir()
    root = tmp_path / "root"
    (root / "news").mkdir(parents=True)
    for name in ("a.jsonl", "news/b.jsonl", "news/c.txt", "-"):
        (root / name).write_text("x")
    (root / "inside.jsonl").symlink_to(root / "a.jsonl")
    (root / "out.jsonl").symlink_to(tmp_path / "secret.jsonl")
    (root / "up").symlink_to(tmp_path)
    (root / "holds_link").mkdir()
    (root / "holds_link" / "x.jsonl").symlink_to("../../secret.jsonl")
    (root / "holds_pipe").mkdir()
    os.mkfifo(root / "holds_pipe" / "x.jsonl")
    os.mkfifo(root / "pipe.jsonl")
    return root


def test_files_and_folders_below_it_are_read(root: Path) -> None:
    # Links to what is below it are no way out, and "-" is a file's name like any other
    names = ("a.jsonl", "news", "news/b.jsonl", "./a.jsonl", "inside.jsonl", "-")
    found = within(root, names)
    expected = ("a.jsonl", "news", "news/b.jsonl", "a.jsonl", "a.jsonl", "-")
    assert found == tuple(str(root / name) for name in expected)
    assert within(None, ()) == ()
    (root.parent / "link").symlink_to(root)
    assert within(root.parent / "link", ("news",)) == (str(root / "news"),)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b.jsonl", "is not in the worker's folder"), ("a.jsonl/x", "is not in the worker's folder"),
        ("..", "leads out"), ("../rooted", "leads out"), ("news/../../secret.jsonl", "leads out"),
        ("/etc/passwd", "leads out"), ("out.jsonl", "leads out"), ("up", "leads out"),
        ("up/secret.jsonl", "leads out"), ("holds_link", "x.jsonl, which leads out"),
        ("holds_pipe", "x.jsonl, which is no file"), ("pipe.jsonl", "which is no file"),
    ],
)
def test_a_way_out_is_refused(root: Path, name: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        within(root, ("a.jsonl", name))
    assert caught.value.field == "archives"
    assert str(root) not in str(caught.value)


def test_a_worker_without_a_folder_reads_none() -> None:
    with pytest.raises(InputError, match="--archives, or NEARCOPY_ARCHIVES"):
        within(None, ("a.jsonl",))
