"""Every key that Nearcopy has in Redis.

Of all collections (``main`` stands for a collection's name):

    nearcopy/collections          set: the names of all collections
    nearcopy/{main}               string: JSON, its ``parameters``, their ``digest``, ``partitions``

A document lives in partition ``crc32(id) mod partitions``. All keys of a partition begin with its tag,
``{main/0}``, so they share one Redis Cluster slot and any write to them can be atomic. Numbers are 3 bytes,
the most significant first; documents and paragraphs are numbered from 1, and 0 marks a removed record.

    {main/0}g                     string: the live generation, a decimal number
    {main/0}k                     string: the last generation that anybody began to write
    {main/0}log                   stream: ``p <id>`` for each put, ``d <id>`` for each delete, in order

All else belongs to one generation (1 in the examples), which is whole by itself: moving the pointer changes
every answer at once, and moving it back changes them back.

    {main/0}1s                    string: JSON, the number of base and delta pages of each kind
    {main/0}1n                    hash: ``d`` and ``p`` last document and paragraph number given, ``c``
                                  documents now stored
    {main/0}1i<bucket 2>          hash: digest of an id (12 bytes) -> number (3), digest of the content (8)
    {main/0}1t<number 3>          string: the document, zstd-compressed JSON
    {main/0}1c                    set: page and bucket hash of every bucket that is full
    {main/0}1w                    string: there as soon as a delta page may be

Pages are strings of fixed-size records. A small letter is a base page, written in bulk and never grown; a
capital its delta page, which APPEND alone grows.

    {main/0}1p<band 1><page 3>    paragraph bands: bucket hash (2), paragraph number (3)      delta: P
    {main/0}1d<band 1><page 3>    document bands: bucket hash (2), document number (3)        delta: D
    {main/0}1f<0><page 3>         fingerprints: bucket hash (2), words before (1) and after   delta: F
                                  it (1), document number (3)
    {main/0}1x<0><page 3>         exact paragraphs: hash of the words (6), paragraph number   delta: X
    {main/0}1o<0><page 3>         documents of a paragraph: its number mod 64 (1), document   delta: O
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLLECTIONS = "nearcopy/collections"
OWNER_BITS = 6
"""64 paragraphs share a page of their documents: a page of base records is then 300 bytes or so."""

MAX_NUMBER = (1 << 24) - 1
ID_BUCKETS = 4096
"""Small hashes that ids are spread over; each stays in Redis's compact encoding to two million documents."""


def header(collection: str) -> str:
    """Where a collection's parameters are."""
    return f"nearcopy/{{{collection}}}"


def partition_of(document: str, partitions: int) -> int:
    """The partition that a document of this id lives in."""
    return zlib.crc32(document.encode()) % partitions


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """The keys of one partition, as bytes."""

    prefix: bytes

    @classmethod
    def of(cls, collection: str, partition: int) -> PartitionKeys:
        """Keys behind the partition's hash tag."""
        return cls(f"{{{collection}/{partition}}}".encode())

    @property
    def pointer(self) -> bytes:
        """The live generation."""
        return self.prefix + b"g"

    @property
    def begun(self) -> bytes:
        """The last generation that was begun: no number is ever used twice."""
        return self.prefix + b"k"

    @property
    def log(self) -> bytes:
        """The stream of changes."""
        return self.prefix + b"log"

    def shape(self, generation: bytes) -> bytes:
        """How many pages of each kind a generation has."""
        return self.prefix + generation + b"s"

    def written(self, generation: bytes) -> bytes:
        """Exists as soon as anything was put into a generation since its base pages were written."""
        return self.prefix + generation + b"w"

    def counters(self, generation: bytes) -> bytes:
        """Numbers given in a generation, and documents stored."""
        return self.prefix + generation + b"n"

    def text(self, generation: bytes, number: int) -> bytes:
        """The compressed document of that number."""
        return self.prefix + generation + b"t" + number.to_bytes(3, "big")

    def id_bucket(self, generation: bytes, digest: bytes) -> bytes:
        """The hash in which the id of that digest is looked up."""
        bucket = int.from_bytes(digest[:2], "big") % ID_BUCKETS
        return self.prefix + generation + b"i" + bucket.to_bytes(2, "big")

    def pages(self, generation: bytes, kind: bytes, suffixes: NDArray[np.uint8]) -> list[bytes]:
        """The keys of pages; ``suffixes`` uint8[N, 4] as `page_suffixes` gives them, or [N, 5]
        with the page's letter before each and an empty ``kind``."""
        if not len(suffixes):
            return []
        head = np.frombuffer(self.prefix + generation + kind, dtype=np.uint8)
        keys = np.empty((len(suffixes), head.size + suffixes.shape[1]), dtype=np.uint8)
        keys[:, : head.size] = head
        keys[:, head.size :] = suffixes
        return keys.view(f"V{keys.shape[1]}").ravel().tolist()


def id_digest(document: str) -> bytes:
    """Twelve bytes that stand for an id; among a billion ids two are equal with probability 1e-11."""
    return hashlib.blake2b(document.encode(), digest_size=12).digest()


def page_numbers(hashes: NDArray[np.uint64], pages: int | NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The page, 0 to ``pages - 1``, that each bucket hash falls into, by its upper 32 bits."""
    return ((hashes >> np.uint64(32)) * np.asarray(pages, dtype=np.uint64)) >> np.uint64(32)


def page_suffixes(bands: NDArray[np.uint8], pages: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """``uint8[N, 4]``: band and page, as they end a key."""
    out = np.empty((len(pages), 4), dtype=np.uint8)
    out[:, 0] = bands
    out[:, 1:] = big_endian(pages, 3)
    return out


def big_endian(values: NDArray[np.uint64], width: int) -> NDArray[np.uint8]:
    """``uint8[N, width]``: the low ``width`` bytes of each value, the most significant first."""
    return values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - width :]
