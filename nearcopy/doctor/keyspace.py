"""Every key of a collection is one that `nearcopy.index.keys` describes, of a generation that is known."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from nearcopy.connection import pipeline, steady, translated
from nearcopy.doctor.findings import Finding
from nearcopy.errors import Busy, NotFound
from nearcopy.index import generations, keys
from nearcopy.index.keys import ID_BUCKETS, OWNER_BITS
from nearcopy.index.lock import Lock
from nearcopy.index.retiring import KEYS_A_STEP, unlink, unlink_step
from nearcopy.index.store import Partition, Store

KEYS_A_CALL = 1000
NAMED = 3
"""Keys that a finding names."""

OF_A_PARTITION = {
    b"g": b"string", b"k": b"string", b"lock": b"string", b"hold": b"string",
    b"log": b"stream", b"at": b"hash", b"y": b"zset",
}
OF_THE_FIRST = (b"k", b"lock")
OF_A_GENERATION = {b"s": b"string", b"n": b"hash", b"w": b"string", b"c": b"set", b"b": b"hash"}
GENERATION = re.compile(rb"(\d+)([^\d].*)", re.DOTALL)


@dataclass(slots=True)
class Keys:
    """What lies in Redis for one collection.

    - ``texts``: by partition and generation the numbers of the texts
    - ``of_generations``: by the same how many keys
    - ``odd``: by partition keys that nothing describes
    """

    texts: dict[tuple[int, bytes], list[int]] = field(default_factory=lambda: defaultdict(list))
    of_generations: Counter[tuple[int, bytes]] = field(default_factory=Counter)
    odd: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))


def read(store: Store) -> Keys:
    """Look at every key of all partitions."""
    found, shapes = Keys(), _Shapes(store)
    # None of the characters in a collection's name means anything in a pattern.
    pattern = f"{{{store.collection}/*"
    for step in _steps(store, pattern):
        for key, kind in zip(step, _types(store, step), strict=True):
            if kind != b"none":
                _place(found, shapes, key, kind)
    return found


def stray(store: Store, found: Keys, repair: bool) -> Iterator[Finding]:
    """Keys that belong to nothing, confirmed and removed in small steps; not while a generation is built."""
    known = set(generations.known(store))
    gone = sorted(one for one in found.of_generations if one[1] not in known)
    with ExitStack() as stack:
        free = repair and bool(gone or found.odd) and _locked(stack, store)
        why = "" if free or not repair else BUSY
        for partition, generation in gone:
            count = _count(store, partition, generation, found, free)
            if count:
                what = f"keys of generation {generation.decode()}, which nothing knows of: {count:,}{why}"
                yield Finding("keys", f"partition {partition}", what, free)
        for partition, odd in sorted(found.odd.items()):
            # Looked at again: another may have removed them.
            left = [key for key, kind in zip(odd, _types(store, odd), strict=True) if kind != b"none"]
            foreign = partition >= len(store.partitions) and any(map(_is_text, left))
            if free and not foreign:
                for start in range(0, len(left), KEYS_A_STEP):
                    unlink_step(store.client, left[start : start + KEYS_A_STEP])
            if left:
                some = ", ".join(map(repr, left[:NAMED]))
                what = f"keys that Nearcopy does not have: {len(left):,} ({some})"
                kept = FOREIGN if foreign else why
                yield Finding("keys", f"partition {partition}", what + kept, free and not foreign)


def _count(store: Store, partition: int, generation: bytes, found: Keys, remove: bool) -> int:
    """How many keys a generation has that is not known; they are gone if ``remove``."""
    names = keys.PartitionKeys.of(store.collection, partition)
    if remove:
        return unlink(store.client, names, generation)
    with translated():
        there = store.client.scan_iter(match=names.prefix + generation + b"[^0-9]*", count=KEYS_A_CALL)
        return found.of_generations[partition, generation] if next(iter(there), None) else 0


def named(store: Store, repair: bool) -> Iterator[Finding]:
    """The collection is among all collections, and no number of a generation can be given twice."""
    name = store.collection
    if not steady(lambda: store.client.sismember(keys.COLLECTIONS, name)):
        if repair:
            steady(lambda: store.client.sadd(keys.COLLECTIONS, name))
        yield Finding("keys", keys.COLLECTIONS, f"the list of collections lacks {name!r}", repair)
    # First what is there, then the last that was begun: it never falls.
    largest, first = max(map(int, generations.known(store))), store.refresh(0)
    arguments = (_BEGUN, 2, first.keys.begun, first.keys.pointer, largest, "1" if repair else "0")
    if steady(lambda: store.client.eval(*arguments)):
        what = f"the counter of generations is below {largest}, which there is: it would be given again"
        yield Finding("counters", "partition 0", what, repair)


_BEGUN = """
-- Set the number of the last generation that was begun to what it is at least; where nobody began one yet,
-- the live one counts.  KEYS[1] that number  KEYS[2] the pointer  ARGV[1] the least  ARGV[2] '1' to set it
-- Returns 1 where it was lower.
local begun = tonumber(redis.call('GET', KEYS[1]) or redis.call('GET', KEYS[2])) or 0
if begun >= tonumber(ARGV[1]) then return 0 end
if ARGV[2] == '1' then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
"""

FOREIGN = "; there are texts, so they are not removed: has the collection more partitions than it says?"
BUSY = " (not removed: a rebuild of the collection is running)"


def _locked(stack: ExitStack, store: Store) -> bool:
    """Whether nobody builds a generation now, nor can begin one."""
    try:
        stack.enter_context(Lock(store))
    except Busy:
        return False
    return True


class _Shapes:
    """The shapes of the generations that are whole, by partition."""

    def __init__(self, store: Store) -> None:
        self.partitions = len(store.partitions)
        self.parts: dict[tuple[int, bytes], Partition] = {}
        for one in generations.listed(store):
            # One that is dropped meanwhile has no keys that matter.
            with suppress(NotFound):
                there = store.at(b"%d" % one.number)
                for number, part in enumerate(there.partitions):
                    self.parts[number, part.generation] = part


def _place(found: Keys, shapes: _Shapes, key: bytes, kind: bytes) -> None:
    tag, _, rest = key.partition(b"}")
    digits = tag.rpartition(b"/")[2]
    partition = int(digits) if digits.isdigit() else -1
    of_generation = GENERATION.fullmatch(rest)
    if not 0 <= partition < shapes.partitions or digits != str(partition).encode():
        found.odd[partition].append(key)
    elif of_generation:
        generation, rest = of_generation.groups()
        found.of_generations[partition, generation] += 1
        part = shapes.parts.get((partition, generation))
        if rest[:1] == b"t" and len(rest) == 4 and kind == b"string":
            found.texts[partition, generation].append(int.from_bytes(rest[1:], "big"))
        elif part is not None and kind != _type(rest, part):
            found.odd[partition].append(key)
    elif kind != OF_A_PARTITION.get(rest) or (partition and rest in OF_THE_FIRST):
        found.odd[partition].append(key)


def _is_text(key: bytes) -> bool:
    rest = GENERATION.fullmatch(key.partition(b"}")[2])
    return rest is not None and rest[2][:1] == b"t"


def _type(rest: bytes, part: Partition) -> bytes | None:
    """What a key of a generation ought to be, by what follows the generation's number; None where there is no
    such key."""
    if rest in OF_A_GENERATION:
        return OF_A_GENERATION[rest]
    letter, number = rest[:1].decode("latin-1"), int.from_bytes(rest[-3:], "big")
    if letter == "i" and len(rest) == 3:
        return b"hash" if int.from_bytes(rest[1:], "big") < ID_BUCKETS else None
    kind, kinds = letter.lower(), part.shape.delta if letter.isupper() else part.shape.base
    if len(rest) != 5 or kind not in "pdfxo":
        return None
    band = rest[1] < (part.parameters.bands if kind in "pd" else 1)
    pages = (keys.MAX_NUMBER >> OWNER_BITS) + 1 if kind == "o" else kinds[kind]
    return b"string" if band and number < pages else None


def _steps(store: Store, pattern: str) -> Iterator[list[bytes]]:
    step: list[bytes] = []
    with translated():
        for key in store.client.scan_iter(match=pattern, count=KEYS_A_CALL):
            step.append(key)
            if len(step) >= KEYS_A_CALL:
                yield step
                step = []
    yield step


def _types(store: Store, step: list[bytes]) -> list[bytes]:
    def ask() -> list[bytes]:
        batch = pipeline(store.client)
        for key in step:
            batch.type(key)
        return batch.execute()  # type: ignore[no-any-return]

    return steady(ask) if step else []
