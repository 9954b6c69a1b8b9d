"""Every key that Nearcopy has in Redis.

Of all collections (``main`` stands for a collection's name):

    nearcopy/collections          set: the names of all collections
    nearcopy/dropped              hash: name of a collection that was dropped -> its last generation; one of
                                  the same name counts on from there, so that whoever had the old one open
                                  never takes the new one for it
    nearcopy/keys                 set: the ids of all API keys, revoked ones too; there is none as long as
                                  nobody made one
    nearcopy/keys/<id>            hash: ``name``, ``role``, ``collections`` (by spaces), ``digest`` (SHA-256
                                  of its secret, hex), ``created``; where they are known ``used`` (to the
                                  hour), ``revoked``, ``requests`` and ``words`` (its own limits a minute)
    nearcopy/sessions/<digest>    string: the id of the key that somebody signed in with; the SHA-256 of the
                                  session's token, hex. It expires 12 hours after that
    nearcopy/spent:<id>/<what>/<minute>
                                  string: requests or words that a key spent in that minute since 1970; it
                                  expires after it
    nearcopy/{main}               string: JSON, the number of its ``partitions``, and how long it keeps
                                  documents (``keep``) where that is not for ever
    nearcopy/{main}/dropping      string: likewise, from the moment in which it is dropped until all has gone
    nearcopy/{main}/expired       string: there for a day after a worker removed what it keeps no longer
    nearcopy/{main}/generations   hash: generation -> JSON, what is known of it beyond its own keys
    nearcopy/{main}/clusters      string: JSON, which clusters are answered: of which ``run``, what that was
                                  asked for, the ``generations`` that it read
    nearcopy/{main}/clusters/runs set: the runs that have keys, those under way too
    nearcopy/{main}/clusters/lock string: whoever changes clusters; it expires
    nearcopy/{main}/clusters/<run>/table
                                  hash: cluster (8 bytes) -> zstd-compressed JSON
    nearcopy/{main}/clusters/<run>/order
                                  sorted set, all of one score: size (4 bytes, from above) and cluster (8), so
                                  that the largest come first
    nearcopy/{main}/clusters/<run>/of
                                  hash: digest of a document's id (12) -> cluster (8)
    nearcopy/{main}/clusters/<run>/at
                                  hash: partition -> the last change of its that these clusters have
    nearcopy/{main}/rebuild       string: the id of its rebuild that is queued or running, if any
    nearcopy/{main}/rebuilds      sorted set: the ids of its rebuilds, by when they were asked for
    nearcopy/{main}/reports       sorted set: the tokens of reports that are kept, by when they end
    nearcopy/{main}/reports/<token>
                                  string: such a report, zstd-compressed JSON; it expires
    nearcopy/rebuilds/<id>        string: JSON, how it goes; it expires 30 days after it was last written
    nearcopy/rebuilds/<id>/end    string: there where it shall be cancelled; expires likewise

What waits for a worker lies in keys that begin with ``rq:``, which the queue's own library names.

A document lives in partition ``crc32(id) mod partitions``. All keys of a partition begin with its tag,
``{main/0}``, so they share one Redis Cluster slot and any write to them can be atomic. Numbers are 3 bytes,
the most significant first; documents and paragraphs are numbered from 1, and 0 marks a removed record.

    {main/0}g                     string: the live generation, a decimal number
    {main/0}k                     string: the last generation that anybody began to write, of the collection;
                                  only partition 0 has it
    {main/0}lock                  string: whoever rebuilds or publishes the collection, for as long as he
                                  lives; likewise
    {main/0}log                   stream: ``p <id>`` for each put, ``d <id>`` for each delete, in order; only
                                  the last are kept where no generation needs more
    {main/0}hold                  string: writers wait, for as long as it takes to publish; it expires
    {main/0}y                     sorted set: the ids that were put or deleted, by a number that rises with
                                  each; '' has the last number. Only where the collection has clusters
    {main/0}at                    hash: generation that is not live -> entry of the log up to which it has all
                                  changes

All else belongs to one generation (1 in the examples), which is whole by itself: moving the pointer changes
every answer at once, and moving it back changes them back.

    {main/0}1s                    string: JSON, the number of ``base`` and ``delta`` pages of each kind, its
                                  ``parameters`` and their ``digest``
    {main/0}1n                    hash: ``d`` and ``p`` last document and paragraph number given, ``c``
                                  documents now stored
    {main/0}1i<bucket 2>          hash: digest of an id (12 bytes) -> number (3), digest of the content (8)
    {main/0}1t<number 3>          string: the document, zstd-compressed JSON
    {main/0}1c                    set: page and bucket hash of every bucket that is full
    {main/0}1w                    string: there as soon as a delta page may be
    {main/0}1b                    hash: part that a rebuild has sent -> its bytes; gone before it is published

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
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLLECTIONS = "nearcopy/collections"
DROPPED = "nearcopy/dropped"
API_KEYS = "nearcopy/keys"
SPENT = "nearcopy/spent"
OWNER_BITS = 6
"""64 paragraphs share a page of their documents: a page of base records is then 300 bytes or so."""

MAX_NUMBER = (1 << 24) - 1
ID_BUCKETS = 4096
"""Small hashes that ids are spread over; each stays in Redis's compact encoding to two million documents."""


