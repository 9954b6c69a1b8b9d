"""``nearcopy check FILE``"""

from __future__ import annotations

import click

from service.cli.console import print_json
from service.cli.exits import Exit
from service.cli.options import command, min_words, of_an_archive, open_archive, read_text
from service.cli.report import print_report


@command("check", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--threshold", type=click.FloatRange(0, 1), metavar="SHARE",
    help="Resemblance from which a paragraph matches; the index's own is the default and the lowest.",
)
@min_words
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Sources listed.")
@click.option(
    "--exclude-document", "documents", multiple=True, metavar="ID",
    help="A document that is no source; may be repeated.",
)
@click.option(
    "--exclude-publisher", "publishers", multiple=True, metavar="NAME",
    help="A publisher whose documents are no sources; may be repeated.",
)
@of_an_archive
def check(
    file: str, threshold: float | None, min_words: int, limit: int, documents: tuple[str, ...],
    publishers: tuple[str, ...], redis_url: str | None, collection: str, as_json: bool,
) -> None:
    """Check a text against the archive.

    FILE is in UTF-8; - reads stdin. Nothing of it is stored.
    """
    text = read_text(file)
    with open_archive(redis_url, collection) as archive:
        from nearcopy.archive import warm_up

        warm_up()  # or the report would state the time it took to load the kernels
        report = archive.check(
            text, threshold=threshold, min_words=min_words, limit=limit,
            exclude_documents=documents, exclude_publishers=publishers,
        )
    if as_json:
        print_json(report)
    else:
        print_report(report, text)
