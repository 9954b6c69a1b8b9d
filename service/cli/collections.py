"""``nearcopy collections create|list|keep|drop`` and ``nearcopy expire``"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.table import Table

from nearcopy.errors import InputError
from service.cli.console import err, one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import (
    as_json,
    command,
    explained,
    load_engine,
    of_an_archive,
    open_archive,
    opened_client,
    redis_url,
)

if TYPE_CHECKING:
    from nearcopy.collections import Collection
    from nearcopy.connection import Client

FOREVER = "forever"
COLUMNS = ("name", "documents", "paragraphs", "partitions", "keeps", "index")

a_name = click.argument("name")
KEEP_HELP = "How long documents stay after their published_at, such as 365d; those without a date stay."


@click.group("collections")
def collections() -> None:
    """Create, list, change and drop collections.

    One with the default parameters also begins by itself, with the first document that is put into it.
    """


@command("create", Exit.UNAVAILABLE, Exit.BUSY)
@a_name
@click.option("--threshold", type=float, help="The resemblance that must be found. [default: 0.5]")
@click.option("--probability", type=float, help="How surely it must be found. [default: 0.99]")
@click.option("--shingle", type=int, help="Words in a row that are compared. [default: 3]")
@click.option(
    "--partitions", type=int, default=1, show_default=True,
    help="Parts that it lies in, for more than 16 million documents or a Redis Cluster; this stays.",
)
@click.option("--keep", metavar="DAYS", help=f"{KEEP_HELP} [default: for ever]")
@redis_url
@as_json
def create(
    name: str, threshold: float | None, probability: float | None, shingle: int | None, partitions: int,
    keep: str | None, redis_url: str | None, as_json: bool,
) -> None:
    """Create a collection with parameters of its own."""
    with _client(redis_url) as client:
        from nearcopy.collections import create, parameters_of

        made = create(client, name, parameters_of(threshold, probability, shingle), partitions, keep)
    _tell(made, f"created {name}", as_json)


@command("list", Exit.UNAVAILABLE)
@redis_url
@as_json
def list_collections(redis_url: str | None, as_json: bool) -> None:
    """List the collections, with their counts and parameters."""
    with _client(redis_url) as client:
        from nearcopy.collections import listed

        found = listed(client)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(*_row(one))
    out.print(table if found else "There is no collection: `nearcopy add` or `nearcopy collections create`.")


@command("keep", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@a_name
@click.argument("days")
@redis_url
@as_json
def keep(name: str, days: str, redis_url: str | None, as_json: bool) -> None:
    """Keep documents for DAYS, such as 365d, or `forever`.

    A document that was published longer ago leaves the index: once a day by `nearcopy worker`, at once by
    `nearcopy expire`, and with each rebuild from what is stored. One without a date stays.
    """
    with _client(redis_url) as client:
        from nearcopy.collections import change_keep

        changed = change_keep(client, name, None if days == FOREVER else days)
    _tell(changed, f"{name} keeps documents {_kept(changed)}", as_json)


@command("drop", Exit.NOT_FOUND, Exit.UNAVAILABLE, Exit.BUSY)
@a_name
@click.option("--confirm", metavar="NAME", help="Its name once more, where nobody can be asked to type it.")
@redis_url
@as_json
def drop(name: str, confirm: str | None, redis_url: str | None, as_json: bool) -> None:
    """Remove collection NAME with everything in it, for good.

    It is gone for everybody at once. Where this is broken off, the same command goes on with it.
    """
    with _client(redis_url) as client:
        from nearcopy.collections import describe, drop

        found = describe(client, name)
        if confirm is None:
            err.print(f"{name} holds {found.documents or 0:,} documents. All of it goes, for good.")
            confirm = click.prompt("Type its name to drop it", err=True)
        if confirm != name:
            raise InputError(f"{confirm!r} is not the collection's name: nothing was dropped", "confirm")
        drop(client, name)
    if as_json:
        print_json({"dropped": name})
    else:
        out.print(f"dropped {name}")


for one in (create, list_collections, keep, drop):
    collections.add_command(one)


@command("expire", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@of_an_archive
def expire(redis_url: str | None, collection: str, as_json: bool) -> None:
    """Remove the documents of a collection that it keeps no longer.

    `nearcopy collections keep` says for how long. A `nearcopy worker` does this once a day by itself.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy import retention

        before = retention.cutoff(archive.store)
        told = retention.expire(archive.store)
    if as_json:
        print_json(asdict(told) | {"before": before})
    elif before is None:
        out.print(f"{collection} keeps documents for ever: `nearcopy collections keep {collection} 365d`")
    else:
        out.print(
            f"removed {told.removed:,} of {told.documents:,} documents, published before "
            f"{before:%Y-%m-%d %H:%M}; {told.undated:,} have no date, and stay"
        )


@contextmanager
def _client(url: str | None) -> Iterator[Client]:
    load_engine()
    with explained(url), opened_client(url) as client:
        yield client


def _tell(one: Collection, words: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(one))
    else:
        out.print(words)


def _row(one: Collection) -> list[str]:
    counts = ["" if n is None else f"{n:,}" for n in (one.documents, one.paragraphs, one.partitions)]
    chosen = one.parameters
    index = f"{chosen.bands}x{chosen.rows}, {chosen.shingle} words, {chosen.threshold:g}" if chosen else ""
    return [one.name, *counts, _kept(one), one_line(one.trouble) if one.trouble else index]


def _kept(one: Collection) -> str:
    return one.keep or "for ever"
