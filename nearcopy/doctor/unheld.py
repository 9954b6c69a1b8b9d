"""Paragraphs that no document holds any more: they keep their records, all of them or none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nearcopy.doctor.findings import Finding
from nearcopy.doctor.looking import ATTEMPTS, Change, look
from nearcopy.doctor.nets import positions
from nearcopy.doctor.records import NUMBER, Ints, Records, page_name, read, width
from nearcopy.index.keys import OWNER_BITS
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store


@dataclass(slots=True)
class Unheld:
    """Counts the records of paragraphs 1 to ``last`` that are ``loose``, bool[last + 1]: no stored text has
    them. What they ought to leave nobody knows, only how much."""

    store: Store
    part: Partition
    last: int
    loose: NDArray[np.bool_]
    whole: Ints = field(init=False)
    some: NDArray[np.bool_] = field(init=False)
    exact: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = np.zeros(self.last + 1, dtype=np.int64)
        self.some, self.exact = np.zeros(self.last + 1, np.bool_), np.zeros(self.last + 1, np.bool_)

    def count(self, layers: list[Records], exact: bool = False) -> None:
        """Take the records of one band, or of the exact paragraphs, into account."""
        numbers = np.concatenate([layer.numbers for layer in layers])
        times = np.bincount(numbers[numbers <= self.last], minlength=self.last + 1)
        self.some |= times > 0
        if exact:
            self.exact = times == 1
        else:
            # A bucket that was full has nothing of those that came later.
            full = any(layer.longest >= BUCKET_CAP for layer in layers)
            self.whole += (times == 1) | (full & (times == 0))

    def settled(self, where: str, letters: str, repair: bool) -> Finding | None:
        """What is off with them; mended by removing all that such a paragraph has left."""
        complete = self.exact & (self.whole == self.part.parameters.bands)
        off = np.flatnonzero(self.loose & self.some & ~complete)
        off = off[off > 0]
        if not len(off):
            return None
        mended = repair
        if repair:
            wanted = set(off.tolist())
            # The exact record goes first: nobody can take the paragraph up after that.
            for kind in "xp":
                for band in range(self.part.parameters.bands if kind == "p" else 1):
                    for letter in letters:
                        mended &= self._removed(kind if letter == "p" else kind.upper(), band, wanted)
        what = f"paragraphs that no document holds, and that lack records or have some twice: {len(off):,}"
        return Finding("unheld", where, what, mended)

    def _removed(self, letter: str, band: int, wanted: set[int]) -> bool:
        """Remove the records of paragraphs from a band; whether all are gone."""
        shape = self.part.shape.delta if letter.isupper() else self.part.shape.base
        records = read(self.store, self.part, letter, band, shape[letter.lower()])
        mine = np.flatnonzero(np.isin(records.numbers, list(wanted)))
        done = True
        for place in mine.tolist():
            record = int(records.bodies[place]).to_bytes(width(letter) - NUMBER, "big")
            number = int(records.numbers[place])
            page = page_name(self.part, letter, band, int(records.pages[place]))
            done &= self._remove(page, record + number.to_bytes(NUMBER, "big"), number)
        return done

    def _remove(self, page: bytes, record: bytes, number: int) -> bool:
        holders = [page_name(self.part, letter, 0, number >> OWNER_BITS) for letter in "oO"]
        low = number & (1 << OWNER_BITS) - 1
        for _ in range(ATTEMPTS):
            (content, *held), _ = look(self.store, self.part, [page, *holders])
            change = Change()
            change.string(page, content)
            for name, found in zip(holders, held, strict=True):
                change.string(name, found)
                if _holds(found or b"", low):
                    return False
            for at in positions(content or b"", record):
                change.run("SETRANGE", page, at, bytes(len(record)))
            if change.made(self.store, self.part):
                return True
        return False


def _holds(content: bytes, low: int) -> bool:
    """Whether a page of holders has one of the paragraph with this low byte."""
    size = width("o")
    records = (content[at : at + size] for at in range(0, len(content) // size * size, size))
    return any(record[0] == low and any(record[1:]) for record in records)
