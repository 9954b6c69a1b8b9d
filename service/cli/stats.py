"""``nearcopy stats``"""

from __future__ import annotations

from rich.filesize import decimal
from rich.table import Table

from service.cli.console import one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import command, of_an_archive, open_archive


@command("stats", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@of_an_archive
def stats(redis_url: str | None, collection: str, as_json: bool) -> None:
    """Tell what a collection holds, and with which parameters."""
    with open_archive(redis_url, collection) as archive:
        state = archive.stats()
    if as_json:
        print_json(state)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in state.items():
        if name != "parameters":
            table.add_row(name.replace("_", " "), _shown(name, value))
    table.add_section()
    for name, value in state["parameters"].items():
        table.add_row(name.replace("_", " "), str(value))
    out.print(table)


def _shown(name: str, value: object) -> str:
    if isinstance(value, int):
        return decimal(value) if name.endswith("bytes") else f"{value:,}"
    return one_line(str(value))
