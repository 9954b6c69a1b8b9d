"""Clusters as tables and as a summary."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from nearcopy.clusters.group import group
from nearcopy.clusters.keep import kept_for
from tests.unit.clusters.made import figures, made, members, pairs
from worker.archive.writing import Format, table
from worker.clusters.summary import summary, write_summary
from worker.clusters.writing import write_clusters, write_left

DOCUMENTS = [
    made("paper", [*range(10), 50], "2026-01-03", "Paper"),
    made("agency", range(10), "2026-01-01", "Agency"),
    made("late", range(8), "2026-02-01", "Paper"),
    made("alone", [99], "2026-01-01", "Paper"),
]
TABLE = members(DOCUMENTS)
PAIRS = pairs(DOCUMENTS)
CLUSTERS = group(TABLE, PAIRS, lambda keys: figures(DOCUMENTS, keys))


def read(path: Path) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return list(parquet.read_table(path).to_pylist())
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else list(map(json.loads, file))


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_the_table_of_clusters_has_a_row_a_member(tmp_path: Path, format: Format) -> None:
    write_clusters(tmp_path, format, TABLE, CLUSTERS)
    rows = read(tmp_path / f"clusters.{format}")
    assert [(row["document"], row["role"], row["published_at"], row["publisher"]) for row in rows] == [
        ("agency", "original", "2026-01-01", "Agency"),
        ("paper", "copy", "2026-01-03", "Paper"),
        ("late", "copy", "2026-02-01", "Paper"),
    ]
    assert {row["cluster"] for row in rows} == {CLUSTERS[0].id}
    assert [(float(row["in_original"]), float(row["of_original"])) for row in rows] == [
        (1, 1), (pytest.approx(10 / 11), 1), (1, 0.8),
    ]


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_a_table_holds_any_text(tmp_path: Path, format: Format) -> None:
    values = ["plain", 'a",\n  "b', "back\\slash\\", "%b%d", "\u2028é😀", "[\n", "\n]", ""]
    with table(tmp_path, "any", format, {"100%": str, "number": float}) as put:
        put({"100%": values, "number": [0.5] * len(values)})
        put({"100%": [], "number": []})
        put({"100%": ["last"], "number": [1e-9]})
    rows = read(tmp_path / f"any.{format}")
    assert [row["100%"] for row in rows] == [*values, "last"]
    assert [float(str(row["number"])) for row in rows] == [*[0.5] * len(values), 1e-9]


@pytest.mark.parametrize(("rule", "kept"), [("earliest", "agency"), ("longest", "paper"), ("first", "paper")])
def test_the_list_of_what_left_names_what_stays_for_it(tmp_path: Path, rule: str, kept: str) -> None:
    count = write_left(tmp_path, "left", "jsonl", TABLE, CLUSTERS, kept_for(TABLE, CLUSTERS, rule))
    rows = read(tmp_path / "left.jsonl")
    assert count == len(rows) == 2
    assert [row["document"] for row in rows] == [name for name in ("paper", "agency", "late") if name != kept]
    assert {(row["kept"], row["cluster"]) for row in rows} == {(kept, CLUSTERS[0].id)}


def test_the_summary_counts(tmp_path: Path) -> None:
    write_summary(tmp_path, summary(TABLE, PAIRS, CLUSTERS))
    found = json.loads((tmp_path / "summary.json").read_text())
    cluster = {
        "cluster": CLUSTERS[0].id, "documents": 3, "publishers": 2, "first": "2026-01-01",
        "last": "2026-02-01", "days": 31, "original": "agency", "candidates": [], "title": None,
        "least_containment": 0.9091, "median_containment": 0.9545,
    }
    assert found == {
        "documents": 4, "pairs": 3, "clusters": 1, "in_clusters": 3, "could_go": 2, "originals_known": 1,
        "sizes": {"3": 1}, "largest": [cluster], "widest": [cluster],
        "reprints": [{"publisher": "Paper", "of": "Agency", "documents": 2}],
    }


def test_an_archive_without_clusters_has_empty_tables(tmp_path: Path) -> None:
    write_clusters(tmp_path, "csv", TABLE, [])
    assert (tmp_path / "clusters.csv").read_text().splitlines() == [
        "cluster,document,publisher,published_at,role,in_original,of_original"
    ]
    assert summary(TABLE, PAIRS.chosen(PAIRS.a < 0), [])["clusters"] == 0
