"""``nearcopy add ARCHIVE...``"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from nearcopy.document import Document
from nearcopy.parameters import Parameters
from service.cli.console import complain, err, out, print_json
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive
from service.cli.records import Reading, Rejected

if TYPE_CHECKING:
    from nearcopy.archive import Archive

OUTCOMES = ("created", "replaced", "unchanged", "rejected")


@command("add", Exit.REJECTED, Exit.UNAVAILABLE, Exit.OTHER_PARAMETERS, Exit.INDEX_FULL)
@click.argument(
    "archives", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True), metavar="ARCHIVE..."
)
@click.option(
    "--threshold", type=float, help="For a new collection: the resemblance that must be found. [default: 0.5]"
)
@click.option(
    "--probability", type=float, help="For a new collection: how surely it must be found. [default: 0.99]"
)
@of_an_archive
def add(
    archives: tuple[str, ...], threshold: float | None, probability: float | None,
    redis_url: str | None, collection: str, as_json: bool,
) -> int:
    """Store documents, or replace those of the same ids.

    ARCHIVE is a file of JSON lines (plain or gzip; - for stdin) whose objects have an id, a text and, if
    known, title, publisher, url, published_at and fields of your own; or a folder of .txt files, whose ids
    are their paths in it. A record that cannot be stored is reported with file and line; the rest goes on.
    """
    reading = Reading(archives)
    adding = Adding(reading)
    try:
        with open_archive(
            redis_url, collection, create=True, parameters=wanted(threshold, probability)
        ) as archive:
            adding.run(archive)
    except BaseException:
        if adding.counts:
            complain(f"stopped early: {adding.summary()}; the same command again goes on from there")
        raise
    if as_json:
        print_json(adding.figures())
    else:
        out.print(adding.summary(), soft_wrap=True)
    return Exit.REJECTED if adding.counts["rejected"] else Exit.DONE


def wanted(threshold: float | None, probability: float | None) -> Parameters | None:
    """The parameters that were asked for; None where none were, and any index will do."""
    if threshold is None and probability is None:
        return None
    return Parameters.for_threshold(
        0.5 if threshold is None else threshold, 0.99 if probability is None else probability
    )


class Adding:
    """Putting what is read, with progress on a terminal."""

    def __init__(self, reading: Reading) -> None:
        self.counts: Counter[str] = Counter()
        self._reading = reading
        self._began = time.perf_counter()

    def run(self, archive: Archive) -> None:
        """Put every document; rejected records are reported as they are met."""
        self._began = time.perf_counter()
        progress = Progress(
            TextColumn("adding"), BarColumn(), TaskProgressColumn(show_speed=False),
            TextColumn("{task.fields[rate]}"), TextColumn("time left"), TimeRemainingColumn(),
            console=err, transient=True, disable=not err.is_terminal,
        )
        with progress:
            task = progress.add_task("adding", total=self._reading.total, rate="")
            for outcome in archive.put_many(self._accepted()):
                self.counts[outcome] += 1
                progress.update(task, completed=self._reading.done, rate=self._rate())

    def _accepted(self) -> Iterator[Document]:
        for record in self._reading:
            if isinstance(record, Rejected):
                self.counts["rejected"] += 1
                complain(f"{record.place}: {record.reason}")
            else:
                yield record

    def figures(self) -> dict[str, float]:
        """How many of each outcome, and how fast."""
        seconds = time.perf_counter() - self._began
        return {name: self.counts[name] for name in OUTCOMES} | {
            "seconds": round(seconds, 3), "documents_per_second": round(self._stored() / seconds, 1)
        }

    def summary(self) -> str:
        """The same in a line."""
        counted = ", ".join(f"{self.counts[name]:,} {name}" for name in OUTCOMES)
        return f"{counted}: {self._rate()}"

    def _stored(self) -> int:
        return self.counts.total() - self.counts["rejected"]

    def _rate(self) -> str:
        rate = self._stored() / (time.perf_counter() - self._began)
        return f"{self._stored():,} documents, {rate:,.0f} a second"
