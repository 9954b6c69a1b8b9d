"""``nearcopy rebuild [ARCHIVE...]`` and ``nearcopy load ARCHIVE...``"""

from __future__ import annotations

import time
from typing import Any

import click

from nearcopy.errors import InputError
from nearcopy.jobs.commands import Forecasting, Place, Rebuilding
from nearcopy.jobs.status import ENDED, Status
from nearcopy.jobs.task import Kind, Task
from service.cli.console import complain, print_json
from service.cli.exits import Exit
from service.cli.found import worker_command
from service.cli.options import command, explained, load_engine, opened_client
from service.cli.progress import Shown
from service.cli.summary import print_forecast, print_summary
from service.cli.task import of_a_rebuild, task_of

ENDS = (
    Exit.REJECTED, Exit.NOT_FOUND, Exit.UNAVAILABLE, Exit.OTHER_PARAMETERS, Exit.INDEX_FULL, Exit.BUSY,
    Exit.FAILED,
)

LOOK_SECONDS = 1.0
"""Between two looks at a rebuild of the queue."""


@command("rebuild", *ENDS)
@click.argument("archives", nargs=-1, metavar="[ARCHIVE]...")
@click.option("--threshold", type=float, help="The resemblance that must be found. [default: as it is]")
@click.option("--probability", type=float, help="How surely it must be found. [default: 0.99]")
@click.option("--shingle", type=int, help="Words in a row that are compared. [default: as it is]")
@of_a_rebuild
def rebuild(archives: tuple[str, ...], **options: Any) -> int:
    """Make a collection anew, in bulk.

    It becomes exactly these archives, and what is written to it meanwhile. ARCHIVE is JSON lines, CSV, TSV or
    Parquet, plain or compressed; a folder of those, or of .txt and .html files; a WARC; or - for stdin.
    Without any, the stored documents are indexed anew.

    The collection answers all the time; in the end it does so from the new index. Where this dies, the same
    command goes on from there.
    """
    return _run("rebuild", archives, options)


@command("load", *ENDS)
@click.argument("archives", nargs=-1, required=True, metavar="ARCHIVE...")
@of_a_rebuild
def load(archives: tuple[str, ...], **options: Any) -> int:
    """Add archives to a collection, in bulk.

    As `nearcopy rebuild` does, and with the same kinds of ARCHIVE, but all that is stored stays; documents of
    the same ids are replaced. For some hundred documents `nearcopy add` is quicker.
    """
    return _run("load", archives, options)


def _run(kind: Kind, archives: tuple[str, ...], options: dict[str, Any]) -> int:
    task = task_of(kind, archives, options)
    if options["dry_run"]:
        return _forecast(task, options)
    with Shown() as shown:
        status, rejects = (_queued if options["queue"] else _here)(task, options, shown)
    if options["as_json"]:
        print_json(status.to_json() | {"rejects_file": rejects})
    elif status.state == "done":
        print_summary(status, rejects)
    if status.state != "done":
        complain("the rebuild was cancelled" if status.state == "cancelled" else f"it failed: {status.error}")
        return Exit.FAILED
    return Exit.REJECTED if status.rejects else Exit.DONE


def _forecast(task: Task, options: dict[str, Any]) -> int:
    """Only tell what it would take."""
    if options["queue"]:
        raise InputError("--dry-run and --queue do not go together: forecast it where the archives are")
    load_engine()
    with explained(options["redis_url"]), worker_command("forecasting") as forecasting:
        tell: Forecasting = forecasting
        found = tell(task, _place(options), Shown())
    if options["as_json"]:
        print_json(found)
    else:
        print_forecast(found)
    return Exit.DONE if found["fits"] else Exit.FAILED


def _place(options: dict[str, Any]) -> Place:
    return Place(
        options["redis_url"],
        *(options[name] for name in ("folder", "processes", "dask", "resume", "grace")),
    )


def _here(task: Task, options: dict[str, Any], shown: Shown) -> tuple[Status, str | None]:
    """Do it in this process and a pool of its own."""
    load_engine()
    with explained(options["redis_url"]), worker_command("rebuilding") as rebuilding:
        run: Rebuilding = rebuilding
        ended = run(task, _place(options), shown)
        shown.goes(ended.status)
    return ended.status, str(ended.rejects) if ended.status.rejects else None


def _queued(task: Task, options: dict[str, Any], shown: Shown) -> tuple[Status, str | None]:
    """Put it into the queue, and watch until it has ended."""
    for name in ("folder", "dask", "resume", "grace"):
        if options[name]:
            raise InputError(f"--{name} and --queue do not go together: it is the worker's business")
    load_engine()
    from nearcopy.jobs.queue import ask, workers
    from nearcopy.jobs.rebuilds import Rebuilds

    with explained(options["redis_url"]), opened_client(options["redis_url"]) as client:
        status = ask(client, task)
        there_is = "a worker" if workers(client) else "the next `nearcopy worker`"
        shown.say(f"rebuild {status.id} is in the queue: {there_is} will take it")
        try:
            while status.state not in ENDED:
                time.sleep(LOOK_SECONDS)
                status = Rebuilds(client).get(status.id)
                shown.goes(status)
        except (KeyboardInterrupt, SystemExit):
            shown.say(f"the rebuild goes on without you: GET or DELETE /v1/rebuilds/{status.id}")
            raise
    return status, None
