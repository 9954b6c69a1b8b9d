"""Where settings come from: file, environment, options; what wins, what is refused, what is never shown."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from service.chosen import SettingsError, gather, masked
from service.settings import Settings
from tests.e2e.running import run

SECRET = "s3cr/t@word"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of settings."""
    path = tmp_path / "nearcopy.toml"
    path.write_text('port = 9001\nworkers = 3\ncollection = "press"\nopen = true\n')
    return path


def test_an_option_wins_over_the_environment_and_that_over_the_file(file: Path) -> None:
    environ = {"NEARCOPY_SETTINGS": str(file), "NEARCOPY_WORKERS": "4", "NEARCOPY_COLLECTION": "news"}
    settings = Settings.from_environ(environ, collection="mine", port=None)
    assert (settings.port, settings.workers, settings.collection, settings.open) == (9001, 4, "mine", True)
    chosen = gather(Settings.model_fields, environ, {"collection": "mine"})
    assert {name: one.origin for name, one in chosen.items()} == {
        "port": "file", "workers": "environment", "collection": "option", "open": "file"
    }


@pytest.mark.parametrize(
    ("environ", "content", "said"),
    [
        ({"NEARCOPY_PROT": "1"}, "", "NEARCOPY_PROT: there is no such setting: did you mean NEARCOPY_PORT?"),
        ({}, "wrokers = 2", "wrokers: there is no such setting: did you mean workers?"),
        ({}, "xyzzy = 2", "xyzzy: there is no such setting: remove it"),
        ({}, "[server]\nport = 1", "server: there is no such setting"),
        ({}, "port = 0", "port in {file}: must be greater than or equal to 1, and is 0"),
        ({}, "port = x", "{file} is not TOML: Invalid value (at line 1"),
        ({"NEARCOPY_SETTINGS": "/none"}, "", "NEARCOPY_SETTINGS: /none cannot be read: No such file"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_change(
    environ: dict[str, str], content: str, said: str, file: Path
) -> None:
    file.write_text(content)
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"NEARCOPY_SETTINGS": str(file)} | environ)
    assert said.format(file=file) in str(refused.value)


def test_variables_of_the_worker_and_of_kubernetes_are_left_alone() -> None:
    environ = {"NEARCOPY_FOLDER": "/parts", "NEARCOPY_SERVICE_HOST": "10.0.0.1", "NEARCOPY_PORT_80_TCP": "x"}
    assert Settings.from_environ(environ) == Settings()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"redis://me:{SECRET}@host:1/0", "redis://me:***@host:1/0"),
        (f"rediss://:{SECRET}@host", "rediss://:***@host"),
        (f"me:{SECRET}@host", "me:***@host"),
        (f"unix:///run/s?db=1&password={SECRET}", "unix:///run/s?db=1&password=***"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://me@host:6379/0", "redis://me@host:6379/0"),
    ],
)
def test_passwords_in_urls_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_a_refused_url_is_shown_without_its_password() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({"NEARCOPY_REDIS_URL": f"http://me:{SECRET}@host"})
    assert SECRET not in str(refused.value)
    assert "http://me:***@host" in str(refused.value)


def test_nearcopy_settings_lists_every_setting_with_its_value_and_origin(file: Path) -> None:
    variables = {"NEARCOPY_SETTINGS": str(file), "NEARCOPY_REDIS_URL": f"redis://me:{SECRET}@host"}
    listed = json.loads(run("settings", "--json", "--workers", "5", **variables).out)
    assert [row["name"] for row in listed] == list(Settings.model_fields)
    told = {row["name"]: (row["value"], row["origin"]) for row in listed}
    assert told["redis_url"] == ("redis://me:***@host", "environment")
    assert told["workers"] == (5, "option")
    assert told["port"] == (9001, "file")
    assert told["host"] == ("127.0.0.1", "default")
    shown = run("settings", **variables)
    assert shown.code == 0
    assert SECRET not in shown.out
    assert re.search(r"^ *NEARCOPY_PORT +9001 +/", shown.out, re.MULTILINE)


def test_every_command_uses_the_redis_and_collection_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "nearcopy.toml"
    path.write_text('redis_url = "unix:///nobody/listens/here"\ncollection = "press"\n')
    for arguments in (("stats",), ("keys", "list")):
        done = run(*arguments, NEARCOPY_SETTINGS=str(path))
        assert done.code == 4
        assert "/nobody/listens/here" in done.err
    path.write_text("wrong = 1")
    assert "there is no such setting" in run("stats", NEARCOPY_SETTINGS=str(path)).err
