"""The summary of a rebuild, for people."""

from __future__ import annotations

from typing import Any

from rich.filesize import decimal
from rich.table import Table

from nearcopy.jobs.status import Status
from service.cli.console import one_line, out


def print_summary(status: Status, rejects: str | None) -> None:
    """What was made."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    summary = dict(status.summary or {})
    detection, threshold = summary.pop("detection", None), summary.pop("threshold", None)
    summary.pop("seconds", None)
    for name, value in summary.items():
        table.add_row(name.replace("_", " "), _shown(name, value))
    if rejects:
        table.add_row("rejects are in", one_line(rejects))
    if detection is not None:
        table.add_row("detection", f"{detection:.1%} at a resemblance of {threshold:g}")
    for name, value in (("audit", status.audit), ("seconds", status.seconds)):
        if value:
            table.add_row(name, _shown(name, value))
    out.print(table)


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool | str) or value is None:
        return one_line(str(value))
    if isinstance(value, int):
        return decimal(value) if name.endswith("bytes") else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_shown(key, one)}" for key, one in value.items())
    return one_line(str(value))
