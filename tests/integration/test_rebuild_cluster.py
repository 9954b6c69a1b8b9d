"""Sixteen partitions on a Redis Cluster of three masters are rebuilt as one partition on one server is."""

from __future__ import annotations

from pathlib import Path

from nearcopy.archive import Archive
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.masters import PARTITIONS, Masters
from tests.integration.rebuilding import articles, at, rebuilt, written

ARCHIVE = articles(60)


def test_every_partition_of_a_cluster_is_published(masters: Masters, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    new = document("new", [3, 4])
    with Archive.open(masters.url, "c", partitions=PARTITIONS) as archive:
        archive.put(document("old", [1]))
        summary = rebuilt(
            archive, path, tmp_path / "f", progress=at("pack", 0, lambda: archive.put(new)), memory=8 << 20
        )
        assert (summary.documents, summary.replayed) == (60, 1)
        audit(archive, {**{one.id: one for one in ARCHIVE}, "new": new})
