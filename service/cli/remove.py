"""``nearcopy remove ID...``"""

from __future__ import annotations

import click

from service.cli.console import complain, one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive


@command("remove", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@of_an_archive
def remove(ids: tuple[str, ...], redis_url: str | None, collection: str, as_json: bool) -> int:
    """Remove documents; they are gone from every answer at once."""
    with open_archive(redis_url, collection) as archive:
        gone = {id: archive.delete(id) for id in dict.fromkeys(ids)}
    missing = [id for id, found in gone.items() if not found]
    removed = [id for id, found in gone.items() if found]
    if as_json:
        print_json({"removed": removed, "missing": missing})
    else:
        for id in removed:
            out.print(f"removed {one_line(id)}", soft_wrap=True)
    for id in missing:
        complain(f"there is no document {id!r} in collection {collection!r}")
    return Exit.NOT_FOUND if missing else Exit.DONE
