"""Write: the pairs of an archive as a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nearcopy.clusters.pairs import Members, Pairs
from worker.archive.writing import Format, table

ROWS = 1 << 14
"""Written at a time."""

PAIR = {
    "a": str, "b": str, "resemblance": float, "a_in_b": float, "b_in_a": float, "shared_words": int,
}


def write_pairs(folder: Path, format: Format, members: Members, pairs: Pairs) -> None:
    """The table ``pairs``, in the order of the archive."""
    ids = np.array(members.ids, dtype=object)
    with table(folder, "pairs", format, PAIR) as put:
        for start in range(0, len(pairs), ROWS):
            rows = slice(start, start + ROWS)
            put({
                "a": ids[pairs.a[rows]].tolist(),
                "b": ids[pairs.b[rows]].tolist(),
                "resemblance": pairs.resemblance[rows].tolist(),
                "a_in_b": pairs.a_in_b[rows].tolist(),
                "b_in_a": pairs.b_in_a[rows].tolist(),
                "shared_words": pairs.shared[rows].tolist(),
            })
