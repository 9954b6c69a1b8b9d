"""The doctor: an index against its documents.

    diagnosis = examine(store, repair=False)
    for finding in diagnosis.findings: print(finding.where, finding.what)

It reads every key of a collection, while others write. The texts are what counts: each is signed anew, and
what it ought to leave is compared with what lies on the pages.

    keyspace     every key is known, and belongs to a generation that is      keys
    signing      all texts of a partition -> what they ought to leave
    contents     ids, texts and counters agree                                ids, texts, counters
    paragraphs   the number of each paragraph
    postings     all nets, band by band                                       exact, postings, holders, marks
    unheld       paragraphs that no document holds any more                   unheld
    folders      files of rebuilds                                            files

Whatever looks wrong is looked at again in one step of Redis, together with the text that it belongs to, and
counts only if it is wrong there and the text is the one that was signed. It is mended in one step too, which
does nothing where anything has changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from nearcopy.connection import steady
from nearcopy.doctor import contents, folders, keyspace, signing
from nearcopy.doctor.contents import Contents
from nearcopy.doctor.findings import Diagnosis, Finding
from nearcopy.doctor.keyspace import Keys
from nearcopy.doctor.postings import Postings
from nearcopy.doctor.signing import Entries, Signed, Stored, intact
from nearcopy.errors import NoIndex, NotFound
from nearcopy.index import generations
from nearcopy.index.generations import Generation
from nearcopy.index.keys import id_digest
from nearcopy.index.store import Partition, Store

__all__ = ["Diagnosis", "Finding", "examine"]

ROUNDS = 3
"""Of mending one partition: what was mended may show more."""


def examine(store: Store, repair: bool = False, rebuilds: Iterable[Path] = ()) -> Diagnosis:
    """Check all generations of a collection that are whole, and the folders of ``rebuilds``; mend what is off
    where ``repair``. Raises `StorageUnavailable`."""
    diagnosis = Diagnosis()
    found = keyspace.read(store)
    diagnosis.checked["keys"] = sum(found.of_generations.values())
    diagnosis.findings += keyspace.stray(store, found, repair)
    diagnosis.findings += keyspace.named(store, repair)
    for one in generations.listed(store):
        if one.parameters is None:
            diagnosis.notes.append(
                f"generation {one.number} is not whole: the rebuild that began it is running, can go on from "
                f"its folder, or was given up, and then `nearcopy drop {one.number}` removes it"
            )
            continue
        try:
            _generation(store, str(one.number).encode(), found, repair, diagnosis)
        except NoIndex:
            raise
        except NotFound:
            diagnosis.notes.append(f"generation {one.number} was dropped while it was looked at")
    for folder in rebuilds:
        for told in folders.examine(folder, repair):
            if isinstance(told, Finding):
                diagnosis.findings.append(told)
            else:
                diagnosis.notes.append(told)
    return diagnosis


def _generation(store: Store, generation: bytes, found: Keys, repair: bool, diagnosis: Diagnosis) -> None:
    there = store.at(generation)
    diagnosis.checked["generations"] += 1
    for number in range(len(there.partitions)):
        texts = found.texts[number, generation]
        findings = _partition(there, number, texts, repair, diagnosis.checked)
        # What was mended may show more, which is told only where it stays.
        for _ in range(ROUNDS if repair and findings else 0):
            left = _partition(there, number, texts, repair, Counter())
            if not left:
                findings = [replace(finding, repaired=True) for finding in findings]
                break
        else:
            findings += [finding for finding in left if not finding.repaired] if repair and findings else []
        diagnosis.findings += findings


def _partition(
    there: Store, number: int, texts: list[int], repair: bool, checked: Counter[str]
) -> list[Finding]:
    """One run over one partition of a generation; ``texts``: numbers of those that were there."""
    part = there.partitions[number]
    where = f"partition {number}, generation {part.generation.decode()}"
    old = contents.last_paragraph(there, part)
    one = Contents(there, part, where, repair, lambda *digests: _elsewhere(there, number, *digests))

    def read() -> tuple[Entries, Stored, Signed]:
        ids = contents.entries(there, part)
        numbers = {*texts, *(number for number, _ in ids.values())}
        return ids, *signing.read(there, part, np.array(sorted(numbers), dtype=np.int64), ids)

    ids, stored, signed = read()
    findings = [*contents.count(there, part, where, repair)]
    one.compare(ids, stored)
    if one.changed:
        signed.close()
        ids, stored, signed = read()
    with closing(signed):
        checked["documents"] += len(stored.ids)
        findings += one.findings()
        findings += contents.raised(there, part, where, "d", max(stored.ids, default=0), repair)
        # They are many, and nobody needs them any more
        ids.clear()
        stored.ids.clear()
        postings = Postings(
            there, part, where, signed, lambda number: stored.heads.get(number, b""), frozenset(one.lost),
            old, repair, checked,
        )
        postings.run()
    return findings + postings.findings


def _elsewhere(there: Store, number: int, id: bytes, content: bytes) -> bytes | None:
    """A text by the digests of its id and content, from another generation."""
    for one in generations.listed(there):
        part = _whole(there, one, number)
        if part is None or part.generation == there.partitions[number].generation:
            continue
        entry = steady(lambda part=part: there.client.hget(part.keys.id_bucket(part.generation, id), id))  # type: ignore[misc]
        if entry is not None and entry[3:] == content:
            name = part.keys.text(part.generation, int.from_bytes(entry[:3], "big"))
            text = steady(lambda name=name: there.client.get(name))  # type: ignore[misc]
            found = intact(text, {id: (0, content)})
            if found is not None and (id_digest(found[0].id), found[1]) == (id, content):
                return text  # type: ignore[no-any-return]
    return None


def _whole(store: Store, generation: Generation, number: int) -> Partition | None:
    """A partition of a generation; None where it is not whole, or there no more."""
    try:
        return store.at(b"%d" % generation.number).partitions[number] if generation.parameters else None
    except NotFound:
        return None
