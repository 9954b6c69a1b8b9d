"""``nearcopy demo``"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from urllib.parse import quote

import click
import orjson

from nearcopy import samples
from nearcopy.document import Document
from nearcopy.jobs.commands import Place, Rebuilding
from nearcopy.jobs.task import Task
from nearcopy.report import Report
from service.cli.console import out, print_json
from service.cli.exits import Exit
from service.cli.found import worker_command
from service.cli.options import as_json, command, open_archive, redis_url
from service.cli.progress import Shown
from service.cli.report import print_report
from service.cli.serve import serve_until_stopped
from service.settings import Settings, check_address

COLLECTION = "demo"
"""Where the samples go, whatever else is configured: nobody wants them in an archive of their own."""


@command("demo", Exit.UNAVAILABLE, Exit.INDEX_FULL, Exit.BUSY, Exit.FAILED)
@click.option("--port", metavar="PORT", help="Port to answer on. [env var: NEARCOPY_PORT; default: 8080]")
@click.option("--serve/--no-serve", default=True, show_default=True, help="Stay, and answer over HTTP.")
@redis_url
@as_json
def demo(port: str | None, serve: bool, redis_url: str | None, as_json: bool) -> None:
    """Have the worker load samples, check a text, and answer over HTTP.

    The samples go into the collection demo, which is also the default one of the service that stays.
    """
    settings = Settings.from_environ(port=port, redis_url=redis_url, collection=COLLECTION)
    if serve:
        check_address(settings)
    with open_archive(redis_url, COLLECTION, create=True) as archive:
        _load(redis_url)
        report = archive.check(samples.submission())
    documents = list(samples.archive())
    if as_json:
        print_json(report)
    else:
        out.print(
            f"{len(documents)} sample documents loaded into collection {COLLECTION}; "
            f"`nearcopy check FILE --collection {COLLECTION}` asks it later",
            soft_wrap=True,
        )
        out.print(f"Checking {Path(samples.__file__).with_name('submission.txt')}\n", soft_wrap=True)
        print_report(report, samples.submission())
    if serve:
        if not as_json:
            _print_calls(f"http://{settings.host}:{settings.port}", report, documents)
        serve_until_stopped(settings)


def _load(redis_url: str | None) -> None:
    """Have the worker load the samples, beside whatever was put into their collection."""
    path = Path(samples.__file__).with_name("archive.jsonl")
    task = Task("load", COLLECTION, (str(path),))
    with Shown() as shown, worker_command("rebuilding") as rebuilding:
        run: Rebuilding = rebuilding
        run(task, Place(redis_url, folder=None, processes=os.cpu_count() or 1), shown)


def _print_calls(address: str, report: Report, documents: list[Document]) -> None:
    best = report.sources[0].document if report.sources else documents[0].id
    text = " ".join(next(one.text for one in documents if one.id == best).split()[:40])
    body = orjson.dumps({"text": text}).decode()
    out.print(f"\nOpen {address}/check in a browser, or try:", style="bold", soft_wrap=True)
    for call in (
        f"curl {address}/v1/check -H 'Content-Type: application/json' -d {shlex.quote(body)}",
        f"curl {address}/v1/documents/{quote(best, safe='')}/copies",
        f"curl {address}/v1/index",
    ):
        out.print(f"  {call}", soft_wrap=True)
    out.print()
