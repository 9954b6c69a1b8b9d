"""What the options of a rebuild mean, how errors end, and where the worker's commands are."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from nearcopy import errors
from nearcopy.errors import InputError
from nearcopy.jobs.commands import GROUP
from nearcopy.jobs.task import Task
from service.cli.exits import Exit, code_of
from service.cli.found import worker_command
from service.cli.rebuild import load, rebuild
from service.cli.summary import audited, shown
from service.cli.task import Size, task_of


@pytest.mark.parametrize(("written", "bytes"), [
    ("512M", 512 << 20), ("1G", 1 << 30), ("1.5g", 3 << 29), ("2 GiB", 2 << 30), ("64kb", 64 << 10),
    ("1T", 1 << 40), ("1000", 1000),
])
def test_sizes_are_read_as_people_write_them(written: str, bytes: int) -> None:
    assert Size().convert(written, None, None) == bytes


@pytest.mark.parametrize("written", ["", "G", "1.G", "-1G", "1P", "1 G G", "1e3"])
def test_what_is_no_size_is_told_how_to_be_one(written: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no size: write 512M, 1G or 1\.5G"):
        Size().convert(written, None, None)


def given(command: click.Command, *arguments: str) -> dict[str, object]:
    """The options that a command would get."""
    return dict(command.make_context("", list(arguments)).params)


def test_a_command_makes_the_task_that_it_is_told_to() -> None:
    options = given(
        rebuild, "a", "b", "--id", "key", "--published-at", "meta.date", "--threshold", "0.6", "--memory",
        "2G", "--max-rejects", "9", "--keep", "0", "--audit", "50", "--collection", "news",
    )
    assert task_of("rebuild", ("a", "b"), options) == Task(
        "rebuild", "news", ("a", "b"), {"id": "key", "published_at": "meta.date"}, threshold=0.6,
        memory=2 << 30, max_rejects=9, keep=0, audit=50,
    )
    assert task_of("load", ("a",), given(load, "a")) == Task("load", "main", ("a",))


def test_only_a_rebuild_may_choose_parameters() -> None:
    with pytest.raises(click.NoSuchOption):
        given(load, "a", "--threshold", "0.6")


def test_errors_end_with_their_codes() -> None:
    assert code_of(errors.Busy("")) == code_of(errors.RebuildRunning("", "id")) == Exit.BUSY
    assert code_of(errors.ProcessDied("")) == code_of(errors.Cancelled("")) == Exit.FAILED
    assert code_of(errors.WillNotFit("")) == code_of(errors.NearcopyError("")) == Exit.FAILED
    assert code_of(errors.InputError("")) == Exit.USAGE


def test_the_workers_commands_are_found() -> None:
    for name in ("rebuilding", "forecasting", "working"):
        with worker_command(name) as command:
            assert callable(command)


@pytest.mark.parametrize(("entries", "told"), [
    ("", "the worker is not installed: pip install"),
    (f"[{GROUP}]\nworking = nowhere.to.be:found\n", "this needs the package nowhere, which is not installed"),
])
def test_a_worker_that_is_not_installed_is_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entries: str, told: str
) -> None:
    # An installation of its own, which comes before ours
    installed = tmp_path / "nearcopy-9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: nearcopy\nVersion: 9\n")
    (installed / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=told), worker_command("working"):
        pass


def test_figures_are_shown_for_people() -> None:
    assert shown("bytes of pages", 1_500_000) == "1.5 MB"
    assert shown("documents", 1_500_000) == "1,500,000"
    assert shown("seconds", {"sign": 1.23456, "two_words": 1234.5}) == "sign 1.23, two words 1,234"
    assert shown("name", "red \x1b[31m") == "red \N{REPLACEMENT CHARACTER}[31m"
    level = {"of": "documents", "aimed": 0.5, "copies": 200, "found": 197, "expected": 198.4}
    assert audited({"copies": [level, level]}) == "394 of 400 copies found, 397 expected"
    assert audited({}) == ""
