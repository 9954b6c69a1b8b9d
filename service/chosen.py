"""Where settings come from: a file, the environment, options; what is set twice is taken from the last."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

PREFIX = "NEARCOPY_"

FILE = "settings"
"""The option, or with the prefix the variable, that names the file."""

Origin = Literal["default", "file", "environment", "option"]

ELSEWHERE = {FILE, "archives", "folder", "data"}
"""Variables that others read: the worker its folders, tests and benchmarks their data."""

KUBERNETES = re.compile(r"(service|port)_.*")
"""What Kubernetes sets in every container beside a service that is called nearcopy."""


class SettingsError(Exception):
    """A setting cannot be used; the message names the variable and says what it may be."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody set a setting to, and where: the file of that name, where it was in one."""

    value: Any
    origin: Origin
    file: str | None = None


def gather(
    names: Collection[str], environ: Mapping[str, str], options: Mapping[str, Any]
) -> dict[str, Chosen]:
    """Every setting of ``names`` that was set. An empty variable and an option that is None are not.

    Raises `SettingsError` for a name that there is not, in the file or behind the variables' prefix.
    """
    variables = {
        name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)
    }
    for name in variables:
        if name not in names and name not in ELSEWHERE and not KUBERNETES.fullmatch(name):
            raise SettingsError(f"{PREFIX}{name.upper()}: {_unknown(name, names, PREFIX)}")
    given = {name: value for name, value in options.items() if value is not None}
    path = given.pop(FILE, None) or variables.get(FILE) or None
    found = {name: Chosen(value, "file", path) for name, value in read_file(path, names).items()}
    found |= {name: Chosen(variables[name], "environment") for name in names if variables.get(name)}
    return found | {name: Chosen(value, "option") for name, value in given.items()}


def read_file(path: str | None, names: Collection[str]) -> dict[str, Any]:
    """The settings in a TOML file: their names in small letters, without the prefix. Nothing without a path.

    Raises `SettingsError`.
    """
    if path is None:
        return {}
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file)
    except OSError as error:
        where = f"--{FILE}, or {PREFIX}{FILE.upper()}"
        raise SettingsError(f"{where}: {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    for name in found:
        if name not in names:
            raise SettingsError(f"{path}: {name}: {_unknown(name, names, '')}")
    return found


def _unknown(name: str, names: Collection[str], prefix: str) -> str:
    close = difflib.get_close_matches(name.lower(), names, 1)
    meant = prefix + close[0] if close else ""
    advice = f"did you mean {meant.upper() if prefix else meant}?" if close else "remove it"
    return f"there is no such setting: {advice} `nearcopy settings` lists them all"


def masked(value: Any) -> Any:
    """A URL without the passwords in it; anything else as it is."""
    if not isinstance(value, str):
        return value
    scheme, mark, rest = value.partition("://") if "://" in value else ("", "", value)
    rest = re.sub(r"^([^:@/]*):.+@", r"\1:***@", rest)
    return scheme + mark + re.sub(r"([?&]\w*password=)[^&#]*", r"\1***", rest)
