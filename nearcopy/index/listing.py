"""Walk through all documents of a collection, in an order that no write and no rebuild changes.

Documents are ordered by their partition, by the bucket that their id falls into, and in it by the digest of
the id. A `Place` in that order means the same for ever, so a walk may pause at one and go on from there in
another process: a document that is there from its beginning to its end is met once, whatever comes and goes
and whichever generation goes live meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nearcopy.connection import steady, strings
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index import documents
from nearcopy.index.keys import ID_BUCKETS, bucket_of, id_digest, partition_of
from nearcopy.index.store import Partition, Store
from nearcopy.index.writing import stored_document

TEXTS_A_STEP = 64
"""Asked for together."""

IDS_A_CALL = 256
"""About so many are asked for together."""

BUCKETS_A_CALL = 1024
"""At most: half a millisecond of the server's time, where all are empty."""

PLACE_BYTES = 16

_READ = """
-- The ids in some buckets, of those that have any.
-- KEYS[1] the pointer  ARGV[1] the generation  ARGV[2] what the keys of its buckets begin with
-- ARGV[3] and [4] the first bucket, and the end of them
-- Returns {bucket, {digest of an id, its entry, ...}} of each, or nil where another generation is live
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return end
local found = {}
for bucket = tonumber(ARGV[3]), ARGV[4] - 1 do
  local held = redis.call('HGETALL', ARGV[2] .. string.char(math.floor(bucket / 256), bucket % 256))
  if #held > 0 then found[#found + 1] = {bucket, held} end
end
return found
"""

Id = tuple[int, bytes, int]
"""Bucket, digest and number of a document."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a walk stands: all before is done, the bucket's ids up to that ``digest`` included."""

    partition: int = 0
    bucket: int = 0
    digest: bytes = b""

    def packed(self) -> bytes:
        """As `PLACE_BYTES` bytes."""
        ends = self.partition.to_bytes(2, "big") + self.bucket.to_bytes(2, "big")
        return ends + self.digest.ljust(12, b"\0")

    @classmethod
    def unpacked(cls, packed: bytes) -> Place:
        """The place that was packed. A digest of zeros stands before all others."""
        return cls(int.from_bytes(packed[:2], "big"), int.from_bytes(packed[2:4], "big"), packed[4:])


@dataclass(frozen=True, slots=True)
class Found:
    """A document, the digest of its content, and the place behind it."""

    document: Document
    digest: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of a walk has found, and the place behind it."""

    found: list[Found]
    place: Place


def walk(store: Store, place: Place | None = None) -> Iterator[Step]:
    """The documents of the live generation from a place on, in steps of at most `TEXTS_A_STEP`; many steps
    may find nothing. Raises `InputError` where the collection has no such place."""
    place = place or Place()
    if place.partition >= len(store.partitions) or place.bucket > ID_BUCKETS:
        raise InputError("the cursor is of another collection: send the request without it", "cursor")
    for number in range(place.partition, len(store.partitions)):
        yield from _partition(store, place if number == place.partition else Place(number))


def walk_ids(store: Store, ids: Iterable[str], place: Place | None = None) -> Iterator[Step]:
    """The documents of some ids alone, in the same order, a step for each."""
    for where, id in sorted((_place_of(store, id), id) for id in set(ids)):
        if where > (place or Place()):
            stored = stored_document(store, id)
            yield Step([Found(*stored, where)] if stored is not None else [], where)


def _place_of(store: Store, id: str) -> Place:
    digest = id_digest(id)
    return Place(partition_of(id, len(store.partitions)), bucket_of(digest), digest)


def _partition(store: Store, place: Place) -> Iterator[Step]:
    number, buckets = place.partition, 1
    while place.bucket < ID_BUCKETS:
        end = min(place.bucket + buckets, ID_BUCKETS)
        part, ids = _ids(store, place, end)
        for start in range(0, len(ids), TEXTS_A_STEP):
            found = _found(store, part, number, ids[start : start + TEXTS_A_STEP])
            if found is None:
                break
            place = Place(number, *ids[start : start + TEXTS_A_STEP][-1][:2])
            yield Step(found, place)
        else:
            place = Place(number, end)
            yield Step([], place)
            fewer, more = max(buckets // 2, 1), min(buckets * 2, BUCKETS_A_CALL)
            buckets = fewer if len(ids) > IDS_A_CALL else more


def _ids(store: Store, place: Place, end: int) -> tuple[Partition, list[Id]]:
    """What stands after a place and before the bucket ``end``, in order, in the generation that is live."""
    while True:
        part = store.partitions[place.partition]
        begins = part.keys.id_bucket(part.generation, b"\0\0")[:-2]
        asked = part.keys.pointer, part.generation, begins, place.bucket, end
        buckets = steady(lambda asked=asked: store.client.eval(_READ, 1, *asked))  # type: ignore[misc]
        if buckets is not None:
            break
        store.refresh(place.partition)
    ids = [
        (bucket, digest, int.from_bytes(entry[:3], "big"))
        for bucket, held in buckets for digest, entry in zip(held[::2], held[1::2], strict=True)
    ]
    return part, sorted(one for one in ids if one[:2] > (place.bucket, place.digest))


def _found(store: Store, part: Partition, number: int, ids: list[Id]) -> list[Found] | None:
    """The documents of some ids; None where their generation is retired, so that some may be missing. Those
    that were removed in between are left out."""
    texts = steady(lambda: strings(store.client, [part.keys.text(part.generation, one) for *_, one in ids]))
    if None in texts and store.refresh(number).generation != part.generation:
        return None
    return [
        Found(*documents.unpacked(text), Place(number, bucket, digest))
        for (bucket, digest, _), text in zip(ids, texts, strict=True) if text is not None
    ]
