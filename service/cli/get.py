"""``nearcopy get ID``"""

from __future__ import annotations

import sys

import click
import orjson

from nearcopy.document import NAMED_FIELDS
from service.cli.console import one_line, out, print_json, safe
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive


@command("get", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@click.argument("id")
@of_an_archive
def get(id: str, redis_url: str | None, collection: str, as_json: bool) -> None:
    """Print a stored document: its metadata, an empty line, its text."""
    with open_archive(redis_url, collection) as archive:
        document = archive.get(id)
    if as_json:
        print_json(document.to_dict())
        return
    named = {"id": document.id} | {name: getattr(document, name) for name in NAMED_FIELDS}
    free = {name: orjson.dumps(value).decode() for name, value in document.fields.items()}
    for name, value in (named | free).items():
        if value is not None:
            out.print(f"{one_line(name)}: {one_line(value)}", soft_wrap=True)
    # Into a file goes the text as it was sent; a terminal must not obey it
    text = safe(document.text) if sys.stdout.isatty() else document.text
    click.echo(f"\n{text}", color=True)
