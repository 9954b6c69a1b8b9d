"""``nearcopy dedupe ARCHIVE... -o FILE``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nearcopy.jobs.search import Deduping
from service.cli.clusters import THRESHOLD, of_a_search, place_of, search_of, told
from service.cli.exits import Exit
from service.cli.found import worker_command
from service.cli.options import command, load_engine
from service.cli.progress import Shown

BESIDE = ("left", "rejects")
"""Of the names of files that are written beside the output."""


@command("dedupe", Exit.REJECTED, Exit.NOT_FOUND, Exit.FAILED)
@click.argument("archives", nargs=-1, required=True, metavar="ARCHIVE...")
@click.option("-o", "--output", "output", required=True, metavar="FILE",
              type=click.Path(dir_okay=False, path_type=Path), help="The archive without its copies.")
@click.option("--keep", type=click.Choice(["earliest", "longest", "first"]), default="earliest",
              show_default=True, help="Which document of a cluster stays.")
@click.option("--threshold", type=THRESHOLD, default=0.8, show_default=True, metavar="SHARE",
              help="From which resemblance two documents are a pair; `clusters` begins at 0.5, since what is "
              "half the same is worth a look, and no reason to leave.")
@of_a_search
def dedupe(archives: tuple[str, ...], **options: Any) -> int:
    """Write an archive without its copies.

    Of each cluster exactly one document stays. FILE, which ends in .jsonl, gets the documents as JSON lines
    that every command reads; FILE.left.jsonl beside it says which left, and which stays for each. ARCHIVE is
    what `nearcopy rebuild` reads. No Redis is needed.
    """
    load_engine()
    search, place = search_of(archives, options), place_of(options)
    with Shown() as shown, worker_command("deduping") as deduping:
        run: Deduping = deduping
        summary = run(search, place, options["keep"], options["output"], shown)
    file = options["output"]
    return told(summary, options, [file, *(file.with_name(f"{file.stem}.{one}.jsonl") for one in BESIDE)])
