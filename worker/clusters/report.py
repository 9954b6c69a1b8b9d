"""``--report FILE.html``: one page to look at, which needs nothing but itself.

Every figure leads down to the clusters that it counts, and those to two texts side by side, as far as the
page shows them: of the largest and widest clusters, of some of each size, and of an example for each pair of
publishers. What it shows lies on sheets, which an address in the page opens; there is no script.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.pairs import Members
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.parameters import Parameters
from worker.clusters import drawing
from worker.clusters.beside import Beside, beside
from worker.clusters.summary import by_publishers, by_size, reprints

TOP = 12
"""Clusters with a time line, of the largest and of the widest."""

TEXTS = 6
"""Documents of a cluster at the top that are shown beside its original; of others, `FEW`."""

FEW = 2

MEMBERS = 50
"""Documents listed of a cluster."""

OF_A_SIZE = 20
"""Clusters listed of each size."""

PUBLISHERS = 16
"""Rows and columns of the matrix."""

CELLS = 60
"""Cells of the matrix that lead to texts, those with the most documents first."""

EXAMPLES = 10
"""Documents listed of a cell."""

Figures = Mapping[str, Any]
Texts = Callable[[int], Document]


@dataclass(slots=True)
class Sheets:
    """Which clusters have a sheet, by their places, and of each the members shown beside the lead."""

    clusters: Sequence[Cluster]
    texts: dict[int, list[int]] = field(default_factory=dict)

    def want(self, place: int, count: int, first: Sequence[int] = ()) -> None:
        """Show a cluster, and so many documents beside its lead; ``first`` before others."""
        cluster, shown = self.clusters[place], self.texts.setdefault(place, [])
        for number in [*first, *cluster.members.tolist()]:
            if len(shown) >= count and number not in first:
                break
            if number != cluster.lead and number not in shown:
                shown.append(number)


@dataclass(frozen=True, slots=True)
class Cell:
    """How many documents a publisher has whose original is another's, and some of them: the place of the
    cluster and the number of the document."""

    by: int
    of: int
    count: int
    examples: list[tuple[int, int]]


def write_report(
    path: Path, members: Members, clusters: Sequence[Cluster], figures: Figures, texts: Texts,
    parameters: Parameters,
) -> None:
    """Write the page; ``figures`` are those of the summary, ``texts`` reads a document. Raises `OSError`."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(page(members, clusters, figures, texts, parameters), encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def page(
    members: Members, clusters: Sequence[Cluster], figures: Figures, texts: Texts, parameters: Parameters
) -> str:
    """The page."""
    places = {cluster.id: place for place, cluster in enumerate(clusters)}
    sheets = Sheets(clusters)
    tops = {
        "largest": [places[one.id] for one in by_size(clusters)[:TOP]],
        "widest": [places[one.id] for one in by_publishers(clusters)[:TOP] if one.publishers > 1],
    }
    for place in (*tops["largest"], *tops["widest"]):
        sheets.want(place, TEXTS)
    bars = drawing.bars(clusters)
    for bar in bars:
        for place in bar.places[:OF_A_SIZE]:
            sheets.want(place, FEW)
    names, cells = matrix(members, clusters)
    for cell in cells[:CELLS]:
        place, number = cell.examples[0]
        sheets.want(place, FEW, [number])
    style = _asset("report.css")
    template = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    ).from_string(_asset("report.html"))
    return template.render(
        style=style, style_hash=_hash(style), figures=figures, members=members, clusters=clusters, bars=bars,
        tops=tops, names=names, cells=cells, sheets=sheets.texts, drawing=drawing, listed=MEMBERS,
        of_a_size=OF_A_SIZE, lines={place: drawing.time_line(members, clusters[place])
                                    for place in {*tops["largest"], *tops["widest"]}},
        pairs=_pairs(sheets, texts, parameters), most=max((cell.count for cell in cells), default=1),
    )


def matrix(members: Members, clusters: Sequence[Cluster]) -> tuple[list[str], list[Cell]]:
    """The publishers with the most reprints, given or taken, and the cells between them, the fullest
    first."""
    counts = reprints(members, clusters)
    weight: dict[str, int] = {}
    for pair, count in counts.items():
        for name in pair:
            weight[name] = weight.get(name, 0) + count
    names = sorted(sorted(weight, key=lambda name: (-weight[name], name))[:PUBLISHERS])
    place_of = {name: place for place, name in enumerate(names)}
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for place, cluster in enumerate(clusters):
        of = None if cluster.original is None else place_of.get(members.publishers[cluster.original] or "")
        for number in cluster.members.tolist() if of is not None else ():
            by = place_of.get(members.publishers[number] or "")
            if by is not None and of is not None and by != of:
                found.setdefault((by, of), []).append((place, number))
    cells = [Cell(by, of, len(every), every[:EXAMPLES]) for (by, of), every in found.items()]
    return names, sorted(cells, key=lambda cell: (-cell.count, cell.by, cell.of))


def _pairs(sheets: Sheets, texts: Texts, parameters: Parameters) -> dict[tuple[int, int], Beside]:
    found = {}
    for place, numbers in sheets.texts.items():
        lead = texts(sheets.clusters[place].lead).text
        for number in numbers:
            try:
                found[place, number] = beside(lead, texts(number).text, parameters)
            except InputError:  # one of them has no words
                continue
    return found


def _asset(name: str) -> str:
    return files("worker.clusters").joinpath(name).read_text(encoding="utf-8")


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
