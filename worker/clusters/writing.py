"""Write: the clusters of an archive, and what leaves it, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.pairs import Ints, Members
from worker.archive.writing import Format, table

CLUSTERS, ROWS = 1 << 10, 1 << 16
"""Written at a time."""

CLUSTER = {
    "cluster": str, "document": str, "publisher": str, "published_at": str, "role": str, "in_original": float,
    "of_original": float,
}
"""A row a member. Where the original is not known, the figures are of the longest of its candidates."""

LEFT = {"document": str, "kept": str, "cluster": str}
"""A row for each document that left the archive: which stays for it, and the cluster of both."""


def write_clusters(folder: Path, format: Format, members: Members, clusters: Sequence[Cluster]) -> None:
    """The table ``clusters``: the members of each by date, the clusters in the order of their ids."""
    with table(folder, "clusters", format, CLUSTER) as put:
        ordered = sorted(clusters, key=lambda one: one.id)
        for start in range(0, len(ordered), CLUSTERS):
            part = ordered[start : start + CLUSTERS]
            numbers = [number for one in part for number in one.members.tolist()]
            put({
                "cluster": [one.id for one in part for _ in one.roles],
                "document": [members.ids[number] for number in numbers],
                "publisher": [members.publishers[number] for number in numbers],
                "published_at": [members.published_at[number] for number in numbers],
                "role": [role for one in part for role in one.roles],
                "in_original": [share for one in part for share in one.in_lead.tolist()],
                "of_original": [share for one in part for share in one.of_lead.tolist()],
            })


def write_left(
    folder: Path, name: str, format: Format, members: Members, clusters: Sequence[Cluster], kept: Ints
) -> int:
    """A table of what leaves where only ``kept`` stays (`nearcopy.clusters.keep.kept_for`), in the order of
    the archive; returns how many leave."""
    cluster_of = {number: one.id for one in clusters for number in one.members.tolist()}
    gone = np.flatnonzero(kept != np.arange(len(kept)))
    with table(folder, name, format, LEFT) as put:
        for start in range(0, len(gone), ROWS):
            part = gone[start : start + ROWS].tolist()
            put({
                "document": [members.ids[one] for one in part],
                "kept": [members.ids[one] for one in kept[part].tolist()],
                "cluster": [cluster_of[one] for one in part],
            })
    return len(gone)
