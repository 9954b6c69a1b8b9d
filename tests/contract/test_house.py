"""The house: what README, CI, image and packaging say is what there is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from nearcopy import samples
from nearcopy.archive import Archive
from service.cli.program import program as command_line
from service.settings import table
from tests.contract.serving import Service

TOP = Path(__file__).parents[2]
README = (TOP / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:8080"
OMITTED = "…"


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of every code block."""
    return [(found[1], found[2]) for found in BLOCK.finditer(text)]


def section(title: str) -> str:
    """The README's section of that title."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_first_screen_has_two_commands_that_need_nothing_set() -> None:
    screen = "\n".join(README.splitlines()[:24])
    commands = [text.strip() for language, text in blocks(screen) if language == "sh"]
    assert len(commands) == 2
    for command, last in zip(commands, (".venv/bin/nearcopy demo", ".venv/bin/pytest -n 2"), strict=True):
        assert command.splitlines() == [command]
        create, install, run = command.split(" && ")
        assert create == "python3 -m venv .venv"
        assert install.startswith(".venv/bin/pip install -q -e ")
        assert run == last


def test_ci_runs_the_readmes_own_test_command() -> None:
    script = (TOP / ".ci/run").read_text()
    pattern = re.search(r"test_command=\$\((.*)\)$", script, re.MULTILINE)
    assert pattern is not None
    found = subprocess.run(["bash", "-c", pattern[1]], cwd=TOP, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == blocks(README)[1][1].strip()
    assert 'bash -c "$test_command"' in script


def test_no_two_tests_have_one_id(request: pytest.FixtureRequest) -> None:
    """Of such pytest-xdist runs the first alone, and says nothing."""
    ids = Counter(item.nodeid for item in request.session.items)
    assert [id for id, count in ids.items() if count > 1] == []


def test_ci_is_a_script_that_bash_can_read() -> None:
    assert (TOP / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", TOP / ".ci/run"], check=True)


def test_the_readme_lists_every_setting_with_its_default_and_help() -> None:
    rows = re.findall(r"^\| `(NEARCOPY_\w+)` \| (.*?) \| (.*?) \|$", section("Settings"), re.MULTILINE)
    assert [(name, default.strip("`"), text) for name, default, text in rows] == list(table())


def test_the_readme_lists_every_command_and_names_only_files_that_there_are() -> None:
    cells = re.findall(r"^\| (.*?) \|", section("Command line"), re.MULTILINE)
    assert sorted(re.findall(r"`nearcopy (\w+)", " ".join(cells))) == sorted(command_line.commands)
    for module in re.findall(r"python -m ([\w.]+)", section("Figures")):
        assert (TOP / module.replace(".", "/")).with_suffix(".py").exists()
    for name in re.findall(r"`((?:nearcopy|service|worker|tests|bench)/[\w./]*)`", README):
        assert (TOP / name).exists(), name


def test_every_file_that_is_no_module_ships_in_the_package() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    found = 0
    for package, patterns in project.items():
        for path in (TOP / package).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".md") and path.parent.name != "__pycache__":
                name = path.relative_to(TOP / package).as_posix()
                assert any(fnmatch(name, pattern) for pattern in patterns), path
                found += 1
    assert found > len(project)


def test_the_readme_shows_what_the_demo_prints(new_server: Callable[[], Any]) -> None:
    shown = next(text for language, text in blocks(README) if language == "text")
    program = [sys.executable, "-m", "service.cli", "demo", "--no-serve"]
    environment = {**os.environ, "NEARCOPY_REDIS_URL": new_server().url}
    environment.pop("COLUMNS", None)
    ran = subprocess.run(program, cwd=TOP, env=environment, capture_output=True, text=True, check=True)
    lines = iter([line.rstrip() for line in ran.stdout.splitlines()])
    for line in shown.splitlines():
        assert line == OMITTED or line in lines, line


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((TOP / "docker-compose.yml").read_text())
    return loaded


def test_compose_keeps_the_archive_and_publishes_on_this_machine_alone() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    redis, service = services["redis"], services["service"]
    assert "--appendonly yes --appendfsync always" in " ".join(redis["command"])
    assert [volume.split(":") for volume in redis["volumes"]] == [["redis", "/data"]]
    assert "redis" in volumes
    assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}
    for name, described in services.items():
        for port in described.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_compose_sets_only_settings_that_there_are() -> None:
    known = {name for name, _, _ in table()}
    for described in compose()["services"].values():
        assert set(described.get("environment", {})) <= known


def test_compose_runs_a_worker_on_the_same_redis_whose_archives_it_cannot_change() -> None:
    services = compose()["services"]
    worker, service = services["worker"], services["service"]
    assert worker["environment"].items() <= service["environment"].items()
    assert worker["image"] == service["image"]
    archives, parts = [volume.rsplit(":", 2) for volume in worker["volumes"]]
    assert archives[1:] == ["/archives", "ro"]
    assert parts[0] in compose()["volumes"]
    name, *arguments = worker["command"]
    assert name == "nearcopy"
    assert {"/archives", parts[1]} <= set(arguments)
    program = [sys.executable, "-m", "service.cli", *arguments, "--help"]
    helped = subprocess.run(program, cwd=TOP, capture_output=True, text=True, check=False)
    assert helped.returncode == 0, helped.stderr


def test_the_image_copies_what_exists_and_what_is_not_ignored() -> None:
    dockerfile = (TOP / "Dockerfile").read_text()
    ignored = (TOP / ".dockerignore").read_text().splitlines()
    lines = re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE)
    copied = [name for line in lines for name in line.split()]
    packages = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert set(packages) <= set(copied)
    for name in copied:
        assert (TOP / name).exists()
        assert f"!{name}" in ignored


def test_the_image_serves_with_a_command_that_there_is() -> None:
    dockerfile = (TOP / "Dockerfile").read_text()
    command = json.loads(re.findall(r"^CMD (.*)$", dockerfile, re.MULTILINE)[0])
    scripts = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["scripts"]
    assert command[0] in scripts
    program = [sys.executable, "-m", "service.cli", *command[1:], "--help"]
    helped = subprocess.run(program, cwd=TOP, capture_output=True, text=True, check=False)
    assert helped.returncode == 0, helped.stderr


def test_the_engines_readme_begins_with_code_that_runs(redis_url: str) -> None:
    code = blocks((TOP / "nearcopy/README.md").read_text("utf-8"))[0][1]
    environment = {**os.environ, "NEARCOPY_REDIS_URL": redis_url}
    program = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(program, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("partial agency-1 (Passage(start=20, end=72")


@pytest.fixture
def address(new_server: Callable[[], Any]) -> Iterator[str]:
    """The host and port of a service such as `nearcopy demo` leaves: its default collection holds samples."""
    url = new_server().url
    with Archive.open(url, "demo", create=True) as archive:
        list(archive.put_many(samples.archive()))
    with Service(url, "demo") as running:
        yield f"127.0.0.1:{running.port}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on the path")
def test_every_curl_command_answers_what_the_readme_shows(address: str) -> None:
    shown = blocks(section("HTTP"))
    assert sum(language == "sh" for language, _ in shown) >= 8
    for (language, command), following in zip(shown, [*shown[1:], ("", "")], strict=True):
        if language != "sh":
            continue
        status, answer = run_curl(command.replace(ADDRESS, address))
        expected = json.loads(following[1]) if following[0] == "json" else {}
        assert_shows(answer, expected, command)
        if "type" in expected:
            assert status == expected["status"], command
        else:
            assert 200 <= status < 300, (command, answer)


def run_curl(command: str) -> tuple[int, Any]:
    """Status and JSON of the answer to a curl command."""
    wrapped = f"curl() {{ command curl -sS -w '\\n%{{http_code}}' \"$@\"; }}\n{command}"
    done = subprocess.run(["bash", "-c", wrapped], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (command, done.stderr)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else None


def assert_shows(answer: Any, shown: Any, where: str) -> None:
    """Everything shown is answered so; what is left out, and ``…``, may be anything that is there."""
    if shown == OMITTED:
        return
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in answer, (where, name)
            assert_shows(answer[name], value, f"{where} {name}")
    elif isinstance(shown, list):
        assert len(shown) <= len(answer), where
        for part, value in zip(answer, shown, strict=False):
            assert_shows(part, value, where)
    elif isinstance(shown, float):
        assert abs(answer - shown) < 0.001, where
    else:
        assert answer == shown, where
