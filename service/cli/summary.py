"""The summary of a rebuild, for people."""

from __future__ import annotations

from typing import Any

from rich.filesize import decimal
from rich.table import Table

from nearcopy.jobs.status import Status
from service.cli.console import one_line, out


def print_summary(status: Status, rejects: str | None) -> None:
    """What was made."""
    summary = dict(status.summary or {})
    detection, threshold = summary.pop("detection", None), summary.pop("threshold", None)
    summary.pop("seconds", None)
    if rejects:
        summary["rejects are in"] = rejects
    if detection is not None:
        summary["detection"] = f"{detection:.1%} at a resemblance of {threshold:g}"
    _print(summary | {"audit": status.audit, "seconds": status.seconds})


def print_forecast(found: dict[str, Any]) -> None:
    """What would be made."""
    _print({
        "documents": found["documents"], "paragraphs": found["paragraphs"],
        **{f"{kind} bytes": count for kind, count in found["bytes"].items()},
        "in all": f"{decimal(found['total'])}, give or take {found['error']:.0%}",
        "sample": found["sample"],
        **{f"on {need['server']}": _need(need) for need in found["needs"]},
    })


def _need(need: dict[str, Any]) -> str:
    """What one server needs and has."""
    if need["free"] is None:
        return f"{decimal(need['needed'])}; no maxmemory is set there"
    told = f"{decimal(need['needed'])} of {decimal(max(need['free'], 0))} free"
    return told if need["fits"] else f"{told}: it does not fit"


def _print(rows: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        if value or value == 0:
            table.add_row(one_line(name.replace("_", " ")), shown(name, value))
    out.print(table)


def shown(name: str, value: Any) -> str:
    """A figure, or several, by their names."""
    if isinstance(value, bool | str) or value is None:
        return one_line(str(value))
    if isinstance(value, int):
        return decimal(value) if name.endswith("bytes") else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {shown(key, one)}" for key, one in value.items())
    return one_line(str(value))
