"""The clusters of a collection, kept right while documents come and go.

A run of a worker finds them all at once. From then on each change is made good by whoever reads next: a
document that has gone leaves its cluster; one that has come is checked against the collection, its pairs are
computed as a run computes them, and it goes where a run would move it: to the cluster where it gains most
(`nearcopy.clusters.groups`). Others stay where they are until the next run. Of a cluster of more than `MOST`
documents the original and the figures of the others stay, too. No answer names a document that is not stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from nearcopy import check
from nearcopy.clusters.credit import credited
from nearcopy.clusters.group import cluster_id, described
from nearcopy.clusters.groups import CORE, HELD, HOLD
from nearcopy.clusters.pairs import MIN_WORDS, Ints, Members, Pairs
from nearcopy.clusters.told import DIGITS, Member, Role, Told, packed, told, unpacked
from nearcopy.clusters.verifying import Bounds, Texts, verified
from nearcopy.document import Document, instant
from nearcopy.errors import Busy, WritesRefused
from nearcopy.index import clusters, keys
from nearcopy.index.clusters import Kept, Row
from nearcopy.index.keys import MAX_NUMBER
from nearcopy.index.store import Store
from nearcopy.index.writing import stored_documents
from nearcopy.judge.case import Options
from nearcopy.report import Report
from nearcopy.text.scanning import scan_texts

NEAR = 200
"""Documents that one that has come is compared with: as many as a check aligns."""

MOST = 1000
"""Documents of a cluster whose figures are computed anew in one step."""

LEADS = 10
"""Members of a larger one that are looked at for one that is stored, to tell what a newcomer is to it."""

CHANGES = 16
"""Read at a time."""

PAGE = 50
"""Clusters read at a time."""

Takes = Callable[[Told], bool]
"""Whether a cluster is asked for."""


def row(one: Told) -> Row:
    """A cluster as it is stored."""
    return replace(_gone(one), packed=packed(one))


def _gone(one: Told) -> Row:
    """A cluster that is replaced: to pack a large one takes a while."""
    return Row(bytes.fromhex(one.cluster), tuple(member.document for member in one.members), b"")


def catch_up(store: Store, seconds: float) -> int:
    """Make good what has changed, for so many seconds at most, unless another does or Redis takes no writes;
    returns how many changed documents the clusters do not know of yet. Raises `StorageUnavailable`."""
    until = time.monotonic() + seconds
    if clusters.find(store) is None:
        return 0
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
    [old] = _stored(store, kept, [home]) if home is not None else [None]
    if old is None:
        return []
    left = [one for one in old.members if one.document != id]
    ids = [one.document for one in left]
    new = _counted(old, left) if len(left) > MOST else _described(store, kept, ids)
    clusters.change(store, kept.run, [_gone(old)], [row(new)] if new is not None else [])
    return ids if new is None else []


def _put_in(store: Store, kept: Kept, id: str) -> None:
    """Put a document into the cluster where it belongs, if there is one."""
    mine = _documents(store, [id])
    if not mine:
        return
    report = _report(store, mine[0])
    others = _documents(store, [one.document for one in report.sources])
    if not others:
        return
    together = [*mine, *others]
    asked = np.arange(1, len(together), dtype=np.int64)
    found = verified(_texts(together), asked, Bounds(kept.threshold, kept.containment, kept.shingle))
    names = clusters.of_documents(store, kept.run, [one.id for one in together])
    old = _home(store, kept, found, names, report.verified == report.candidates and not report.bounded)
    if old is not None:
        new = _with(store, kept, old, mine[0])
        clusters.change(store, kept.run, [_gone(old)], [row(new)] if new is not None else [])
    elif alone := [int(other) for other in found.b if names[other] is None]:
        weight = dict(zip(found.b.tolist(), _weights(found).tolist(), strict=True))
        nearest = max(alone, key=lambda other: (weight[other], together[other].id))
        new = _described(store, kept, [together[nearest].id, id])
        clusters.change(store, kept.run, [], [row(new)] if new is not None else [])


def _report(store: Store, document: Document) -> Report:
    """What a document shares with others. One that is short or common as a whole is compared whole, as in a
    run."""
    asked = Options(exclude_documents=(document.id,), limit=NEAR, verify=NEAR, min_words=MIN_WORDS)
    report = check.check(store, document.text, asked)
    if sum(one.words for one in report.paragraphs if one.status != "common") < MIN_WORDS:
        whole = replace(asked, common_documents=MAX_NUMBER, min_words=min(report.words, MIN_WORDS))
        return check.check(store, document.text, whole)
    return report


def _home(
    store: Store, kept: Kept, pairs: Pairs, names: Sequence[bytes | None], all_compared: bool
) -> Told | None:
    """The cluster where document 0 belongs by its pairs, if there is one; ``names``: the cluster of each
    document that it was compared with."""
    weights, mine = _weights(pairs), np.array([names[other] or b"" for other in pairs.b.tolist()])
    best: tuple[tuple[int, float, bytes], Told] | None = None
    ids = sorted(set(mine.tolist()) - {b""})
    for id, one in zip(ids, _stored(store, kept, ids), strict=True):
        if one is None:
            continue
        here = mine == id
        # Where not all could be compared, those that were stand for the rest
        compared = one.documents if all_compared else names.count(id)
        gain = (float(weights[here].sum()) / compared - HOLD) * one.documents
        core, held = pairs.resemblance[here].max() >= CORE, pairs.a_in_b[here].max() >= HELD
        rank = 3 if core else 2 if gain > 0 else 1 if held else 0
        if rank and (best is None or (rank, gain, id) > best[0]):
            best = (rank, gain, id), one
    return best[1] if best is not None else None


def _weights(pairs: Pairs) -> NDArray[np.float64]:
    return np.minimum(pairs.a_in_b, pairs.b_in_a) ** 3


def _stored(store: Store, kept: Kept, ids: Sequence[bytes]) -> list[Told | None]:
    """Clusters by their ids as they are stored, None for those that are not."""
    return [unpacked(one) if one is not None else None for one in clusters.packed(store, kept.run, ids)]


def _with(store: Store, kept: Kept, old: Told, new: Document) -> Told | None:
    """A cluster and one more document."""
    if old.documents < MOST:
        return _described(store, kept, [*(one.document for one in old.members), new.id])
    first = sorted(old.members, key=lambda one: (one.role != "original", one.role != "candidate", -one.words))
    there = {one.id: one for one in _documents(store, [one.document for one in first[:LEADS]])}
    if not there:
        return old
    lead = next(there[one.document] for one in first if one.document in there)
    texts = _texts([lead, new])
    pair = verified(texts, np.ones(1, dtype=np.int64), Bounds(0.0, None, kept.shingle))
    in_lead, of_lead = float(pair.b_in_a[0]), float(pair.a_in_b[0])
    member = Member(
        document=new.id, title=new.title, publisher=new.publisher, published_at=new.published_at,
        words=int(texts.bounds[2] - texts.bounds[1]), role=_role(in_lead, of_lead),
        in_original=round(in_lead, DIGITS), of_original=round(of_lead, DIGITS),
    )
    return _counted(old, [*old.members, member])


def _counted(old: Told, members: Iterable[Member]) -> Told:
    """A cluster of other documents, counted anew; all else as it was."""
    by_date = tuple(sorted(members, key=_when))
    gone = {one.document for one in old.members} - {one.document for one in by_date}
    id = cluster_id(keys.id_digests(one.document for one in by_date))
    new = replace(old, members=by_date, cluster=id).without(gone)
    assert new is not None
    return new


def _when(member: Member) -> tuple[bool, datetime]:
    """By date, those without one last."""
    if member.published_at is None:
        return True, datetime.max.replace(tzinfo=UTC)
    return False, instant(member.published_at)


def _role(in_original: float, of_original: float) -> Role:
    if in_original >= HELD:
        return "copy" if of_original >= HELD else "part"
    return "whole" if of_original >= HELD else "version"


def _described(store: Store, kept: Kept, ids: Sequence[str]) -> Told | None:
    """A cluster of these documents, as a run would tell it; None where fewer than two are stored."""
    # In the order of a run: of equals, the first one leads, and stands first
    documents = sorted(_documents(store, ids), key=lambda one: keys.id_digest(one.id))
    if len(documents) < 2:
        return None
    texts = _texts(documents)
    members = Members(
        ids=[one.id for one in documents],
        publishers=[one.publisher for one in documents],
        published_at=[one.published_at for one in documents],
        titles=[one.title for one in documents],
        words=np.diff(texts.bounds),
        digests=keys.id_digests(one.id for one in documents),
        credits=[credited(one.text) for one in documents],
    )

    def compare(asked: Ints) -> Pairs:
        return verified(texts, asked, Bounds(0.0, None, kept.shingle))

    nothing = compare(np.empty(0, dtype=np.int64))
    [one] = described(members, [np.arange(len(documents), dtype=np.int64)], nothing, compare)
    return told(members, one)


def _texts(documents: Sequence[Document]) -> Texts:
    scanned = scan_texts([one.text for one in documents])
    ranks = np.argsort(np.argsort(np.array([keys.id_digest(one.id) for one in documents])))
    return Texts(
        np.arange(len(documents), dtype=np.int64), scanned.hashes,
        np.asarray(scanned.text_words, dtype=np.int64), ranks.astype(np.int64),
    )


def _documents(store: Store, ids: Sequence[str]) -> list[Document]:
    """Those of some documents that are stored, by partition."""
    by_partition: dict[int, list[str]] = {}
    for id in dict.fromkeys(ids):
        by_partition.setdefault(keys.partition_of(id, len(store.partitions)), []).append(id)
    found = [stored_documents(store, part) for part in by_partition.values()]
    return [one for part in found for one in part.values() if one is not None]
