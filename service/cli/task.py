"""The options of ``nearcopy rebuild`` and ``nearcopy load``, and the task that they make."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nearcopy.jobs.task import MAPPED, Kind, Task
from service.cli.options import of_an_archive

F = TypeVar("F", bound=Callable[..., Any])


class Size(click.ParamType[int]):
    """Bytes, as people write them: 512M, 1.5G."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes; K, M, G and T are powers of 1,024."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", value.strip(), re.IGNORECASE)
        if not found:
            self.fail(f"{value!r} is no size: write 512M, 1G or 1.5G", param, ctx)
        power = " KMGT".index(found[2].upper() or " ")
        return int(float(found[1]) * 1024**power)


def of_a_rebuild(function: F) -> F:
    """The options of both commands; what they ask for comes as keywords."""
    options = [
        *(of_a_field(name) for name in MAPPED),
        click.option("--memory", type=Size(), default="1G", show_default=True, metavar="SIZE",
                     help="What all parts in work may take, beside the programs (200M to 400M)."),
        click.option("--max-rejects", type=click.IntRange(0), metavar="N",
                     help="Fail where more records than this cannot be used. [default: any number may]"),
        click.option("--keep", type=click.IntRange(0), default=1, show_default=True, metavar="N",
                     help="Superseded generations that stay, to go back to."),
        click.option("--audit", type=click.IntRange(0), default=200, show_default=True, metavar="N",
                     help="Documents that are looked for before it is published."),
        *where_it_runs("in the data directory"),
        click.option("--grace", type=click.FloatRange(0), metavar="SECONDS", help="How long readers of a "
                     "superseded generation are waited for before it is removed. [default: 30]"),
        click.option("--queue", is_flag=True, help="Have a worker do it (see `nearcopy worker`), and watch. "
                     "The archives are then paths in the worker's folder of archives."),
        click.option("--dry-run", is_flag=True, help="Only forecast the memory that it takes in Redis."),
        of_an_archive,
    ]
    for option in reversed(options):
        function = option(function)
    return function


def where_it_runs(folder: str) -> list[Callable[[F], F]]:
    """The options of all that runs on many processes; ``folder`` says where its parts lie unless chosen."""
    return [
        click.option("--processes", type=click.IntRange(1, 1024), default=os.cpu_count() or 1,
                     metavar="N", help="Processes that do the work. [default: one for each core]"),
        click.option("--dask", metavar="URL", help="A Dask scheduler, as tcp://10.0.0.1:8786, whose workers "
                     "do the work; --folder and the archives must lie where they all see them."),
        click.option("--folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
                     help=f"Where finished parts lie until the end. [default: {folder}]"),
        click.option("--resume", is_flag=True, help="Only go on with what was begun and not ended. Without "
                     "this option that is done too, where there is any."),
    ]


def of_a_field(name: str) -> Callable[[F], F]:
    """The option that names a field of the archive's records."""
    what = {"published_at": "date", "url": "URL"}.get(name, name)
    help = f"The field with the {what}; dots reach into nested records. [default: guessed, and shown]"
    return click.option(f"--{name.replace('_', '-')}", f"map_{name}", metavar="FIELD", help=help)


def task_of(kind: Kind, archives: tuple[str, ...], options: dict[str, Any]) -> Task:
    """What is asked for. Raises `InputError`."""
    names = ("collection", "threshold", "probability", "shingle", "memory", "max_rejects", "keep", "audit")
    mapping = {name: options[f"map_{name}"] for name in MAPPED if options[f"map_{name}"] is not None}
    chosen = {name: options[name] for name in names if name in options}
    return Task(kind=kind, archives=archives, mapping=mapping, **chosen)
