"""What is signed once and read band by band: in a file without a name, for it may outgrow memory."""

from __future__ import annotations

import os
import tempfile

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]


class Spill:
    """Tables uint64[N, columns], read column by column."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spill
        self._places: list[tuple[int, int]] = []
        self._end = 0

    def add(self, table: Hashes) -> None:
        """More rows, [n, columns]."""
        self._places.append((self._end, len(table)))
        self._file.write(np.ascontiguousarray(table.T).data)
        self._end += table.nbytes

    def column(self, number: int) -> Hashes:
        """``uint64[N]``: one column of all rows."""
        self._file.flush()
        columns = [np.empty(0, dtype=np.uint64)]
        for start, rows in self._places:
            found = os.pread(self._file.fileno(), 8 * rows, start + 8 * rows * number)
            columns.append(np.frombuffer(found, dtype=np.uint64))
        return np.concatenate(columns)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
