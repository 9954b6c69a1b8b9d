"""``nearcopy generations``, ``nearcopy publish N``, ``nearcopy rollback`` and ``nearcopy drop N``"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from service.cli.console import one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive
from service.cli.summary import audited

if TYPE_CHECKING:
    from nearcopy.index.generations import Generation

ENDS = (Exit.NOT_FOUND, Exit.UNAVAILABLE, Exit.BUSY)
COLUMNS = ("number", "state", "documents", "paragraphs", "made from", "published", "index", "audit")

a_number = click.argument("number", type=click.IntRange(1))


@command("generations", *ENDS[:2])
@of_an_archive
def generations(redis_url: str | None, collection: str, as_json: bool) -> None:
    """List the generations of a collection.

    Each is a whole index, and one is live. Those that are kept were live: `nearcopy publish` or `nearcopy
    rollback` goes back to one. One that is building is being made, or was left by a rebuild that died:
    the next one goes on with it or removes it.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy.index.generations import listed

        found = listed(archive.store)
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for one in found:
        table.add_row(*_row(one))
    out.print(table)


@command("publish", *ENDS)
@a_number
@of_an_archive
def publish(number: int, redis_url: str | None, collection: str, as_json: bool) -> None:
    """Make a generation live again.

    Generation NUMBER gets all that was written since it was live first.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy.index import switching

        _tell(number, switching.publish(archive.store, b"%d" % number), as_json)


@command("rollback", *ENDS)
@of_an_archive
def rollback(redis_url: str | None, collection: str, as_json: bool) -> None:
    """Go back to the last generation.

    The one that was live before this one gets all that was written since, and is live again.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy.index import switching

        generation, replayed = switching.roll_back(archive.store)
        _tell(int(generation), replayed, as_json)


@command("drop", *ENDS)
@a_number
@of_an_archive
def drop(number: int, redis_url: str | None, collection: str, as_json: bool) -> None:
    """Remove a generation that is not live.

    Generation NUMBER goes, and with it what it takes in Redis.
    """
    with open_archive(redis_url, collection) as archive:
        from nearcopy.index import switching

        removed = switching.drop(archive.store, b"%d" % number)
    if as_json:
        print_json({"generation": str(number), "keys": removed})
    else:
        out.print(f"dropped generation {number}: {removed:,} keys")


def _tell(number: int, replayed: int, as_json: bool) -> None:
    if as_json:
        print_json({"generation": str(number), "replayed": replayed})
    else:
        out.print(f"generation {number} is live; changes caught up on: {replayed:,}")


def _row(one: Generation) -> list[str]:
    chosen = one.parameters
    index = f"{chosen.bands}x{chosen.rows}, {chosen.shingle} words, {chosen.threshold:g}" if chosen else ""
    counts = ["" if count is None else f"{count:,}" for count in (one.documents, one.paragraphs)]
    return [
        str(one.number), one.state, *counts, _origin(one.record), _when(one.record), index,
        audited(one.record.get("audit") or {}),
    ]


def _origin(record: dict[str, Any]) -> str:
    """What a rebuild was given; nothing where documents were put one by one."""
    if "kind" not in record:
        return ""
    names = ", ".join(map(os.path.basename, record.get("archives", []))) or "stored documents"
    return one_line(names if record["kind"] == "rebuild" else f"{names}, loaded")


def _when(record: dict[str, Any]) -> str:
    moment = record.get("published")
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M") if moment else ""
