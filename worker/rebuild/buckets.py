"""What lies in many buckets of one partition, looked up straight: no candidate is ranked or weighed here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady, strings
from nearcopy.index.base import HASH_BYTES
from nearcopy.index.keys import OWNER_BITS, page_numbers, page_suffixes
from nearcopy.index.plan import NO_CONTEXT, joined
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store
from nearcopy.kernel.pages import find_records

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

ENTRIES_A_CALL = 4096
"""Buckets looked up together, in no more pages: some megabytes."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Of N buckets: ``entry`` and ``number`` int64[H] of each record that is a hit, ``full`` bool[N]."""

    entry: Ints
    number: Ints
    full: Mask

    def holds(self, numbers: Ints) -> Mask:
        """bool[N]: whether each bucket holds the number that belongs there."""
        found = np.zeros(len(self.full), dtype=np.bool_)
        found[self.entry[self.number == numbers[self.entry]]] = True
        return found


class Buckets:
    """The base pages of a generation of one partition."""

    def __init__(self, store: Store, part: Partition) -> None:
        self._store, self._part = store, part

    def net(
        self, kind: str, hashes: Hashes, bands: NDArray[np.uint8], contexts: NDArray[np.uint16] | None = None
    ) -> Hits:
        """Buckets of a net: "p", "d", "x" or "f", of which the last alone has ``contexts``."""
        wanted = hashes & np.uint64((1 << 8 * HASH_BYTES[kind]) - 1)
        return self._look(kind, page_numbers(hashes, self._part.shape.base[kind]), bands, wanted, contexts)

    def documents(self, paragraphs: Ints) -> Hits:
        """The documents of paragraphs, by their numbers."""
        low = (paragraphs & (1 << OWNER_BITS) - 1).astype(np.uint64)
        pages = (paragraphs >> OWNER_BITS).astype(np.uint64)
        return self._look("o", pages, np.zeros(len(pages), dtype=np.uint8), low, None)

    def _look(
        self, kind: str, pages: Hashes, bands: NDArray[np.uint8], wanted: Hashes,
        contexts: NDArray[np.uint16] | None,
    ) -> Hits:
        entries, numbers, full = [], [], np.zeros(len(pages), dtype=np.bool_)
        order = np.lexsort((pages, bands))
        for start in range(0, len(order), ENTRIES_A_CALL):
            mine = order[start : start + ENTRIES_A_CALL]
            asked = None if contexts is None else contexts[mine]
            entry, number, full[mine] = self._read(kind, pages[mine], bands[mine], wanted[mine], asked)
            entries.append(mine[entry])
            numbers.append(number)
        none = np.empty(0, dtype=np.int64)
        return Hits(np.concatenate([none, *entries]), np.concatenate([none, *numbers]), full)

    def _read(
        self, kind: str, pages: Hashes, bands: NDArray[np.uint8], wanted: Hashes,
        contexts: NDArray[np.uint16] | None,
    ) -> tuple[Ints, Ints, Mask]:
        suffixes = page_suffixes(bands, pages)
        each, which = np.unique(suffixes.view(">u4").ravel(), return_inverse=True)
        names = self._part.keys.pages(
            self._part.generation, kind.encode(), each.view(np.uint8).reshape(-1, 4)
        )
        blob, bounds = joined(steady(lambda: strings(self._store.client, names)))
        width = HASH_BYTES[kind] + 3
        room = int((bounds[which + 1] - bounds[which]).sum()) // width + 1
        entry, number = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
        held = np.empty(len(which), dtype=np.int64)
        sides = np.full(len(which), NO_CONTEXT, dtype=np.int32)
        if contexts is not None:
            sides[:] = contexts
        widths = np.full(len(which), HASH_BYTES[kind], dtype=np.uint8)
        count = find_records(
            blob, bounds, which.astype(np.int64), wanted, widths, sides, entry, number, held
        )
        return entry[:count], number[:count], held >= BUCKET_CAP
