"""The records of one band against those that its documents ought to leave.

A posting may stand on its base page or on its delta page, and must stand once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nearcopy.doctor.findings import counted
from nearcopy.doctor.looking import ATTEMPTS, Change, look
from nearcopy.doctor.records import HASH, NUMBER, Hashes, Ints, Records, key_of, page_name, width
from nearcopy.index.keys import page_numbers
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store

Pages = tuple[tuple[str, int], ...]
Head = Callable[[int], bytes]
"""The first bytes of the text of a document as it was read; b"" where there was none."""

ONE_A_NUMBER = ("p", "d", "x")
"""Kinds of which a band has one record of each number."""

ITEMS_A_STEP = 256
"""Records that are looked at, and mended, in one step."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Records that ought to stand in a band: ``bodies`` uint64[N], ``numbers`` int64[N], and the ``base`` and
    ``delta`` page of each, int64[N]; ``base`` is None where there are no base pages."""

    kind: str
    bodies: Hashes
    numbers: Ints
    base: Ints | None
    delta: Ints

    @classmethod
    def of(
        cls, kind: str, part: Partition, hashes: Hashes, numbers: Ints,
        contexts: NDArray[np.uint16] | None = None,
    ) -> Expected:
        """Those of bucket hashes ("p", "d", "f", "x"), each once, of numbers that are above 0."""
        low = hashes & np.uint64((1 << 8 * HASH[kind]) - 1)
        bodies = low if contexts is None else low << np.uint64(16) | contexts
        delta = page_numbers(hashes, part.shape.delta[kind]).astype(np.int64)
        base = None
        if part.shape.base[kind]:
            base = page_numbers(hashes, part.shape.base[kind]).astype(np.int64)
        one = cls(kind, bodies, numbers, base, delta)
        return one if kind in ONE_A_NUMBER else one.once()

    def once(self) -> Expected:
        """Without repeats: a fingerprint that stands twice in a text is one posting."""
        keys = key_of(self.delta if self.base is None else self.base, self.bodies, self.numbers)
        once = np.unique(keys, return_index=True)[1]
        base = None if self.base is None else self.base[once]
        return Expected(self.kind, self.bodies[once], self.numbers[once], base, self.delta[once])

    def on(self, letter: str) -> Ints | None:
        """The page of each on a base ("p") or delta letter ("P")."""
        return self.delta if letter.isupper() else self.base

    def places(self, at: int) -> Pages:
        """Letter and page of where one record may stand."""
        delta = (self.kind.upper(), int(self.delta[at]))
        return (delta,) if self.base is None else ((self.kind, int(self.base[at])), delta)


@dataclass(slots=True)
class Item:
    """A record that looks wrong. ``pages``: letter and page of each place where it stands, or might."""

    body: int
    number: int
    pages: Pages
    expected: bool


@dataclass(slots=True)
class Tally:
    """What is off in a band, by how it is off; and whether all of it was mended."""

    missing: int = 0
    twice: int = 0
    stray: int = 0
    torn: int = 0
    mended: bool = True

    def __bool__(self) -> bool:
        return bool(self.missing or self.twice or self.stray or self.torn)

    def __add__(self, other: Tally) -> Tally:
        """Of both; a torn page is the same for both."""
        return Tally(
            self.missing + other.missing, self.twice + other.twice, self.stray + other.stray,
            max(self.torn, other.torn), self.mended and other.mended,
        )

    def sentence(self, thing: str) -> str:
        """In words."""
        return counted(
            (self.missing, f"{thing} is missing", f"{thing}s are missing"),
            (self.twice, f"{thing} stands twice", f"{thing}s stand twice"),
            (self.stray, f"{thing} belongs to nothing", f"{thing}s belong to nothing"),
            (self.torn, "page is cut off within a record", "pages are cut off within a record"),
        )


def compared(
    expected: Expected, layers: list[Records], judged: Callable[[Ints], NDArray[np.bool_]]
) -> list[Item]:
    """What looks wrong. ``judged``: of the numbers of records that are not expected, which are wrong; of the
    others nothing is known."""
    there = np.zeros(len(expected.numbers), dtype=np.int64)
    items = []
    match = _by_number if expected.kind in ONE_A_NUMBER else _by_key
    for layer in layers:
        times, right = match(expected, layer)
        there += times
        unknown = np.flatnonzero(~right)
        wrong = unknown[judged(layer.numbers[unknown]) | (layer.numbers[unknown] == 0)]
        columns = (layer.pages[wrong], layer.bodies[wrong], layer.numbers[wrong])
        items += [
            Item(body, number, ((layer.letter, page),), expected=False)
            for page, body, number in set(zip(*(column.tolist() for column in columns), strict=True))
        ]
    for place in np.flatnonzero(there != 1).tolist():
        items.append(Item(
            int(expected.bodies[place]), int(expected.numbers[place]), expected.places(place), expected=True
        ))
    return items


def _by_number(expected: Expected, layer: Records) -> tuple[Ints, NDArray[np.bool_]]:
    """How often each expected record stands in a layer, and which of its records are expected; without
    sorting, where there is one a number."""
    pages = expected.on(layer.letter)
    if pages is None:
        return np.zeros(len(expected.numbers), dtype=np.int64), np.zeros(len(layer.numbers), dtype=np.bool_)
    places = np.full(max(int(expected.numbers.max(initial=0)), int(layer.numbers.max(initial=0))) + 1, -1)
    places[expected.numbers] = np.arange(len(expected.numbers))
    mine = places[layer.numbers]
    right = mine >= 0
    right &= (layer.pages == pages[mine]) & (layer.bodies == expected.bodies[mine]) if len(pages) else False
    return np.bincount(mine[right], minlength=len(pages)), right


def _by_key(expected: Expected, layer: Records) -> tuple[Ints, NDArray[np.bool_]]:
    """The same by sorting."""
    pages = expected.on(layer.letter)
    wanted = key_of(pages, expected.bodies, expected.numbers) if pages is not None else np.empty(0, np.uint64)
    found = layer.keys()
    times = _times(wanted, found) if pages is not None else np.zeros(len(expected.numbers), dtype=np.int64)
    return times, _times(found, wanted) > 0


def _times(keys: Hashes, among: Hashes) -> Ints:
    """How often each key stands among others."""
    ordered, order = np.sort(among), np.argsort(keys)
    # In order, for the processor's cache
    asked = keys[order]
    times = np.empty(len(keys), dtype=np.int64)
    times[order] = np.searchsorted(ordered, asked, "right") - np.searchsorted(ordered, asked)
    return times


@dataclass(slots=True)
class Mender:
    """Looks at one band of a partition again, and mends it if ``repair``.

    ``head``: where the numbers of its records are documents'. ``silent``: those of which nothing is told.
    """

    store: Store
    part: Partition
    band: int
    repair: bool
    head: Head | None
    tally: Tally = field(default_factory=Tally)
    silent: frozenset[int] = frozenset()

    def settle(self, items: Iterable[Item], layers: Iterable[Records]) -> Tally:
        """Confirm everything that looks wrong, and mend it."""
        for layer in layers:
            for page in layer.torn:
                self._torn(layer.letter, page)
        groups: dict[Pages, list[Item]] = defaultdict(list)
        for item in items:
            groups[item.pages].append(item)
        for pages, mine in groups.items():
            for start in range(0, len(mine), ITEMS_A_STEP):
                self._group(pages, mine[start : start + ITEMS_A_STEP])
        return self.tally

    def _torn(self, letter: str, page: int) -> None:
        name, size = page_name(self.part, letter, self.band, page), width(letter)
        for _ in range(ATTEMPTS):
            (content,), _ = look(self.store, self.part, [name])
            if content is None or not len(content) % size:
                return
            change = Change()
            change.string(name, content)
            kept = content[: len(content) // size * size]
            if self.repair:
                change.run(*(("SET", name, kept) if kept else ("UNLINK", name)))
            if change.made(self.store, self.part):
                self.tally.torn += 1
                self.tally.mended &= self.repair
                return
        self.tally.torn += 1
        self.tally.mended = False

    def _group(self, pages: Pages, items: list[Item]) -> None:
        """Items that stand on the same pages."""
        names = [page_name(self.part, letter, self.band, page) for letter, page in pages]
        off = Tally()
        for _ in range(ATTEMPTS):
            owners = self._texts(items)
            contents, heads = look(self.store, self.part, names, list(owners.values()))
            same = {
                number: self.head is not None and self.head(number) == head
                for number, head in zip(owners, heads, strict=True)
            }
            valid = [item for item in items if self.head is None or same[item.number]]
            off, change = self._looked(pages, names, contents, valid)
            for name, content in zip(names, contents, strict=True):
                change.string(name, content)
            for name, head in zip(owners.values(), heads, strict=True):
                change.head(name, head)
            if not self.repair or change.made(self.store, self.part):
                break
        else:
            off.mended = False
        self.tally.missing += off.missing
        self.tally.twice += off.twice
        self.tally.stray += off.stray
        if off:
            self.tally.mended &= self.repair and off.mended

    def _texts(self, items: list[Item]) -> dict[int, bytes]:
        if self.head is None:
            return {}
        return {item.number: self.part.keys.text(self.part.generation, item.number) for item in items}

    def _looked(
        self, pages: Pages, names: list[bytes], contents: list[bytes | None],
        items: list[Item],
    ) -> tuple[Tally, Change]:
        """What is off in these contents, and how to mend it."""
        off, change, kind = Tally(), Change(), pages[0][0].lower()
        size = width(kind)
        for item in items:
            record = item.body.to_bytes(size - NUMBER, "big") + item.number.to_bytes(NUMBER, "big")
            places = [(name, at) for name, content in zip(names, contents, strict=True)
                      for at in positions(content or b"", record)]
            told = item.number not in self.silent
            full = any(may_be_full(content or b"", record, kind) for content in contents)
            if item.expected and not places and not full:
                off.missing += told
                change.run("APPEND", names[-1], record)
            surplus = places[1:] if item.expected else places
            off.twice += bool(surplus) and item.expected and told
            off.stray += bool(surplus) and not item.expected and told
            for name, at in surplus:
                change.run("SETRANGE", name, at, bytes(size))
        if off.missing:
            change.run("SETNX", self.part.keys.written(self.part.generation), 1)
        return off, change


def positions(content: bytes, record: bytes) -> list[int]:
    """Where a record stands on a page."""
    found, at = [], content.find(record)
    while at >= 0:
        if at % len(record) == 0:
            found.append(at)
        at = content.find(record, at + 1)
    return found


def may_be_full(content: bytes, record: bytes, kind: str) -> bool:
    """Whether the bucket of a record may hold, or have held, as much as it can: nothing was added then."""
    size, hash_bytes = len(record), HASH[kind]
    if len(content) // size < BUCKET_CAP:
        return False
    table = np.frombuffer(content[: len(content) // size * size], dtype=np.uint8).reshape(-1, size)
    mine = np.frombuffer(record[:hash_bytes], dtype=np.uint8)
    removed = ~table[:, -NUMBER:].any(axis=1)
    return int(((table[:, :hash_bytes] == mine).all(axis=1) | removed).sum()) >= BUCKET_CAP
