"""What is said of all clusters together: ``summary.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.pairs import Members, Pairs
from nearcopy.clusters.told import head

SUMMARY = "summary.json"

LARGEST = 20
"""Clusters that are told of by themselves."""

PUBLISHERS = 50
"""Pairs of publishers that are told of, those with the most copies first."""


def summary(members: Members, pairs: Pairs, clusters: Sequence[Cluster]) -> dict[str, Any]:
    """Counts, sizes of clusters, the largest and the widest, and who printed whose originals."""
    sizes = Counter(len(one.members) for one in clusters)
    inside = sum(size * count for size, count in sizes.items())
    return {
        "documents": len(members.ids),
        "pairs": len(pairs),
        "clusters": len(clusters),
        "in_clusters": inside,
        "could_go": inside - len(clusters),
        "originals_known": sum(one.original is not None for one in clusters),
        "sizes": {str(size): count for size, count in sorted(sizes.items())},
        "largest": [asdict(head(members, one)) for one in by_size(clusters)[:LARGEST]],
        "widest": [asdict(head(members, one)) for one in by_publishers(clusters)[:LARGEST]],
        "reprints": [
            {"publisher": by, "of": of, "documents": count}
            for (by, of), count in reprints(members, clusters).most_common(PUBLISHERS)
        ],
    }


def write_summary(folder: Path, found: dict[str, Any]) -> None:
    """``summary.json`` in the folder."""
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    (folder / SUMMARY).write_bytes(text)


def by_size(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Those with the most documents first."""
    return sorted(clusters, key=lambda one: (-len(one.members), one.id))


def by_publishers(clusters: Sequence[Cluster]) -> list[Cluster]:
    """Those with the most publishers first, then with the most documents."""
    return sorted(clusters, key=lambda one: (-one.publishers, -len(one.members), one.id))


def reprints(members: Members, clusters: Sequence[Cluster]) -> Counter[tuple[str, str]]:
    """How many documents a publisher has whose original is another's: by who reprints and whom."""
    count: Counter[tuple[str, str]] = Counter()
    for cluster in clusters:
        if cluster.original is None or (of := members.publishers[cluster.original]) is None:
            continue
        for number in cluster.members.tolist():
            by = members.publishers[number]
            if by is not None and by != of:
                count[by, of] += 1
    return count
