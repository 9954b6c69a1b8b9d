"""Which number each paragraph has: what the exact records say, unless its holders and bands know better."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady
from nearcopy.doctor.looking import ATTEMPTS, Change, look
from nearcopy.doctor.nets import Head
from nearcopy.doctor.records import NUMBER, Hashes, Ints, Records, page_name, width
from nearcopy.doctor.signing import Signed
from nearcopy.index.keys import MAX_NUMBER, OWNER_BITS, page_numbers
from nearcopy.index.plan import distinct
from nearcopy.index.store import Partition, Store

WITNESSES = 50
"""Documents of one paragraph that are asked for its number."""


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """The distinct paragraphs of the stored texts.

    - ``runs`` uint64[R], and ``first`` int64[R], where in `Signed` each stands first
    - ``which`` int64[H]: of each paragraph as it stands, the distinct one
    - ``numbers`` int64[R]: 0 where none is known
    - ``changed`` bool[R]: all documents with it have changed since they were read
    """

    runs: Hashes
    first: Ints
    which: Ints
    numbers: Ints
    changed: NDArray[np.bool_]

    def holders(self, signed: Signed) -> Ints:
        """int64: paragraph << 24 | document, ascending, of every paragraph with a number."""
        numbers = self.numbers[self.which]
        return distinct((numbers << 24 | signed.holders)[numbers > 0])


def numbered(
    store: Store, part: Partition, signed: Signed, exact: list[Records], held: list[Records], head: Head
) -> Paragraphs:
    """The numbers of all paragraphs. ``exact``, ``held``: the records of exact paragraphs and of holders."""
    runs, first, which = np.unique(signed.runs, return_index=True, return_inverse=True)
    numbers = _looked_up(runs, exact, part)
    there = np.sort(np.concatenate([
        (one.pages << OWNER_BITS | one.bodies.astype(np.int64)) << 24 | one.numbers for one in held
    ]))
    witnessed = np.isin(numbers[which] << 24 | signed.holders, there)
    settled = np.bincount(which, witnessed, len(runs)) > 0
    settled &= numbers > 0
    known, times = np.unique(numbers, return_counts=True)
    settled &= ~np.isin(numbers, known[times > 1])
    changed = np.zeros(len(runs), dtype=np.bool_)
    doubtful = _doubtful(settled, numbers, which, signed, there)
    if len(doubtful):
        listed = set(np.concatenate([records.numbers for records in exact]).tolist())
        of_documents = np.sort((there & MAX_NUMBER) << 24 | there >> 24)
        ballot = _Ballot(store, part, of_documents, listed, set(numbers[settled].tolist()), head)
        order = np.argsort(which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(runs) + 1))
        bands = np.stack([
            signed.bands.column(band)[first[doubtful]] for band in range(part.parameters.bands)
        ], axis=1)
        for row, one in enumerate(doubtful.tolist()):
            documents = signed.holders[order[bounds[one] : bounds[one + 1]]][:WITNESSES].tolist()
            found = ballot.number(bands[row], int(numbers[one]), documents)
            changed[one] = found is None
            ballot.taken.add(found or 0)
            numbers[one] = found or 0
    return Paragraphs(runs, first, which, numbers, changed)


def _looked_up(runs: Hashes, exact: list[Records], part: Partition) -> Ints:
    """The number that the exact records give to each run, as a writer would find it; else 0."""
    numbers = np.zeros(len(runs), dtype=np.int64)
    for records in reversed(exact):
        pages = (part.shape.delta if records.letter == "X" else part.shape.base)["x"]
        wanted = _short(page_numbers(runs, pages), runs & np.uint64((1 << 48) - 1))
        keys = _short(records.pages.astype(np.uint64), records.bodies)
        order = np.argsort(keys, kind="stable")
        if len(order):
            place = np.minimum(np.searchsorted(keys[order], wanted), len(order) - 1)
            hit = keys[order[place]] == wanted
            numbers[hit] = records.numbers[order[place[hit]]]
    return numbers


def _short(pages: Hashes, low: Hashes) -> Hashes:
    """48 bits of hash and 16 of page: two among ten million agree with probability 1e-5."""
    return low << np.uint64(16) | pages & np.uint64(0xFFFF)


def _doubtful(
    settled: NDArray[np.bool_], numbers: Ints, which: Ints, signed: Signed, there: Ints
) -> Ints:
    """The runs whose number is not sure: not found, or no document that has it is among the number's holders
    though that document is among those of a number that no text of it leads to."""
    expected = numbers[which] << 24 | signed.holders
    surplus = there[~np.isin(there, expected)] & MAX_NUMBER
    odd = np.isin(signed.holders, surplus)
    maybe = np.bincount(which, odd, len(numbers)) > 0
    known, times = np.unique(numbers[numbers > 0], return_counts=True)
    return np.flatnonzero(~settled & (maybe | (numbers == 0) | np.isin(numbers, known[times > 1])))


@dataclass(slots=True)
class _Ballot:
    """Each band of a paragraph has a vote on its number. Candidates are what exact records say, the numbers
    that its documents hold (``of_documents``: document << 24 | paragraph, ascending), and those that no exact
    record has (``listed``); not those that are ``taken``.
    """

    store: Store
    part: Partition
    of_documents: Ints
    listed: set[int]
    taken: set[int]
    head: Head

    def number(self, bands: Hashes, looked_up: int, documents: list[int]) -> int | None:
        """The number of a paragraph: 0 where nothing tells, None where its documents have changed."""
        names: list[bytes] = []
        for letter, pages in (("p", self.part.shape.base["p"]), ("P", self.part.shape.delta["p"])):
            if pages:
                places = page_numbers(bands, pages).tolist()
                names += [page_name(self.part, letter, band, page) for band, page in enumerate(places)]
        texts = [self.part.keys.text(self.part.generation, document) for document in documents]
        contents, heads = look(self.store, self.part, names, texts)
        if all(self.head(one) != head for one, head in zip(documents, heads, strict=True)):
            return None
        votes: Counter[int] = Counter()
        low = [int(band) & 0xFFFF for band in bands] * (len(names) // len(bands))
        for content, body in zip(contents, low, strict=True):
            votes.update(_at_head(content or b"", body))
        candidates = {looked_up} | self._held_by(documents) | (votes.keys() - self.listed)
        candidates -= self.taken | {0}
        best = max(candidates, key=lambda one: (votes[one], one == looked_up), default=0)
        return best if votes[best] or best == looked_up else 0

    def _held_by(self, documents: list[int]) -> set[int]:
        found: set[int] = set()
        for document in documents:
            first, end = np.searchsorted(self.of_documents, (document << 24, document + 1 << 24))
            found.update((self.of_documents[first:end] & MAX_NUMBER).tolist())
        return found


def _at_head(content: bytes, body: int) -> set[int]:
    """The numbers of a page's records that have this hash."""
    size = width("p")
    table = np.frombuffer(content[: len(content) // size * size], dtype=np.uint8).reshape(-1, size)
    mine = table[(table[:, 0] == body >> 8) & (table[:, 1] == body & 0xFF)]
    return {int.from_bytes(row[2:].tobytes(), "big") for row in mine}


def add(store: Store, part: Partition, run: np.uint64, bands: Hashes) -> None:
    """Give a paragraph that has no number a new one, with all its records; its documents are another matter.
    It does nothing where another writer was faster."""
    counters = part.keys.counters(part.generation)
    number = int(steady(lambda: store.client.hincrby(counters, "p", 1))).to_bytes(NUMBER, "big")
    here = [
        page_name(part, letter, 0, int(page_numbers(np.array([run]), pages["x"])[0]))
        for letter, pages in (("x", part.shape.base), ("X", part.shape.delta)) if pages["x"]
    ]
    head = (int(run) & (1 << 48) - 1).to_bytes(6, "big")
    for _ in range(ATTEMPTS):
        contents, _ = look(store, part, here)
        if any(_listed(content or b"", head) for content in contents):
            return
        change = Change()
        for name, content in zip(here, contents, strict=True):
            change.string(name, content)
        change.run("APPEND", here[-1], head + number)
        for band, page in enumerate(page_numbers(bands, part.shape.delta["p"]).tolist()):
            low = (int(bands[band]) & 0xFFFF).to_bytes(2, "big")
            change.run("APPEND", page_name(part, "P", band, page), low + number)
        change.run("SETNX", part.keys.written(part.generation), 1)
        if change.made(store, part):
            return


def _listed(content: bytes, head: bytes) -> bool:
    """Whether a page of exact records has one of this hash."""
    return any(content[at : at + len(head)] == head for at in range(0, len(content), width("x")))
