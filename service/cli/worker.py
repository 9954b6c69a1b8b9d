"""``nearcopy worker``"""

from __future__ import annotations

import os
from pathlib import Path

import click

from nearcopy.jobs.commands import Working
from service.cli.console import out
from service.cli.exits import Exit
from service.cli.found import worker_command
from service.cli.options import command, explained, load_engine, redis_url

A_FOLDER = click.Path(file_okay=False, path_type=Path)


@command("worker", Exit.UNAVAILABLE)
@click.option(
    "--archives", type=A_FOLDER, envvar="NEARCOPY_ARCHIVES", show_envvar=True, metavar="FOLDER",
    help="The folder whose files and folders jobs may name; without it they may name none.",
)
@click.option(
    "--folder", type=A_FOLDER, envvar="NEARCOPY_FOLDER", show_envvar=True, metavar="FOLDER",
    help="Where finished parts lie, of each collection. Workers that share it go on from each other's parts. "
    "[default: in the data directory]",
)
@click.option(
    "--processes", type=click.IntRange(1, 1024), default=os.cpu_count() or 1, metavar="N",
    help="Processes that do the work. [default: one for each core]",
)
@click.option("--burst", is_flag=True, help="End as soon as the queue is empty.")
@redis_url
def worker(
    archives: Path | None, folder: Path | None, processes: int, burst: bool, redis_url: str | None
) -> None:
    """Take rebuilds from the queue.

    One after the other, until Ctrl-C or SIGTERM. POST /v1/rebuilds and `nearcopy rebuild --queue` put them
    there. A rebuild whose worker is stopped or dies is taken up by the next one, and goes on from its
    finished parts. Once a day the worker removes what collections keep no longer.
    """
    load_engine()
    with explained(redis_url), worker_command("working") as working:
        work: Working = working
        out.print("waiting for rebuilds (Ctrl-C ends it)")
        work(redis_url, folder=folder, archives=archives, processes=processes, burst=burst)
