"""The summary of a search for copies, for people: a few lines of what summary.json has whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from service.cli.console import one_line, out

FEW = 3
"""Clusters that are told of: the largest, and those of the most publishers."""

REPRINTS = 5
"""Publishers who reprint another that are told of."""

NAME_LONGEST = 60
"""Characters of a cluster's title or first id."""


def print_clustered(summary: Mapping[str, Any], files: Iterable[Path]) -> None:
    """Counts, the foremost clusters, who reprints whom, and where all of it is."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    said = ""
    for name, line in _lines(summary, files):
        table.add_row(name if name != said else "", one_line(line))
        said = name
    out.print(table)


def _lines(summary: Mapping[str, Any], files: Iterable[Path]) -> Iterator[tuple[str, str]]:
    found = summary
    yield "documents", f"{found['documents']:,}" + _rejects(found["rejects"])
    if "kept" in found:
        yield "stay", f"{found['kept']:,}"
        yield "left", f"{found['left']:,}, of {_many(found['clusters'], 'cluster')}"
    else:
        yield from _of_clusters(found)
    if found["crowded_buckets"]:
        crowded = _many(found["crowded_buckets"], "bucket")
        yield "crowded", f"{crowded}, in which documents were compared with the next ones only"
    yield "seconds", f"{sum(found['seconds'].values()):,.1f} to find the pairs"
    for path in files:
        yield "written", str(path)


def _of_clusters(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    least = f"of a resemblance of {found['threshold']:g}"
    if found["containment"] is not None:
        least += f" or a containment of {found['containment']:g}"
    yield "pairs", f"{found['pairs']:,} {least} or more"
    yield "clusters", (
        f"{found['clusters']:,}, with {_many(found['in_clusters'], 'document')}: "
        f"{found['could_go']:,} could go; of {found['originals_known']:,} the original is known"
    )
    for name in "largest", "widest":
        for one in found[name][:FEW]:
            yield name, _cluster(one)
    for one in found["reprints"][:REPRINTS]:
        yield "reprints", f"{one['publisher']} has {_many(one['documents'], 'document')} of {one['of']}"


def _rejects(count: int) -> str:
    return f"; {_many(count, 'record')} could not be used" if count else ""


def _cluster(one: Mapping[str, Any]) -> str:
    name = one["title"] or one["original"] or one["candidates"][0]
    name = name if len(name) <= NAME_LONGEST else f"{name[: NAME_LONGEST - 1].rstrip()}…"
    counts = [_many(one["documents"], "document"), _many(one["publishers"], "publisher")]
    if one["days"] is not None:
        counts.append(_many(one["days"], "day"))
    return f"{', '.join(counts)}: {name} ({one['cluster']})"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
