"""Reads every key of a collection as `nearcopy.index.keys` describes it, slowly and plainly, and compares all
that lies there with what its documents ought to leave."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import documents
from nearcopy.index.keys import id_digest, partition_of
from nearcopy.lsh import buckets_of
from nearcopy.text.scanning import scan_texts

WIDTHS = {"p": 2, "d": 2, "f": 4, "x": 6, "o": 1}
"""Bytes of hash in a record of each kind of page, with those of a fingerprint's context; three of number
follow."""

Record = tuple[str, int, int, int, int]
"""Page letter, band, page, hash, number."""


def audit(archive: Archive, expected: Mapping[str, Document]) -> None:
    """Raise AssertionError unless the collection holds exactly the expected documents, whole."""
    partitions = len(archive.store.partitions)
    for number in range(partitions):
        mine = {id: one for id, one in expected.items() if partition_of(id, partitions) == number}
        _Partition(archive, number).check(mine)


class _Partition:
    def __init__(self, archive: Archive, number: int) -> None:
        self.archive = archive
        self.client = archive.store.client
        self.tag = f"{{{archive.store.collection}/{number}}}".encode()
        self.generation: bytes = self.client.get(self.tag + b"g")
        self.kept: list[bytes] = self.client.hkeys(self.tag + b"at")
        self.ids: dict[bytes, bytes] = {}
        self.texts: set[int] = set()
        self.records: list[Record] = []
        pages = [
            key for key in self.client.scan_iter(match=self.tag + b"*", count=2000) if self._is_page(key)
        ]
        for start in range(0, len(pages), 1000):
            names = pages[start : start + 1000]
            for key, content in zip(names, self.client.mget(names), strict=True):
                self._read_page(key[-5:], content)

    def _is_page(self, key: bytes) -> bool:
        rest = key[len(self.tag) :]
        if rest in (b"g", b"k", b"log", b"at", b"lock", b"hold") or self._is_kept(rest):
            return False
        assert rest.startswith(self.generation), rest
        rest = rest[len(self.generation) :]
        if rest in (b"s", b"n", b"w"):
            return False
        if rest[:1] == b"i" and len(rest) == 3:
            self.ids |= self.client.hgetall(key)
            return False
        if rest[:1] == b"t" and len(rest) == 4:
            self.texts.add(int.from_bytes(rest[1:]))
            return False
        assert len(rest) == 5, rest
        return True

    def _is_kept(self, rest: bytes) -> bool:
        """Whether a key belongs to a generation that was live before, and may be again."""
        return any(re.match(rb"%s[^0-9]" % one, rest, re.DOTALL) for one in self.kept)

    def _read_page(self, rest: bytes, content: bytes) -> None:
        letter, band, page = chr(rest[0]), rest[1], int.from_bytes(rest[2:])
        width = WIDTHS[letter.lower()] + 3
        assert len(content) % width == 0
        for at in range(0, len(content), width):
            record = content[at : at + width]
            if record[-3:] == bytes(3):
                assert record == bytes(width), "a removed record is all zero"
            else:
                number = int.from_bytes(record[-3:])
                self.records.append((letter, band, page, int.from_bytes(record[:-3]), number))

    def check(self, expected: Mapping[str, Document]) -> None:
        numbers = self._documents(expected)
        self.paragraphs = self._paragraphs()
        self.shape: dict[str, Any] = json.loads(self.client.get(self.tag + self.generation + b"s"))
        wanted: list[set[Record]] = []
        holders: set[tuple[int, int]] = set()
        for id, number in numbers.items():
            self._imply(expected[id].text, number, wanted, holders)
        self._same_postings(wanted)
        held = [record for record in self.records if record[0] in "oO"]
        assert Counter((page << 6 | low, one) for _, _, page, low, one in held) == Counter(holders)

    def _documents(self, expected: Mapping[str, Document]) -> dict[str, int]:
        counters = self.client.hgetall(self.tag + self.generation + b"n")
        assert self.ids.keys() == {id_digest(id) for id in expected}
        numbers = {id: int.from_bytes(self.ids[id_digest(id)][:3]) for id in expected}
        assert self.texts == set(numbers.values())
        assert len(self.texts) == len(numbers) == int(counters.get(b"c", 0))
        assert max(self.texts, default=0) <= int(counters.get(b"d", 0))
        for id, number in numbers.items():
            name = self.tag + self.generation + b"t" + number.to_bytes(3)
            document, digest = documents.unpacked(self.client.get(name))
            assert document == expected[id]
            assert self.ids[id_digest(id)][3:] == digest == documents.packed(expected[id])[1]
        return numbers

    def _paragraphs(self) -> dict[tuple[str, int, int], int]:
        """Every paragraph has one exact record, and postings in every band once."""
        exact = [(r[0], r[2], r[3], r[4]) for r in self.records if r[0] in "xX"]
        last = int(self.client.hget(self.tag + self.generation + b"n", "p") or 0)
        assert sorted(number for *_, number in exact) == list(range(1, last + 1))
        bands = Counter((r[1], r[4]) for r in self.records if r[0] in "pP")
        everywhere = range(self.archive.parameters.bands)
        assert bands == Counter((band, number) for band in everywhere for number in range(1, last + 1))
        return {(letter, page, hash): number for letter, page, hash, number in exact}

    def _imply(
        self, text: str, number: int, wanted: list[set[Record]], holders: set[tuple[int, int]]
    ) -> None:
        """What one document ought to leave: each posting stands on one page of two that it may stand on."""
        buckets = buckets_of(scan_texts([text]), self.archive.parameters)
        postings = {("d", band, hash) for band, hash in enumerate(buckets.document_bands[0].tolist())}
        prints = zip(buckets.fingerprints.tolist(), buckets.contexts.tolist(), strict=True)
        postings |= {("f", 0, hash >> 32 << 32 | (hash & 0xFFFF) << 16 | context) for hash, context in prints}
        alike: dict[tuple[Record, ...], set[Record]] = {}
        for kind, band, hash in postings:
            places = self._places(kind, band, hash, number)
            alike[tuple(sorted(places))] = places
        wanted += alike.values()
        for row, run in enumerate(buckets.runs.tolist()):
            places = self._places("x", 0, run, 0)
            looked_up = [self.paragraphs.get((letter, page, low)) for letter, _, page, low, _ in places]
            (paragraph,) = [found for found in looked_up if found is not None]
            holders.add((paragraph, number))
            bands = enumerate(buckets.bands[row].tolist())
            wanted += [self._places("p", band, hash, paragraph) for band, hash in bands]

    def _places(self, kind: str, band: int, hash: int, number: int) -> set[Record]:
        low = hash % (1 << 8 * WIDTHS[kind])
        letters = (kind, self.shape["base"][kind]), (kind.upper(), self.shape["delta"][kind])
        return {(letter, band, (hash >> 32) * pages >> 32, low, number) for letter, pages in letters if pages}

    def _same_postings(self, wanted: list[set[Record]]) -> None:
        live = Counter(record for record in self.records if record[0] in "dDfFpP")
        assert not live or max(live.values()) == 1, "a posting stands twice"
        for places in wanted:
            assert len(places & live.keys()) == 1, places
        ours = set().union(*wanted) if wanted else set()
        stray = [record for record in live if record not in ours and record[0] not in "pP"]
        assert not stray, "postings of no document"
