"""Ids, texts and counters of one partition of a generation: each id leads to its text, each text is under its
id, and the counters agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from nearcopy.connection import steady
from nearcopy.doctor.findings import Finding, Kind
from nearcopy.doctor.looking import ATTEMPTS, HEAD, Change, look
from nearcopy.doctor.signing import Entries, Stored, intact, readable
from nearcopy.document import Document
from nearcopy.index import documents
from nearcopy.index.keys import ID_BUCKETS, id_digest
from nearcopy.index.store import Partition, Store

BUCKETS_A_CALL = 128
"""Of ids, asked for together."""

NAMED = 5
"""Documents that a finding names."""

Restore = Callable[[bytes, bytes], bytes | None]
"""Takes the digests of an id and of its content: the text as another generation has it, or None."""

_IDS = """
-- All ids of some buckets, with what is stored of each.
-- KEYS[1] any key of the partition  ARGV[1] how the buckets begin  ARGV[2], ARGV[3] the first and the last
local found = {}
for bucket = ARGV[2], ARGV[3] do
  local reply = redis.pcall('HGETALL', ARGV[1] .. string.char(math.floor(bucket / 256), bucket % 256))
  for _, value in ipairs(reply) do found[#found + 1] = value end
end
return found
"""

_COUNT = """
-- The counters of a generation, and how many ids there are.
-- KEYS[1] the counters  ARGV[1] how the buckets of ids begin  ARGV[2] how many  ARGV[3] '1' to set `c`
local ids = 0
for bucket = 0, ARGV[2] - 1 do
  local reply = redis.pcall('HLEN', ARGV[1] .. string.char(math.floor(bucket / 256), bucket % 256))
  if type(reply) == 'number' then ids = ids + reply end
end
local stored = redis.call('HGET', KEYS[1], 'c') or '0'
if ARGV[3] == '1' and stored ~= tostring(ids) then redis.call('HSET', KEYS[1], 'c', ids) end
return {ids, stored}
"""

_RAISE = """
-- Set a counter to a value that is at least this.  KEYS[1] the counters  ARGV[1] which  ARGV[2] the least
-- ARGV[3] '1' to set it.  Returns 1 where it was lower.
local found = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') or 0
if found >= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '1' then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return 1
"""

SENTENCES: dict[str, tuple[Kind, str]] = {
    "lost": ("texts", "documents whose text is missing or damaged, and that are lost with it"),
    "back": ("texts", "documents whose text is missing or damaged, and is whole in another generation"),
    "unreadable": ("texts", "texts that are damaged, and that no id leads to"),
    "unlisted": ("ids", "texts that no id leads to"),
    "led": ("ids", "ids that lead to another text than theirs, or to theirs with another digest"),
    "surplus": ("ids", "texts beside another of the same id"),
}

def entries(store: Store, part: Partition) -> Entries:
    """Every id of a generation."""
    found: Entries = {}
    shape, head = part.keys.shape(part.generation), part.keys.prefix + part.generation + b"i"
    for first in range(0, ID_BUCKETS, BUCKETS_A_CALL):
        arguments = (_IDS, 1, shape, head, first, first + BUCKETS_A_CALL - 1)
        flat = steady(lambda arguments=arguments: store.client.eval(*arguments))  # type: ignore[misc]
        for digest, entry in zip(flat[::2], flat[1::2], strict=True):
            found[digest] = int.from_bytes(entry[:3], "big"), entry[3:]
    return found


@dataclass(slots=True)
class Contents:
    """Compares ids with texts, and mends both. ``lost``: documents that are there no more, or are to go."""

    store: Store
    part: Partition
    where: str
    repair: bool
    restore: Restore
    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unmended: set[str] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    changed: bool = False

    def compare(self, ids: Entries, stored: Stored) -> None:
        """Look at everything again that does not agree, and mend it."""
        of_id: dict[bytes, list[int]] = defaultdict(list)
        for number, (digest, _) in stored.ids.items():
            of_id[digest].append(number)
        for digest, numbers in of_id.items():
            entry = ids.get(digest)
            if len(numbers) > 1 or entry is None or not self._agrees(entry, digest, stored):
                self._settle(digest, numbers)
        for digest in ids.keys() - of_id.keys():
            self._settle(digest, [])
        led = {number for number, _ in ids.values()}
        for number in stored.heads.keys() - stored.ids.keys() - led:
            self._unreadable(number)

    def _agrees(self, entry: tuple[int, bytes], digest: bytes, stored: Stored) -> bool:
        number, content = entry
        return stored.ids.get(number) == (digest, content) and stored.heads[number] == content

    def _settle(self, digest: bytes, numbers: Iterable[int]) -> None:
        """One id, and the texts that may be its."""
        bucket = self.part.keys.id_bucket(self.part.generation, digest)
        for _ in range(ATTEMPTS):
            entry = steady(lambda: self.store.client.hget(bucket, digest))
            mine = sorted({*numbers, *([int.from_bytes(entry[:3], "big")] if entry else [])})
            names = [self.part.keys.text(self.part.generation, number) for number in mine]
            contents, _ = look(self.store, self.part, names)
            if steady(lambda: self.store.client.hget(bucket, digest)) != entry:
                continue
            change = Change()
            change.entry(bucket, digest, entry)
            for key, content in zip(names, contents, strict=True):
                change.head(key, (content or b"")[:HEAD])
            told = list(self._judged(change, bucket, digest, entry, dict(zip(mine, contents, strict=True))))
            if not self.repair or change.made(self.store, self.part):
                for kind, name in told:
                    self.found[kind].append(name)
                self.changed |= self.repair and bool(told)
                return
        # Whoever changes it so often mends it as well, or the next run finds it.

    def _judged(
        self, change: Change, bucket: bytes, digest: bytes, entry: bytes | None,
        contents: dict[int, bytes | None],
    ) -> Iterator[tuple[str, str]]:
        """What is off with one id, as kind and name, and how to mend it."""
        texts: dict[int, tuple[Document, bytes]] = {}
        led = int.from_bytes(entry[:3], "big") if entry else 0
        said = {digest: (led, entry[3:])} if entry else {}
        for number, content in contents.items():
            found = intact(content, said)
            if found is not None and id_digest(found[0].id) == digest:
                texts[number] = found
        if not texts:
            if entry:
                yield self._lost(change, bucket, digest, entry, contents[led])
            return
        number = led if led in texts else max(texts)
        document, content = texts[number]
        name = self.part.keys.text(self.part.generation, number)
        wanted = number.to_bytes(3, "big") + content
        if (contents[number] or b"")[:HEAD] != content:
            change.run("SETRANGE", name, 0, content)
        if entry is None:
            self._count(change, 1)
            yield "unlisted", document.id
        elif entry != wanted or change.commands:
            yield "led", document.id
        if entry != wanted:
            change.run("HSET", bucket, digest, wanted)
        if change.commands:
            self._log(change, "p", document.id)
        for other in texts.keys() - {number}:
            change.run("UNLINK", self.part.keys.text(self.part.generation, other))
            if self.repair:
                self.lost.add(other)
            yield "surplus", document.id

    def _lost(
        self, change: Change, bucket: bytes, digest: bytes, entry: bytes, content: bytes | None
    ) -> tuple[str, str]:
        number = int.from_bytes(entry[:3], "big")
        name = self.part.keys.text(self.part.generation, number)
        other = intact(content, {})
        restored = self.restore(digest, entry[3:]) if other is None else None
        if restored is not None:
            change.run("SET", name, restored)
            self.lost.add(number)
            return "back", documents.unpacked(restored)[0].id
        change.run("HDEL", bucket, digest)
        self._count(change, -1)
        # That of another document is not touched
        if other is None or id_digest(other[0].id) == digest:
            change.run("UNLINK", name)
            self.lost.add(number)
        damaged = readable(content)
        named = damaged is not None and id_digest(damaged[0].id) == digest
        id = damaged[0].id if damaged is not None and named else self._logged_id(digest)
        if id is not None:
            self._log(change, "d", id)
        return "lost", id if id is not None else f"id with digest {digest.hex()}"

    def _logged_id(self, digest: bytes) -> str | None:
        """The id of that digest, where the log still has it."""
        for _, fields in steady(lambda: self.store.client.xrange(self.part.keys.log)):
            for id in fields.values():
                if id_digest(id.decode()) == digest:
                    return id.decode()  # type: ignore[no-any-return]
        return None

    def _unreadable(self, number: int) -> None:
        """A text that is not whole, and that no id leads to."""
        name = self.part.keys.text(self.part.generation, number)
        (content,), _ = look(self.store, self.part, [name])
        if content is None or intact(content, {}) is not None:
            return
        change = Change()
        change.head(name, content[:HEAD])
        change.run("UNLINK", name)
        self.lost.add(number)
        self.found["unreadable"].append(f"number {number}")
        if self.repair and not change.made(self.store, self.part):
            self.unmended.add("unreadable")

    def _count(self, change: Change, more: int) -> None:
        change.run("HINCRBY", self.part.keys.counters(self.part.generation), "c", more)

    def _log(self, change: Change, kind: str, id: str) -> None:
        """The log is the live generation's."""
        pointer = self.part.keys.pointer
        if steady(lambda: self.store.client.get(pointer)) == self.part.generation:
            change.string(pointer, self.part.generation)
            change.run("XADD", self.part.keys.log, "*", kind, id)

    def findings(self) -> Iterator[Finding]:
        """One of each kind."""
        kind: Kind
        for name, ids in self.found.items():
            kind, sentence = SENTENCES[name]
            named = ", ".join(ids[:NAMED]) + (", …" if len(ids) > NAMED else "")
            mended = self.repair and name not in self.unmended
            yield Finding(kind, self.where, f"{sentence}: {len(ids):,} ({named})", mended)


def last_paragraph(store: Store, part: Partition) -> int:
    """The last number that was given to a paragraph, as the counter says."""
    name = part.keys.counters(part.generation)
    found = steady(lambda: store.client.hget(name, "p")) or b"0"
    return int(found) if found.isdigit() else 0


def count(store: Store, part: Partition, where: str, repair: bool) -> Iterator[Finding]:
    """The counter of documents against the ids."""
    name, head = part.keys.counters(part.generation), part.keys.prefix + part.generation + b"i"
    flag = "1" if repair else "0"
    ids, stored = steady(lambda: store.client.eval(_COUNT, 1, name, head, ID_BUCKETS, flag))
    if stored != str(ids).encode():
        what = f"the counter of documents says {stored.decode(errors='replace')}, and there are {ids:,} ids"
        yield Finding("counters", where, what, repair)


def raised(
    store: Store, part: Partition, where: str, which: str, least: int, repair: bool
) -> Iterator[Finding]:
    """The last number given to a document ("d") or paragraph ("p") is at ``least`` this one."""
    name = part.keys.counters(part.generation)
    if steady(lambda: store.client.eval(_RAISE, 1, name, which, least, "1" if repair else "0")):
        thing = "documents" if which == "d" else "paragraphs"
        what = f"the counter of the numbers of {thing} is below {least:,}, which was given"
        yield Finding("counters", where, what, repair)