def header(collection: str) -> str:
    """Where a collection's parameters are."""
    return f"nearcopy/{{{collection}}}"


def dropping(collection: str) -> str:
    """What exists while a collection is dropped: its header, where nobody opens it any more."""
    return f"{header(collection)}/dropping"


def expired(collection: str) -> str:
    """What exists while a collection need not be expired."""
    return f"{header(collection)}/expired"


def generations(collection: str) -> str:
    """Where the records of a collection's generations are."""
    return f"nearcopy/{{{collection}}}/generations"


def rebuild(id: str) -> str:
    """Where it stands how a rebuild goes."""
    return f"nearcopy/rebuilds/{id}"


def rebuild_end(id: str) -> str:
    """What exists where a rebuild shall be cancelled."""
    return f"{rebuild(id)}/end"


def rebuilds(collection: str) -> str:
    """Where the ids of a collection's rebuilds are."""
    return f"nearcopy/{{{collection}}}/rebuilds"


def reports(collection: str) -> str:
    """Where the tokens of a collection's reports are."""
    return f"nearcopy/{{{collection}}}/reports"


def report(collection: str, token: str) -> str:
    """Where a report is kept."""
    return f"{reports(collection)}/{token}"


def current_rebuild(collection: str) -> str:
    """Where the id of the one that is queued or running is."""
    return f"nearcopy/{{{collection}}}/rebuild"


def clusters(collection: str) -> str:
    """Where it stands which clusters of a collection are answered."""
    return f"nearcopy/{{{collection}}}/clusters"


def of_clusters(collection: str, run: str, what: str) -> str:
    """What one run found of a collection's clusters: ``table``, ``order``, ``of`` or ``at``."""
    return f"{clusters(collection)}/{run}/{what}"


def api_key(id: str) -> str:
    """Where an API key is, but for its secret."""
    return f"{API_KEYS}/{id}"


def session(digest: str) -> str:
    """Where it stands which key a session is of."""
    return f"nearcopy/sessions/{digest}"


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

    @property
    def changed(self) -> bytes:
        """The ids that were put or deleted, where clusters are kept."""
        return self.prefix + b"y"

    @property
    def positions(self) -> bytes:
        """Up to where in the log each generation that is not live has all changes."""
        return self.prefix + b"at"

    @property
    def hold(self) -> bytes:
        """There while writers wait for a generation to be published."""
        return self.prefix + b"hold"

    @property
    def lock(self) -> bytes:
        """Whoever rebuilds or publishes the collection."""
        return self.prefix + b"lock"

    def shape(self, generation: bytes) -> bytes:
        """What a generation keeps of itself: pages of each kind, parameters."""
        return self.prefix + generation + b"s"

    def written(self, generation: bytes) -> bytes:
        """Exists as soon as anything was put into a generation since its base pages were written."""
        return self.prefix + generation + b"w"

    def full(self, generation: bytes) -> bytes:
        """The buckets that are full."""
        return self.prefix + generation + b"c"

    def sent(self, generation: bytes) -> bytes:
        """The parts of a generation that its rebuild has sent so far."""
        return self.prefix + generation + b"b"

    def counters(self, generation: bytes) -> bytes:
        """Numbers given in a generation, and documents stored."""
        return self.prefix + generation + b"n"

    def text(self, generation: bytes, number: int) -> bytes:
        """The compressed document of that number."""
        return self.prefix + generation + b"t" + number.to_bytes(3, "big")

    def id_bucket(self, generation: bytes, digest: bytes) -> bytes:
        """The hash in which the id of that digest is looked up."""
        return self.prefix + generation + b"i" + bucket_of(digest).to_bytes(2, "big")

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


ID_DIGEST = 12
"""Bytes."""


def id_digest(document: str) -> bytes:
    """Twelve bytes that stand for an id; among a billion ids two are equal with probability 1e-11."""
    return hashlib.blake2b(document.encode(), digest_size=ID_DIGEST).digest()


def id_digests(ids: Iterable[str]) -> NDArray[np.uint8]:
    """``uint8[n, 12]``: `id_digest` of each."""
    return np.frombuffer(b"".join([id_digest(one) for one in ids]), dtype=np.uint8).reshape(-1, ID_DIGEST)


def bucket_of(digest: bytes) -> int:
    """Which bucket of ids, 0 to `ID_BUCKETS` - 1, the id of that digest falls into."""
    return int.from_bytes(digest[:2], "big") % ID_BUCKETS


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
