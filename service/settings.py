"""The settings of the service: one table of name, default and help.

Each field is a name in the settings file, the environment variable NEARCOPY_<NAME> and an option;
`nearcopy settings` lists what they are and where from.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nearcopy.document import COLLECTION_NAME
from service.chosen import PREFIX, Chosen, SettingsError, gather, masked

CollectionName = Annotated[str, Field(pattern=f"^{COLLECTION_NAME}$")]

RedisUrl = Annotated[str, Field(pattern=r"^(redis|rediss|unix|redis\+cluster)://.")]


class Settings(BaseModel):
    """What a deployment can choose. Build it with `from_environ`, which raises `SettingsError`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    redis_url: RedisUrl | None = Field(
        default=None,
        description="a real Redis: redis://, rediss://, unix:// or redis+cluster://; without it the "
        "embedded one",
    )
    data_dir: str | None = Field(
        default=None,
        description="where the embedded Redis keeps its data; without it the user's data directory",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on; 0.0.0.0 for all")
    open: bool = Field(
        default=False,
        description="1 to answer without API keys on any address, for a network that is private; as soon as "
        "there is a key, it is needed all the same",
    )
    port: int = Field(default=8080, ge=1, le=65535, description="port to listen on")
    workers: int = Field(default=2, ge=1, le=64, description="worker processes; one for each core is plenty")
    threads: int = Field(
        default=256, ge=1, le=4096,
        description="requests that one worker reads or answers at the same time; those that send slowly wait "
        "here and cost little",
    )
    in_flight: int = Field(
        default=32, ge=1, le=4096,
        description="requests that one worker works on at the same time; whoever comes beyond them is "
        "refused at once",
    )
    deadline: float = Field(
        default=15, gt=0, le=3600, description="seconds after which a request no longer waits for Redis"
    )
    body_seconds: float = Field(
        default=30, gt=0, le=3600, description="seconds in which the body of a request must arrive"
    )
    key_requests: int = Field(
        default=6000, ge=0,
        description="requests a minute of an API key that has no limit of its own; 0 for any number",
    )
    key_words: int = Field(
        default=6_000_000, ge=0,
        description="words a minute in the texts that such a key sends; 0 for any number",
    )
    body_limit: int = Field(
        default=2 * 1024 * 1024, ge=1024, le=1 << 30, description="largest request body, in bytes"
    )
    file_limit: int = Field(
        default=20 * 1024 * 1024,
        ge=1024,
        le=1 << 30,
        description="largest file or HTML page, in bytes, sent as such; its text is bound by the body limit",
    )
    extract_seconds: float = Field(
        default=10, gt=0, le=600, description="time in which the text of a file or page must be found"
    )
    extract_memory: int = Field(
        default=512 * 1024 * 1024,
        ge=128 * 1024 * 1024,
        description="memory that one process may take for that, in bytes",
    )
    extract_processes: int = Field(
        default=2, ge=1, le=64, description="files and pages that one worker reads at the same time"
    )
    rebuild_deadline: int = Field(
        default=24 * 3600, ge=1, le=1 << 30, description="seconds that a worker may take for one rebuild"
    )
    report_days: int = Field(
        default=30, ge=1, le=3650, description="days for which a report is kept that somebody keeps"
    )
    collection: CollectionName = Field(default="main", description="the collection of calls that name none")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="what is logged: debug, info (a line for each request), warning or error; the probes of "
        "/healthz, /readyz and /metrics are logged for debug alone",
    )
    log_format: Literal["plain", "json"] = Field(
        default="plain", description="lines for people (plain) or for programs (json)"
    )
    metrics_open: bool = Field(
        default=False, description="1 to tell /metrics without an API key, where keys are needed"
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=10,
        description="proxies in front of the service that each set X-Forwarded-For, -Proto and -Prefix; "
        "0 where there is none, and these headers are not believed",
    )

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ, **options: Any) -> Self:
        """The settings of the file that NEARCOPY_SETTINGS or ``settings`` names, overruled by those of the
        environment, and these by the ``options`` that are not None.

        An empty variable counts as unset: compose files hand such ones on.
        """
        return cls.of(gather(cls.model_fields, environ, options))

    @classmethod
    def of(cls, chosen: Mapping[str, Chosen]) -> Self:
        """These settings, and the defaults of all others. Raises `SettingsError`."""
        try:
            return cls(**{name: one.value for name, one in chosen.items()})
        except ValidationError as error:
            raise SettingsError("; ".join(_complaints(error, chosen))) from None

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def exposed(self) -> bool:
        """Whether strangers may reach the address, so that nothing is answered without a key."""
        return not (self.open or self.local)

    @property
    def silence(self) -> float:
        """Seconds without an answer after which a connection is closed: no request takes longer."""
        return self.body_seconds + self.extract_seconds + self.deadline

    def to_environ(self) -> dict[str, str]:
        """The variables from which `from_environ` makes these very settings in a worker process."""
        values = self.model_dump(exclude_none=True)
        return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def table() -> Iterator[tuple[str, str, str]]:
    """Variable, default and help of every setting."""
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        yield PREFIX + name.upper(), default, field.description or ""


def check_address(settings: Settings) -> None:
    """Raise `SettingsError` unless the service can listen on its address, and nobody else does."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise SettingsError(
            f"cannot listen on {place}: {error.strerror}; choose another --port or --host"
        ) from None


def _complaints(error: ValidationError, chosen: Mapping[str, Chosen]) -> Iterator[str]:
    for item in error.errors(include_url=False):
        name = str(item["loc"][0])
        reason = item["msg"].replace("Input should be", "must be").replace("String should", "must")
        if name == "redis_url":
            reason = "must begin with redis://, rediss://, unix:// or redis+cluster://"
        file = chosen[name].file
        place = f"{name} in {file}" if file else f"{option(name)}, or {PREFIX}{name.upper()}"
        yield f"{place}: {reason}, and is {masked(item['input'])!r}"


def option(name: str) -> str:
    """The command line's name of a setting."""
    return "--" + name.replace("_", "-")
