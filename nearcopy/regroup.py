"""The clusters of a collection, kept right while documents come and go.

A run of a worker finds them all at once. From then on each change is made good by whoever reads next: a
document that has gone leaves its cluster; one that has come is checked against the collection, its pairs are
computed as a run computes them, and it goes where a run would move it: to the cluster where it gains most
(`nearcopy.clusters.groups`). Others stay where they are until the next run. No answer names a document that
is not stored.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from nearcopy import check
from nearcopy.clusters.credit import credited
from nearcopy.clusters.group import described
from nearcopy.clusters.groups import CORE, HELD, HOLD
from nearcopy.clusters.pairs import DIGEST_BYTES, Ints, Members, Pairs
from nearcopy.clusters.told import Told, packed, told, unpacked
from nearcopy.clusters.verifying import Bounds, Texts, verified
from nearcopy.document import Document
from nearcopy.errors import Busy, WritesRefused
from nearcopy.index import clusters, keys
from nearcopy.index.clusters import Kept, Row
from nearcopy.index.store import Store
from nearcopy.index.writing import stored_documents
from nearcopy.judge.case import Options
from nearcopy.text.scanning import scan_texts

NEAR = 200
"""Documents that one that has come is compared with: as many as a check aligns."""

MOST = 1000
"""Documents of a cluster whose figures are computed anew in one step; a larger one takes up none, and tells
what is left of it, until the next run."""

CHANGES = 16
"""Read at a time."""

PAGE = 50
"""Clusters read at a time."""

Takes = Callable[[Told], bool]
"""Whether a cluster is asked for."""


def row(one: Told) -> Row:
    """A cluster as it is stored."""
    return Row(bytes.fromhex(one.cluster), tuple(member.document for member in one.members), packed(one))


def catch_up(store: Store, seconds: float) -> int:
    """Make good what has changed, for so many seconds at most, unless another does or Redis takes no writes;
    returns how many changed documents the clusters do not know of yet. Raises `StorageUnavailable`."""
    until = time.monotonic() + seconds
    with suppress(Busy, WritesRefused), clusters.lock(store):
        kept = clusters.find(store)
        if kept is None:
            return 0
        for partition in range(len(store.partitions)):
            while changed := clusters.changes(store, kept.run, partition, CHANGES):
                for id, number in changed:
                    if time.monotonic() > until:
                        return clusters.behind(store, kept.run)
                    for moved in [id, *_take_out(store, kept, id)]:
                        _put_in(store, kept, moved)
                    clusters.caught_up(store, kept.run, partition, number)
        return 0
    kept = clusters.find(store)
    return clusters.behind(store, kept.run) if kept is not None else 0


def get(store: Store, kept: Kept, id: str) -> Told | None:
    """A cluster, of the documents that are stored now."""
    found = _read(store, kept, [bytes.fromhex(id)])
    return found[0] if found else None


def of_document(store: Store, kept: Kept, document: str) -> Told | None:
    """The cluster of a document, if it is in one."""
    [id] = clusters.of_documents(store, kept.run, [document])
    return get(store, kept, id.hex()) if id is not None else None


def listed(
    store: Store, kept: Kept, takes: Takes, *, after: bytes, least: int, limit: int, until: float
) -> tuple[list[Told], bytes | None]:
    """The clusters of ``least`` documents or more that are asked for, the largest first, from behind a place
    on; and the place to go on from, None at the end. ``until``: of `time.monotonic`, when to stop."""
    found: list[Told] = []
    while places := clusters.places(store, kept.run, after, least, PAGE):
        ids = [place[clusters.SIZE_BYTES :] for place in places]
        by_id = {one.cluster: one for one in _read(store, kept, ids)}
        for after in places:
            one = by_id.get(after[clusters.SIZE_BYTES :].hex())
            if one is not None and one.documents >= least and takes(one):
                found.append(one)
                if len(found) == limit:
                    return found, after
        if len(places) < PAGE:
            break
        if time.monotonic() > until:
            return found, after
    return found, None


def _read(store: Store, kept: Kept, ids: Sequence[bytes]) -> list[Told]:
    """Clusters by their ids, without documents that are not stored; those that are no clusters then are left
    out."""
    found = [unpacked(one) for one in clusters.packed(store, kept.run, ids) if one is not None]
    named = [member.document for one in found for member in one.members]
    there = clusters.existing(store, named)
    gone = {id for id, stored in zip(named, there, strict=True) if not stored}
    left = (one.without(gone) if gone else one for one in found)
    return [one for one in left if one is not None]


def _take_out(store: Store, kept: Kept, id: str) -> list[str]:
    """Have a document leave its cluster; returns who is left alone by that."""
    [home] = clusters.of_documents(store, kept.run, [id])
    [stored] = clusters.packed(store, kept.run, [home]) if home is not None else [None]
    if stored is None:
        return []
    old = unpacked(stored)
    ids = [one.document for one in old.members if one.document != id]
    new = old.without([id]) if len(ids) > MOST else _described(store, kept, ids)
    clusters.change(store, kept.run, [row(old)], [row(new)] if new is not None else [])
    return ids if new is None else []


def _put_in(store: Store, kept: Kept, id: str) -> None:
    """Put a document into the cluster where it belongs, if there is one."""
    mine = _documents(store, [id])
    if not mine:
        return
    report = check.check(store, mine[0].text, Options(None, 8, (id,), (), NEAR, NEAR))
    others = _documents(store, [one.document for one in report.sources])
    if not others:
        return
    together = [*mine, *others]
    asked = np.arange(1, len(together), dtype=np.int64)
    found = verified(_texts(together), asked, Bounds(kept.threshold, kept.containment, kept.shingle))
    home = _home(store, kept, found, [one.id for one in together])
    if home is not None:
        old, ids = home
        new = _described(store, kept, [*ids, id])
        clusters.change(store, kept.run, [row(old)] if old is not None else [], [row(new)] if new else [])


def _home(
    store: Store, kept: Kept, pairs: Pairs, ids: Sequence[str]
) -> tuple[Told | None, list[str]] | None:
    """Where document 0 belongs by its pairs: a cluster and its documents; or another that is in none."""
    weights = np.minimum(pairs.a_in_b, pairs.b_in_a) ** 3
    names = clusters.of_documents(store, kept.run, [ids[number] for number in pairs.b.tolist()])
    best: tuple[tuple[int, float], bytes] | None = None
    for name in {one for one in names if one is not None}:
        mine = np.array([one == name for one in names])
        [stored] = clusters.packed(store, kept.run, [name])
        size = unpacked(stored).documents if stored is not None else MOST + 1
        if size >= MOST:
            continue
        gain = float(weights[mine].sum()) - HOLD * size
        core, held = pairs.resemblance[mine].max() >= CORE, pairs.a_in_b[mine].max() >= HELD
        rank = 3 if core else 2 if gain > 0 else 1 if held else 0
        if rank and (best is None or ((rank, gain), name) > best):
            best = (rank, gain), name
    if best is not None:
        old = unpacked(clusters.packed(store, kept.run, [best[1]])[0] or b"")
        return old, [one.document for one in old.members]
    alone = [place for place, name in enumerate(names) if name is None]
    if alone:
        nearest = max(alone, key=lambda place: (weights[place], ids[int(pairs.b[place])]))
        return None, [ids[int(pairs.b[nearest])]]
    return None


def _described(store: Store, kept: Kept, ids: Sequence[str]) -> Told | None:
    """A cluster of these documents, as a run would tell it; None where fewer than two are stored."""
    documents = _documents(store, ids)
    if len(documents) < 2:
        return None
    texts = _texts(documents)
    members = Members(
        ids=[one.id for one in documents],
        publishers=[one.publisher for one in documents],
        published_at=[one.published_at for one in documents],
        titles=[one.title for one in documents],
        words=np.diff(texts.bounds),
        digests=np.frombuffer(b"".join(map(_digest, documents)), dtype=np.uint8).reshape(-1, DIGEST_BYTES),
        credits=[credited(one.text) for one in documents],
    )

    def compare(asked: Ints) -> Pairs:
        return verified(texts, asked, Bounds(0.0, None, kept.shingle))

    nothing = compare(np.empty(0, dtype=np.int64))
    [one] = described(members, [np.arange(len(documents), dtype=np.int64)], nothing, compare)
    return told(members, one)


def _texts(documents: Sequence[Document]) -> Texts:
    scanned = scan_texts([one.text for one in documents])
    ranks = np.argsort(np.argsort(np.array([_digest(one) for one in documents])))
    return Texts(
        np.arange(len(documents), dtype=np.int64), scanned.hashes.copy(),
        np.asarray(scanned.text_words, dtype=np.int64), ranks.astype(np.int64),
    )


def _digest(document: Document) -> bytes:
    return hashlib.blake2b(document.id.encode(), digest_size=DIGEST_BYTES).digest()


def _documents(store: Store, ids: Sequence[str]) -> list[Document]:
    """Those of some documents that are stored, by partition."""
    by_partition: dict[int, list[str]] = {}
    for id in dict.fromkeys(ids):
        by_partition.setdefault(keys.partition_of(id, len(store.partitions)), []).append(id)
    found = [stored_documents(store, part) for part in by_partition.values()]
    return [one for part in found for one in part.values() if one is not None]
