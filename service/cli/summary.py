"""The summary of a rebuild, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    found = status.audit or {}
    kinds = {name: count for name, count in found.get("counted", {}).items() if name.startswith("bytes")}
    levels = {f"audit, {name}": told for name, told in _levels(found)}
    print_figures(summary | kinds | levels | {"seconds": status.seconds})


def audited(found: dict[str, Any]) -> str:
    """An audit in a line."""
    copies = found.get("copies", [])
    if not copies:
        return ""
    there, expected = (sum(one[name] for one in copies) for name in ("found", "expected"))
    return f"{there:,} of {sum(one['copies'] for one in copies):,} copies found, {expected:,.0f} expected"


def _levels(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What was looked for, and what was found."""
    if "answers" in found:
        nothing, looked = found["answers"]["nothing"], sum(found["answers"].values())
        yield "documents of the sample", f"{looked - nothing:,} of {looked:,} find themselves"
    for one in found.get("copies", []):
        told = f"{one['found']:,} of {one['copies']:,} found, {one['expected']:,.0f} expected"
        yield f"copies of {one['of']} at {one['aimed']:g}", told


def print_forecast(found: dict[str, Any]) -> None:
    """What would be made."""
    print_figures({
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


def print_figures(rows: Mapping[str, Any]) -> None:
    """A table of figures by their names."""
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
        return decimal(value) if "bytes" in name else f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if value < 100 else f"{value:,.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {shown(key, one)}" for key, one in value.items())
    return one_line(str(value))
