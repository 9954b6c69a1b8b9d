"""``nearcopy clusters ARCHIVE... -o FOLDER``"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from nearcopy.jobs.commands import Place
from nearcopy.jobs.search import Clustering, Output, Search
from nearcopy.jobs.task import MAPPED, Task
from service.cli.clustered import print_clustered
from service.cli.console import out, print_json
from service.cli.exits import Exit
from service.cli.found import worker_command
from service.cli.options import as_json, command, explained, load_engine, open_archive, redis_url
from service.cli.progress import Shown
from service.cli.task import Size, of_a_field, where_it_runs

F = TypeVar("F", bound=Callable[..., Any])

ENDS = (Exit.REJECTED, Exit.NOT_FOUND, Exit.UNAVAILABLE, Exit.FAILED)

REFUSED = "--forget removes the clusters that a service answers: give it with --collection, and nothing else"

THRESHOLD = click.FloatRange(0, 1, min_open=True, max_open=True)


def of_a_search(function: F) -> F:
    """The options of every command that looks for the copies in an archive."""
    options = [
        *(of_a_field(name) for name in MAPPED),
        click.option("--containment", type=click.FloatRange(0, 1, min_open=True), metavar="SHARE",
                     help="Also a pair: so much of one document stands in the other. [default: no]"),
        click.option("--shingle", type=click.IntRange(1, 8), default=3, show_default=True, metavar="N",
                     help="Words in a row that are compared."),
        click.option("--memory", type=Size(), default="1G", show_default=True, metavar="SIZE",
                     help="What all parts in work may take, beside the programs (200M to 400M)."),
        click.option("--max-rejects", type=click.IntRange(0), metavar="N",
                     help="Fail where more records than this cannot be used. [default: any number may]"),
        *where_it_runs("beside the output"),
        as_json,
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command("clusters", *ENDS, Exit.BUSY)
@click.argument("archives", nargs=-1, metavar="[ARCHIVE]...")
@click.option("-o", "--output", "output", metavar="FOLDER",
              type=click.Path(file_okay=False, path_type=Path),
              help="Where pairs and clusters are written. [required]")
@click.option("--format", "format", type=click.Choice(["jsonl", "csv", "parquet"]), default="jsonl",
              show_default=True, help="Of the tables.")
@click.option("--threshold", type=THRESHOLD, default=0.5, show_default=True, metavar="SHARE",
              help="From which resemblance two documents are a pair.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Also a page to look at, as one HTML file.")
@click.option("--collection", envvar="NEARCOPY_COLLECTION", metavar="NAME",
              help="The documents of a stored collection, too. This alone needs Redis.")
@click.option("--forget", is_flag=True, help="Find nothing: remove what a service answers of the clusters of "
              "the collection, and have it keep none any more.")
@redis_url
@of_a_search
def clusters(archives: tuple[str, ...], forget: bool, **options: Any) -> int:
    """Find the copies in a whole archive: pairs, and clusters.

    ARCHIVE is what `nearcopy rebuild` reads. FOLDER gets the tables `pairs` and `clusters`, and summary.json.
    Every pair was compared word by word; nothing is guessed. Where this dies, the same command goes on from
    there.
    """
    if forget:
        return _forgotten(archives, options)
    if options["output"] is None:
        raise click.UsageError("Missing option '-o' / '--output'.")
    load_engine()
    search, place = search_of(archives, options), place_of(options)
    output = Output(options["output"], options["format"], options["report"])
    with Shown() as shown, explained(place.url), worker_command("clustering") as clustering:
        run: Clustering = clustering
        summary = run(search, place, output, shown)
    tables = (f"pairs.{output.format}", f"clusters.{output.format}", "summary.json", "rejects.jsonl")
    written = [output.folder / name for name in tables]
    return told(summary, options, [*written, output.report] if output.report is not None else written)


def _forgotten(archives: tuple[str, ...], options: dict[str, Any]) -> int:
    """Remove the clusters of a collection."""
    name = options["collection"]
    if archives or options["output"] is not None or options["report"] is not None or name is None:
        raise click.UsageError(REFUSED)
    with open_archive(options["redis_url"], name) as archive:
        from nearcopy.jobs import clustering

        clustering.forget(archive.store)
    if options["as_json"]:
        print_json({"forgotten": name})
    else:
        out.print(f"the clusters of {name} are forgotten")
    return Exit.DONE


def search_of(archives: tuple[str, ...], options: dict[str, Any]) -> Search:
    """What is asked for. Raises `InputError`."""
    mapping = {name: options[f"map_{name}"] for name in MAPPED if options[f"map_{name}"] is not None}
    collection = options.get("collection")
    chosen = {name: options[name] for name in ("threshold", "shingle", "memory", "max_rejects")}
    task = Task(collection=collection or "main", archives=archives, mapping=mapping, **chosen)
    return Search(task, stored=collection is not None, containment=options["containment"])


def place_of(options: dict[str, Any]) -> Place:
    """Where it runs."""
    chosen = (options[name] for name in ("folder", "processes", "dask", "resume"))
    return Place(options.get("redis_url"), *chosen)


def told(summary: Any, options: dict[str, Any], written: Sequence[Path]) -> int:
    """Print the summary, and which files were written; the exit code."""
    if options["as_json"]:
        print_json(summary)
    else:
        print_clustered(summary, written)
    return Exit.REJECTED if summary["rejects"] else Exit.DONE
