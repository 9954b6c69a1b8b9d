"""``nearcopy settings``"""

from __future__ import annotations

import os
from typing import Any

from rich import box
from rich.table import Table

from service.chosen import PREFIX, Chosen, gather, masked
from service.cli.console import one_line, out, print_json
from service.cli.options import as_json, command
from service.cli.serve import of_settings
from service.settings import Settings


@command("settings")
@of_settings
@as_json
def settings(as_json: bool, **options: Any) -> None:
    """List the settings that `nearcopy serve` would have: their values, and where each comes from.

    Takes the options of `nearcopy serve`. Passwords in URLs are not shown. Refuses what `serve` would refuse.
    """
    chosen = gather(Settings.model_fields, os.environ, options)
    listed = [_row(name, value, chosen.get(name)) for name, value in Settings.of(chosen)]
    if as_json:
        print_json(listed)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from")
    for row in listed:
        value = "" if row["value"] is None else one_line(str(row["value"]))
        style = None if row["origin"] == "default" else "bold"
        table.add_row(row["variable"], value, one_line(row["file"] or row["origin"]), style=style)
    out.print(table)


def _row(name: str, value: Any, chosen: Chosen | None) -> dict[str, Any]:
    origin, file = (chosen.origin, chosen.file) if chosen is not None else ("default", None)
    variable = PREFIX + name.upper()
    return {"name": name, "variable": variable, "value": masked(value), "origin": origin, "file": file}
