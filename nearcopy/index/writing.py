"""Putting and deleting documents: one script a document, which does everything or nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from redis.exceptions import NoScriptError

from nearcopy.connection import pipeline, steady, strings, translated
from nearcopy.document import Document
from nearcopy.errors import IndexFull, NotFound, PreconditionFailed, StorageUnavailable
from nearcopy.index import documents, keys, packing
from nearcopy.index.shape import BUCKET_CAP
from nearcopy.index.store import Partition, Store
from nearcopy.lsh import Buckets, buckets_of
from nearcopy.text.scanning import scan_texts

Outcome = Literal["created", "replaced", "unchanged"]

Condition = Callable[[tuple[Document, bytes] | None], bool]
"""Whether a write shall happen, given the document that is stored under the id and the digest of its content,
or None. The write happens only where that is still stored."""

LARGE = 256
"""Paragraphs of a document written in one step. Those of a larger one are added ahead, this many at a time,
so that Redis is not kept from others; the last step makes the document, and holds them by number."""

TOGETHER = 16
"""Documents of a batch that share one write to disk: a server that has each write on disk before it answers
(``appendfsync always``) is then 3% slower than one that hurries, and 38% where each is written by itself."""

ROW = 14
"""Bytes that say where a paragraph is looked up."""

ATTEMPTS = 100
"""How often a text is looked for whose id is known: more than one other writer could ever come between."""

HELD_SECONDS = 0.005
"""Between two tries to write while a generation is being published, which takes some tens of milliseconds."""

FULL = "the partition has run out of numbers: rebuild the collection with more partitions"

_SCRIPT = files("nearcopy.index").joinpath("write.lua").read_bytes()
_SCRIPT_SHA = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Entries:
    """What one text has in the index, packed: ``added`` for delta pages, ``removed`` for both kinds.

    ``exact`` maps the hash of each paragraph's words to its row in ``write.lua``'s ARGV[11], whose first
    `ROW` bytes are its row in [12].
    """

    added: frozenset[bytes]
    removed: frozenset[bytes]
    exact: dict[int, bytes]


NOTHING = Entries(frozenset(), frozenset(), {})


def entries_of(texts: Sequence[str], part: Partition) -> list[Entries]:
    """The index entries of every text in a partition, signed in one batch."""
    buckets, shape = buckets_of(scan_texts(texts), part.parameters), part.shape
    added = _postings(buckets, shape.delta, b"D", b"F")
    removed = added
    if shape.base["d"]:
        removed = [a + b for a, b in zip(added, _postings(buckets, shape.base, b"d", b"f"), strict=True)]
    rows = packing.paragraph_rows(buckets, shape)
    out = []
    for text in range(len(texts)):
        mine = range(buckets.bounds[text], buckets.bounds[text + 1])
        exact = {int(buckets.runs[p]): rows[p].tobytes() for p in mine}
        out.append(Entries(_cut(added[text]), _cut(removed[text]), exact))
    return out


def put_batch(store: Store, batch: Sequence[Document]) -> list[Outcome]:
    """Put every document; those that are new travel together, the others one by one.

    Raises `StorageUnavailable` (what was not acknowledged may be put again) and `IndexFull`.
    """
    calls = _first_calls(store, batch)
    answers = iter(_run(store, [call for call in calls if call is not None]))
    return [
        _outcome(next(answers), store, document) if call is not None else _put_one(store, document)
        for call, document in zip(calls, batch, strict=True)
    ]


def put_if(store: Store, document: Document, condition: Condition) -> Outcome:
    """Put one document where the condition holds of what it replaces; else raise `PreconditionFailed`.

    Raises what `put_batch` raises; where Redis did not answer, nobody knows whether it was put.
    """
    return _put_one(store, document, condition)


def delete(store: Store, document_id: str, condition: Condition | None = None) -> bool:
    """Remove a document from every answer at once; False where there was none. Raises `PreconditionFailed`
    where the condition does not hold of it."""
    while True:
        number = keys.partition_of(document_id, len(store.partitions))
        stored = stored_document(store, document_id)
        if stored is None:
            return False
        _demand(condition, document_id, stored)
        old, digest = stored
        part = store.partitions[number]
        entries = entries_of([old.text], part)[0]
        let_go, entries = _ahead(store, part, document_id, entries, NOTHING, adds=False)
        call = _call(part, document_id, b"", digest, b"", NOTHING, entries, let_go=let_go)
        status = _run(store, [call], again=condition is None)[0][0]
        if status == b"held":
            time.sleep(HELD_SECONDS)
        elif status == b"moved":
            store.refresh(number)
        elif status == b"deleted":
            return True


def write_beside(store: Store, part: Partition, changes: Mapping[str, Document | None]) -> None:
    """Put documents into a generation that is not live, or remove those ids that come with None.

    Nothing is logged. Only one writer may do so at a time. Raises `NotFound` where that generation has gone
    live, and `IndexFull`.
    """
    before = _read(store, part, list(changes))
    texts = [one.text for id, new in changes.items() for one in (new, before[id][0]) if one is not None]
    entries = iter(entries_of(texts, part))
    calls = []
    for id, document in changes.items():
        blob, digest = documents.packed(document) if document is not None else (b"", b"")
        new = next(entries) if document is not None else NOTHING
        stored, old_digest = before[id]
        old = next(entries) if stored is not None else NOTHING
        if document is not None or stored is not None:
            hold, new = _ahead(store, part, id, new, old, adds=True, beside=True)
            let_go, old = _ahead(store, part, id, old, new, adds=False, beside=True)
            calls.append(_call(part, id, digest, old_digest, blob, new, old, hold, let_go, beside=True))
    for status, *_ in _run(store, calls):
        if status == b"full":
            raise IndexFull(FULL)
        if status not in (b"created", b"replaced", b"unchanged", b"deleted"):
            name = part.generation.decode()
            raise NotFound(f"generation {name} is not beside the live one: {status.decode()}")


def stored_documents(store: Store, ids: Sequence[str]) -> dict[str, Document | None]:
    """What is stored under some ids of one partition, in a few round trips. Raises `StorageUnavailable` where
    the text of one is missing."""
    number = keys.partition_of(ids[0], len(store.partitions))
    part = store.refresh(number)
    found = _read(store, part, ids)
    if store.refresh(number).generation != part.generation:
        return stored_documents(store, ids)
    told = {}
    for id, (document, digest) in found.items():
        if document is None and digest:  # others may just replace it
            again = stored_document(store, id)
            document = again[0] if again is not None else None
        told[id] = document
    return told


def _read(store: Store, part: Partition, ids: Sequence[str]) -> dict[str, tuple[Document | None, bytes]]:
    """The documents of some ids in a generation, with the digests of their contents by the ids. Of one whose
    text is missing there is only the digest."""
    def ask() -> list[bytes | None]:
        batch = pipeline(store.client)
        for digest in map(keys.id_digest, ids):
            batch.hget(part.keys.id_bucket(part.generation, digest), digest)
        return batch.execute()  # type: ignore[no-any-return]

    entries = {id: entry or b"" for id, entry in zip(ids, steady(ask), strict=True)}
    names = {
        id: part.keys.text(part.generation, int.from_bytes(entry[:3], "big"))
        for id, entry in entries.items() if entry
    }
    texts = steady(lambda: strings(store.client, list(names.values()))) if names else []
    there = dict(zip(names, texts, strict=True))
    return {
        id: (documents.unpacked(text)[0] if (text := there.get(id)) is not None else None, entry[3:])
        for id, entry in entries.items()
    }


def stored_document(store: Store, document_id: str) -> tuple[Document, bytes] | None:
    """A stored document and the digest of its content, or None."""
    partition = keys.partition_of(document_id, len(store.partitions))
    digest = keys.id_digest(document_id)
    for _ in range(ATTEMPTS):
        part = store.partitions[partition]
        entry = _entry(store, part, digest)
        if entry == b"moved":
            store.refresh(partition)
            continue
        if entry is None:
            return None
        name = part.keys.text(part.generation, int.from_bytes(entry[:3], "big"))
        stored = steady(lambda name=name: store.client.get(name))  # type: ignore[misc]
        if stored is not None:
            document, found = documents.unpacked(stored)
            if found == entry[3:]:
                return document, found
    raise StorageUnavailable(
        f"the text of document {document_id!r} is missing: does Redis evict keys? Set its maxmemory-policy "
        "to noeviction"
    )


def _entry(store: Store, part: Partition, digest: bytes) -> bytes | None:
    """What the ids say of one: its number and the digest of its content; b"moved" where another generation is
    live."""
    def ask() -> list[bytes | None]:
        batch = pipeline(store.client)
        batch.get(part.keys.pointer)
        batch.hget(part.keys.id_bucket(part.generation, digest), digest)
        return batch.execute()  # type: ignore[no-any-return]

    generation, entry = steady(ask)
    return entry if generation == part.generation else b"moved"


def _first_calls(store: Store, batch: Sequence[Document]) -> list[list[Any] | None]:
    """The script calls that put each document as a new one; None for what is large, or stands twice."""
    by_shape: dict[int, list[int]] = {}
    for position, document in enumerate(batch):
        by_shape.setdefault(keys.partition_of(document.id, len(store.partitions)), []).append(position)
    calls: list[list[Any] | None] = [None] * len(batch)
    seen: set[str] = set()
    for number, positions in by_shape.items():
        part = store.partitions[number]
        entries = entries_of([batch[p].text for p in positions], part)
        for position, entry in zip(positions, entries, strict=True):
            document = batch[position]
            if document.id not in seen and len(entry.exact) <= LARGE:
                blob, digest = documents.packed(document)
                calls[position] = _call(part, document.id, digest, b"", blob, entry, NOTHING)
            seen.add(document.id)
    return calls


def _outcome(answer: list[Any], store: Store, document: Document) -> Outcome:
    status = answer[0].decode()
    if status == "full":
        raise IndexFull(FULL)
    if status in ("exists", "gone", "moved", "held"):
        return _put_one(store, document)
    return status  # type: ignore[no-any-return]


def _put_one(store: Store, document: Document, condition: Condition | None = None) -> Outcome:
    """Put one document against what is stored under its id now, and again while others change it."""
    number = keys.partition_of(document.id, len(store.partitions))
    blob, digest = documents.packed(document)
    while True:
        part = store.partitions[number]
        stored = stored_document(store, document.id)
        _demand(condition, document.id, stored)
        old_text, old_digest = ([stored[0].text], stored[1]) if stored else ([], b"")
        new, old = [*entries_of([document.text, *old_text], part), NOTHING][:2]
        hold, new = _ahead(store, part, document.id, new, old, adds=True)
        let_go, old = _ahead(store, part, document.id, old, new, adds=False)
        call = _call(part, document.id, digest, old_digest, blob, new, old, hold, let_go)
        answer = _run(store, [call], again=condition is None)[0]
        if condition is not None and answer[0] == b"unchanged" and old_digest != digest:
            # Another put the same a moment ago: of two who do so under one condition, one comes second
            continue
        if answer[0] == b"held":
            time.sleep(HELD_SECONDS)
        elif answer[0] == b"moved":
            store.refresh(number)
        elif answer[0] not in (b"exists", b"gone"):
            return _outcome(answer, store, document)


def _demand(condition: Condition | None, id: str, stored: tuple[Document, bytes] | None) -> None:
    if condition is not None and not condition(stored):
        raise PreconditionFailed(
            f"document {id!r} is not what this was meant for: "
            + ("it was changed, so read it again" if stored else "there is none of that id")
        )


def _ahead(
    store: Store, part: Partition, document_id: str, mine: Entries, other: Entries, *, adds: bool,
    beside: bool = False,
) -> tuple[bytes, Entries]:
    """The numbers, packed, of the paragraphs that ``mine`` has beyond ``other``, where they are many; and the
    entries that are left to write.

    They are looked up or added in steps, each held by nobody yet. A crash leaves paragraphs without
    documents, as every delete does: they are in no answer.
    """
    rows = [item for item in mine.exact.items() if item[0] not in other.exact]
    if len(rows) <= LARGE:
        return b"", mine
    numbers = b""
    for start in range(0, len(rows), LARGE):
        step = Entries(frozenset(), frozenset(), dict(rows[start : start + LARGE]))
        sides = (step, NOTHING) if adds else (NOTHING, step)
        call = _call(part, document_id, b"", b"", b"", *sides, step="ahead", beside=beside)
        answer = _run(store, [call])[0]
        if answer[0] == b"full":
            raise IndexFull(FULL)
        if answer[0] == b"ahead":
            numbers += answer[1]
    kept = {run: row for run, row in mine.exact.items() if run in other.exact}
    return numbers, Entries(mine.added, mine.removed, kept)


def _call(
    part: Partition, document_id: str, digest: bytes, replaces: bytes, blob: bytes,
    new: Entries, old: Entries, hold: bytes = b"", let_go: bytes = b"", step: str = "commit",
    beside: bool = False,
) -> list[Any]:
    """KEYS and ARGV of ``write.lua``; ``hold``, ``let_go``: numbers of paragraphs that are neither in ``new``
    nor in ``old``."""
    id_digest = keys.id_digest(document_id)
    return [
        part.keys.id_bucket(part.generation, id_digest), part.keys.prefix, part.generation, id_digest,
        document_id.encode(),
        digest, replaces, step, blob,
        b"".join(new.added - old.added), b"".join(old.removed - new.removed),
        b"".join(row for run, row in new.exact.items() if run not in old.exact),
        b"".join(row[:ROW] for run, row in old.exact.items() if run not in new.exact),
        hold, part.parameters.bands, BUCKET_CAP, let_go, "beside" if beside else "",
    ]


def _run(store: Store, calls: list[list[Any]], again: bool = True) -> list[Any]:
    """The script's answers, in order. Running a call twice is harmless: the second finds it done. Whoever
    must know that it was his own doing does not run it ``again`` where the answer was lost."""
    def send() -> list[Any]:
        answers: list[Any] = []
        for start in range(0, len(calls), TOGETHER):
            group = calls[start : start + TOGETHER]
            # Alone it is no transaction: a server without memory would refuse that, even where it removes.
            batch = pipeline(store.client, together=len(group) > 1)
            for call in group:
                # Not `evalsha`, which the driver blocks in a cluster's pipeline, though it can send it.
                batch.execute_command("EVALSHA", _SCRIPT_SHA, 1, *call)
            answers += batch.execute()
        return answers

    def send_or_load() -> list[Any]:
        try:
            return send()
        except NoScriptError:
            store.client.script_load(_SCRIPT)
            return send()

    if not again:
        with translated():
            return send_or_load()
    return steady(send_or_load) if calls else []


def _postings(buckets: Buckets, pages: dict[str, int], bands: bytes, fingerprints: bytes) -> list[bytes]:
    first = packing.document_postings(buckets, "d", pages["d"], bands)
    second = packing.document_postings(buckets, "f", pages["f"], fingerprints)
    return [a + b for a, b in zip(first, second, strict=True)]


def _cut(packed: bytes) -> frozenset[bytes]:
    return frozenset(np.frombuffer(packed, dtype=f"V{packing.POSTING}").tolist())
