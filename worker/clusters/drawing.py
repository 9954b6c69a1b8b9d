"""The drawings of a report: places of bars and dots, in units of an SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.pairs import Members
from nearcopy.document import instant

BINS = ((2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, 1000), (1001, 1 << 40))
"""Sizes of clusters, from and to."""

BAR, HEIGHT = 104, 160
WIDTH, ROW, LEFT = 1100, 22, 190
"""Of a time line: its width, the height of a row, and where its dates begin."""

ROWS = 8
"""Publishers with a row of their own; all others share the last."""

DOTS = 400
"""Documents of a time line."""

NOBODY = "(unknown)"
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class Bar:
    """So many clusters of a size: their places among all."""

    name: str
    count: int
    x: int
    y: float
    height: float
    places: list[int]


@dataclass(frozen=True, slots=True)
class Dot:
    """A document on a time line."""

    number: int
    role: str
    x: float
    y: float
    said: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The dated documents of a cluster by publisher, and how many are ``undated`` or left ``out``."""

    dots: list[Dot]
    rows: list[tuple[str, int]]
    height: int
    first: str
    last: str
    undated: int
    out: int


def bars(clusters: Sequence[Cluster]) -> list[Bar]:
    """The sizes of clusters as a histogram, without what is empty at its end. Heights are proportional to the
    count."""
    places: dict[int, list[int]] = {}
    for place, cluster in enumerate(clusters):
        size = len(cluster.members)
        bin = next(n for n, (first, last) in enumerate(BINS) if first <= size <= last)
        places.setdefault(bin, []).append(place)
    most = max(map(len, places.values()), default=1)
    out = []
    for n in range(max(places, default=-1) + 1):
        here, (first, last) = places.get(n, []), BINS[n]
        height = round(max(len(here) / most * HEIGHT, 2 if here else 0), 1)
        out.append(Bar(_name(first, last), len(here), n * BAR, HEIGHT - height, height, here))
    return out


def _name(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}–{last}" if last < BINS[-1][1] else f"over {first - 1}"


def time_line(members: Members, cluster: Cluster) -> TimeLine | None:
    """When who printed a cluster; None where no two of its documents have different dates."""
    numbers = cluster.members.tolist()
    when = {n: instant(date) for n in numbers if (date := members.published_at[n]) is not None}
    shown = [n for n in numbers if n in when][:DOTS]
    if not shown or when[shown[0]] == when[shown[-1]]:
        return None
    start, span = when[shown[0]], when[shown[-1]] - when[shown[0]]
    by = Counter(members.publishers[n] or NOBODY for n in shown).most_common()
    names = [name for name, _ in by]
    if len(names) > ROWS:
        names = [*names[: ROWS - 1], OTHERS]
    row = {name: n for n, name in enumerate(names)}
    role = dict(zip(numbers, cluster.roles, strict=True))
    dots = []
    for n in shown:
        publisher = members.publishers[n] or NOBODY
        place = row.get(publisher, len(names) - 1)
        said = f"{members.published_at[n]} · {publisher} · {members.titles[n] or members.ids[n]} · {role[n]}"
        dots.append(Dot(n, role[n], _x(when[n], start, span), place * ROW + ROW / 2, said))
    return TimeLine(
        dots, [(name, n * ROW + ROW // 2) for name, n in row.items()], len(names) * ROW, _day(start),
        _day(start + span), len(numbers) - len(when), len(when) - len(shown),
    )


def _x(moment: datetime, start: datetime, span: timedelta) -> float:
    return round(LEFT + (moment - start) / span * (WIDTH - LEFT - 12), 1)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
