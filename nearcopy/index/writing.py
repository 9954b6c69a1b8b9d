"""Putting and deleting documents: one script a document, which does everything or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from redis.exceptions import NoScriptError

from nearcopy.connection import pipeline, steady
from nearcopy.document import Document
from nearcopy.errors import IndexFull
from nearcopy.index import documents, keys, packing
from nearcopy.index.shape import BUCKET_CAP, Shape
from nearcopy.index.store import Partition, Store
from nearcopy.lsh import Buckets, buckets_of
from nearcopy.text.scanning import scan_texts

Outcome = Literal["created", "replaced", "unchanged"]

LARGE = 256
"""Paragraphs of a document written in one step; more go ahead in parts, which nobody sees until the last."""

LARGE_POSTINGS = 7 * 8192
"""Bytes of a document's own postings written in one step."""

FULL = "the partition has run out of numbers: rebuild the collection with more partitions"

_SCRIPT = files("nearcopy.index").joinpath("write.lua").read_bytes()
_SCRIPT_SHA = hashlib.sha1(_SCRIPT, usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Entries:
    """What one text has in the index, packed: ``added`` for delta pages, ``removed`` for both kinds.

    ``exact`` maps the hash of each paragraph's words to its row in ``write.lua``'s ARGV[12] and [13].
    """

    added: frozenset[bytes]
    removed: frozenset[bytes]
    exact: dict[int, tuple[bytes, bytes]]


def entries_of(texts: Sequence[str], store: Store, shape: Shape) -> list[Entries]:
    """The index entries of every text, signed in one batch."""
    buckets = buckets_of(scan_texts(texts), store.parameters)
    added = _postings(buckets, shape.delta, b"D", b"F")
    removed = added
    if shape.base["d"]:
        removed = [a + b for a, b in zip(added, _postings(buckets, shape.base, b"d", b"f"), strict=True)]
    rows, short = packing.paragraph_rows(buckets, shape), packing.exact_rows(buckets.runs, shape)
    out = []
    for text in range(len(texts)):
        part = range(buckets.bounds[text], buckets.bounds[text + 1])
        exact = {int(buckets.runs[p]): (rows[p].tobytes(), short[p].tobytes()) for p in part}
        out.append(Entries(_cut(added[text]), _cut(removed[text]), exact))
    return out


def put_batch(store: Store, batch: Sequence[Document]) -> list[Outcome]:
    """Put every document; those that are new travel together, the others one by one.

    Raises `StorageUnavailable` (what was not acknowledged may be put again) and `IndexFull`.
    """
    while True:
        calls = _first_calls(store, batch)
        answers = _run(store, [call for call in calls if call is not None])
        if not any(answer[0] == b"moved" for answer in answers):
            break
        for number in range(len(store.partitions)):
            store.refresh(number)
    waiting = iter(answers)
    return [
        _outcome(next(waiting), store, document) if call is not None else _put_one(store, document)
        for call, document in zip(calls, batch, strict=True)
    ]


def delete(store: Store, document_id: str) -> bool:
    """Remove a document from every answer at once; False where there was none."""
    while True:
        number = keys.partition_of(document_id, len(store.partitions))
        stored = stored_document(store, document_id)
        if stored is None:
            return False
        old, digest = stored
        part = store.partitions[number]
        entries = entries_of([old.text], store, part.shape)[0]
        call = _call(store, part, document_id, b"", digest, b"", None, entries)
        status = _run(store, [call])[0][0]
        if status == b"moved":
            store.refresh(number)
        elif status == b"deleted":
            return True


def stored_document(store: Store, document_id: str) -> tuple[Document, bytes] | None:
    """A stored document and the digest of its content, or None."""
    part = store.partitions[keys.partition_of(document_id, len(store.partitions))]
    digest = keys.id_digest(document_id)
    while True:
        entry = steady(lambda: store.client.hget(part.keys.id_bucket(digest), digest))
        if entry is None:
            return None
        name = part.keys.text(int.from_bytes(entry[:3], "big"))
        stored = steady(lambda name=name: store.client.get(name))  # type: ignore[misc]
        if stored is not None:
            document, found = documents.unpacked(stored)
            if found == entry[3:]:
                return document, found


def _first_calls(store: Store, batch: Sequence[Document]) -> list[list[Any] | None]:
    """The script calls that put each document as a new one; None for what is large, or stands twice."""
    by_shape: dict[int, list[int]] = {}
    for position, document in enumerate(batch):
        by_shape.setdefault(keys.partition_of(document.id, len(store.partitions)), []).append(position)
    calls: list[list[Any] | None] = [None] * len(batch)
    seen: set[str] = set()
    for number, positions in by_shape.items():
        part = store.partitions[number]
        entries = entries_of([batch[p].text for p in positions], store, part.shape)
        for position, entry in zip(positions, entries, strict=True):
            document = batch[position]
            if document.id not in seen and not _is_large(entry):
                blob, digest = documents.packed(document)
                calls[position] = _call(store, part, document.id, digest, b"", blob, entry, None)
            seen.add(document.id)
    return calls


def _outcome(answer: list[Any], store: Store, document: Document) -> Outcome:
    status = answer[0].decode()
    if status == "full":
        raise IndexFull(FULL)
    if status in ("exists", "gone"):
        return _put_one(store, document)
    return status  # type: ignore[no-any-return]


def _put_one(store: Store, document: Document) -> Outcome:
    """Put one document against what is stored under its id now, and again while others change it."""
    number = keys.partition_of(document.id, len(store.partitions))
    blob, digest = documents.packed(document)
    while True:
        part = store.partitions[number]
        stored = stored_document(store, document.id)
        new, old, old_digest = entries_of([document.text], store, part.shape)[0], None, b""
        if stored is not None:
            old, old_digest = entries_of([stored[0].text], store, part.shape)[0], stored[1]
        reserved = b""
        if _is_large(new) and old_digest != digest:
            new, reserved = _write_ahead(store, part, document.id, new, old)
        call = _call(store, part, document.id, digest, old_digest, blob, new, old, reserved)
        answer = _run(store, [call])[0]
        if answer[0] == b"moved":
            store.refresh(number)
        elif answer[0] not in (b"exists", b"gone"):
            return _outcome(answer, store, document)


def _write_ahead(
    store: Store, part: Partition, document_id: str, new: Entries, old: Entries | None
) -> tuple[Entries, bytes]:
    """Write a large document's postings in parts, before the step that makes it a document.

    Until that step its number names no text, so no answer can hold half of it. Returns what is left to write
    and the number.
    """
    kept = old.exact.keys() if old else frozenset()
    added = sorted(new.added - (old.added if old else frozenset()))
    rows = [item for item in new.exact.items() if item[0] not in kept]
    reserved = b""
    while rows or len(added) * 7 > LARGE_POSTINGS:
        step = Entries(frozenset(added[: LARGE_POSTINGS // 7]), frozenset(), dict(rows[:LARGE]))
        added, rows = added[LARGE_POSTINGS // 7 :], rows[LARGE:]
        call = _call(store, part, document_id, b"-", b"", b"", step, None, reserved, b"postings")
        answer = _run(store, [call])[0]
        if answer[0] == b"full":
            raise IndexFull(FULL)
        if answer[0] != b"written":
            break
        reserved = str(answer[1]).encode()
    done = {run: row for run, row in new.exact.items() if run in kept or run in dict(rows)}
    left = frozenset(added) | (new.added & old.added if old else frozenset())
    return Entries(left, new.removed, done), reserved


def _call(
    store: Store, part: Partition, document_id: str, digest: bytes, replaces: bytes, blob: bytes | None,
    new: Entries | None, old: Entries | None, reserved: bytes = b"", step: bytes = b"commit",
) -> list[Any]:
    """KEYS and ARGV of ``write.lua``."""
    nothing = Entries(frozenset(), frozenset(), {})
    new, old = new or nothing, old or nothing
    id_digest = keys.id_digest(document_id)
    stays = new.removed
    return [
        part.keys.id_bucket(id_digest), part.keys.prefix, part.generation, id_digest, document_id.encode(),
        digest, replaces, step, reserved, blob or b"",
        b"".join(new.added - old.added), b"".join(old.removed - stays),
        b"".join(new.exact[run][0] for run in new.exact.keys() - old.exact.keys()),
        b"".join(old.exact[run][1] for run in old.exact.keys() - new.exact.keys()),
        store.parameters.bands, BUCKET_CAP,
    ]


def _run(store: Store, calls: list[list[Any]]) -> list[Any]:
    """The script's answers, in order. Running a call twice is harmless: the second finds it done."""
    def send() -> list[Any]:
        batch = pipeline(store.client)
        for call in calls:
            batch.evalsha(_SCRIPT_SHA, 1, *call)
        return batch.execute()  # type: ignore[no-any-return]

    def send_or_load() -> list[Any]:
        try:
            return send()
        except NoScriptError:
            store.client.script_load(_SCRIPT)
            return send()

    return steady(send_or_load) if calls else []


def _is_large(entries: Entries) -> bool:
    return len(entries.exact) > LARGE or len(entries.added) * 7 > LARGE_POSTINGS


def _postings(buckets: Buckets, pages: dict[str, int], bands: bytes, fingerprints: bytes) -> list[bytes]:
    first = packing.document_postings(buckets, "d", pages["d"], bands)
    second = packing.document_postings(buckets, "f", pages["f"], fingerprints)
    return [a + b for a, b in zip(first, second, strict=True)]


def _cut(packed: bytes) -> frozenset[bytes]:
    return frozenset(np.frombuffer(packed, dtype="V7").tolist())
