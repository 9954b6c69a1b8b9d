"""The settings and the engine obey one rule."""

from __future__ import annotations

import pytest

from service.settings import Settings, SettingsError, table


def test_what_is_chosen_wins_over_the_environment_and_that_over_the_default() -> None:
    environ = {"NEARCOPY_PORT": "9000", "NEARCOPY_HOST": "0.0.0.0", "NEARCOPY_COLLECTION": ""}
    settings = Settings.from_environ(environ, port="9001", workers=None)
    assert (settings.port, settings.host) == (9001, "0.0.0.0")
    assert (settings.collection, settings.workers) == ("main", 2)


def test_a_worker_reads_the_very_settings_that_its_parent_wrote() -> None:
    settings = Settings(redis_url="redis+cluster://one:7000", data_dir="/data", port=81, collection="press")
    assert Settings.from_environ(settings.to_environ()) == settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NEARCOPY_REDIS_URL", "http://localhost"),
        ("NEARCOPY_PORT", "0"),
        ("NEARCOPY_PORT", "http"),
        ("NEARCOPY_WORKERS", "0"),
        ("NEARCOPY_BODY_LIMIT", "2MiB"),
        ("NEARCOPY_COLLECTION", "-main"),
    ],
)
def test_a_bad_setting_is_named_with_its_variable_its_option_and_its_value(variable: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ({variable: value})
    option = "--" + variable.removeprefix("NEARCOPY_").lower().replace("_", "-")
    assert f"{option}, or {variable}: " in str(refused.value)
    assert repr(value) in str(refused.value)


def test_a_redis_of_another_scheme_is_told_which_there_are() -> None:
    with pytest.raises(SettingsError, match=r"redis://, rediss://, unix:// or redis\+cluster://"):
        Settings.from_environ({"NEARCOPY_REDIS_URL": "http://localhost"})


def test_every_setting_has_a_help() -> None:
    assert [variable for variable, _, help in table() if not help] == []
