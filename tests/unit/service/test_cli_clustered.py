"""What people read of a search for copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.cli.clustered import print_clustered
from service.cli.console import PIPED_WIDTH, out


def head(documents: int, **given: Any) -> dict[str, Any]:
    return {
        "cluster": f"c{documents}", "title": None, "documents": documents, "publishers": 1, "first": None,
        "last": None, "days": None, "original": None, "candidates": ("a", "b"), **given,
    }


FOUND = {
    "documents": 36295, "rejects": 1, "threshold": 0.5, "containment": 0.8, "crowded_buckets": 0,
    "seconds": {"sign": 1.5, "meet": 0.25}, "pairs": 85116, "clusters": 4, "in_clusters": 7136,
    "could_go": 7132, "originals_known": 1,
    "largest": [
        head(263, title="Grants\x1b[2J " + "and more grants " * 9), head(9, original="x/1", days=1), head(3),
        head(2),
    ],
    "widest": [head(9, publishers=4)],
    "reprints": [{"publisher": "Post", "of": "Wire", "documents": 12}],
}


def test_few_lines_say_what_was_found_and_where_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest-xdist gives its processes a terminal's width
    monkeypatch.setattr(out, "width", PIPED_WIDTH)
    print_clustered(FOUND, [Path("o/pairs.csv")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "documents  36,295; 1 record could not be used",
        "pairs      85,116 of a resemblance of 0.5 or a containment of 0.8 or more",
        "clusters   4, with 7,136 documents: 7,132 could go; of 1 the original is known",
        "largest    263 documents, 1 publisher: Grants\N{REPLACEMENT CHARACTER}[2J and more grants and more "
        "grants and more grants… (c263)",
        "           9 documents, 1 publisher, 1 day: x/1 (c9)",
        "           3 documents, 1 publisher: a (c3)",
        "widest     9 documents, 4 publishers: a (c9)",
        "reprints   Post has 12 documents of Wire",
        "seconds    1.8 to find the pairs",
        "written    o/pairs.csv",
    ]


def test_what_left_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    print_clustered(FOUND | {"kept": 2, "left": 3, "crowded_buckets": 1}, [])
    told = capsys.readouterr().out
    assert "left       3, of 4 clusters" in told
    assert "1 bucket," in told
    assert "largest" not in told
