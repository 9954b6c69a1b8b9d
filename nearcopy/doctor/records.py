"""All pages of one band as arrays of records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady, strings
from nearcopy.index.keys import page_suffixes
from nearcopy.index.store import Partition, Store

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]

BODY = {"p": 2, "d": 2, "f": 4, "x": 6, "o": 1}
"""Bytes of a record before its number, by kind of page: of hash, and of a fingerprint's context."""

HASH = {"p": 2, "d": 2, "f": 2, "x": 6, "o": 1}
"""Bytes of it that tell the buckets of a page apart."""

NUMBER = 3
PAGES_A_CALL = 2000
"""Pages asked for together: a megabyte or so."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Records:
    """What stands on the pages of one letter in a band, without what was removed.

    - ``pages`` int64[N], ``bodies`` uint64[N], ``numbers`` int64[N]: page, bytes before the number, number
    - ``torn``: pages that end in the middle of a record
    - ``longest``: records of the longest page, removed ones included
    """

    letter: str
    band: int
    pages: Ints
    bodies: Hashes
    numbers: Ints
    torn: list[int]
    longest: int

    def between(self, first: int, end: int) -> Records:
        """Those of the numbers from ``first`` to ``end - 1``."""
        mine = (self.numbers >= first) & (self.numbers < end)
        return replace(self, pages=self.pages[mine], bodies=self.bodies[mine], numbers=self.numbers[mine])

    def keys(self) -> Hashes:
        """One number for each record; see `key_of`."""
        return key_of(self.pages, self.bodies, self.numbers)


def key_of(pages: Ints, bodies: Hashes, numbers: Ints) -> Hashes:
    """uint64[N]: one number for each record and its page. Those of bodies of two bytes never agree by chance,
    others once in 2**64 pairs."""
    low = (bodies & np.uint64(0xFFFF)) << np.uint64(24) | numbers.astype(np.uint64)
    keys: Hashes = (pages.astype(np.uint64) << np.uint64(40) | low) ^ (bodies >> np.uint64(16)) * GOLDEN
    return keys


def width(letter: str) -> int:
    """Bytes of a record."""
    return BODY[letter.lower()] + NUMBER


def page_name(part: Partition, letter: str, band: int, page: int) -> bytes:
    """The key of one page."""
    suffix = page_suffixes(np.array([band], dtype=np.uint8), np.array([page], dtype=np.uint64))
    return part.keys.pages(part.generation, letter.encode(), suffix)[0]


def read(store: Store, part: Partition, letter: str, band: int, pages: int) -> Records:
    """The records of pages 0 to ``pages - 1`` of a band."""
    size, found, torn, longest = width(letter), [_nothing()], [], 0
    for first, contents in _contents(store, part, letter, band, pages):
        lengths = np.array([len(content) for content in contents], dtype=np.int64)
        torn += (first + np.flatnonzero(lengths % size)).tolist()
        longest = max(longest, int(lengths.max(initial=0)) // size)
        whole = b"".join(content[: len(content) // size * size] for content in contents)
        table = np.frombuffer(whole, dtype=np.uint8).reshape(-1, size)
        bodies, numbers = _big_endian(table[:, :-NUMBER]), _big_endian(table[:, -NUMBER:]).astype(np.int64)
        there = (numbers != 0) | (bodies != 0)
        places = np.repeat(np.arange(first, first + len(contents)), lengths // size)
        found.append((places[there], bodies[there], numbers[there]))
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    return Records(letter, band, columns[0], columns[1], columns[2], torn, longest)


def _contents(
    store: Store, part: Partition, letter: str, band: int, pages: int
) -> Iterator[tuple[int, list[bytes]]]:
    for first in range(0, pages, PAGES_A_CALL):
        numbers = np.arange(first, min(first + PAGES_A_CALL, pages), dtype=np.uint64)
        suffixes = page_suffixes(np.full(len(numbers), band, dtype=np.uint8), numbers)
        names = part.keys.pages(part.generation, letter.encode(), suffixes)
        stored = steady(lambda names=names: strings(store.client, names))  # type: ignore[misc]
        yield first, [content or b"" for content in stored]


def _nothing() -> tuple[Ints, Hashes, Ints]:
    none = np.empty(0, dtype=np.int64)
    return none, none.astype(np.uint64), none


def _big_endian(table: NDArray[np.uint8]) -> Hashes:
    values = np.zeros(len(table), dtype=np.uint64)
    for column in table.T:
        values = values << np.uint64(8) | column
    return values
