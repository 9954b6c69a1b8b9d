"""Every stored text of a partition, read and signed anew: what the index ought to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nearcopy.connection import steady, strings
from nearcopy.doctor.looking import HEAD
from nearcopy.doctor.records import Hashes, Ints
from nearcopy.doctor.spill import Spill
from nearcopy.document import Document
from nearcopy.index import documents
from nearcopy.index.keys import id_digest
from nearcopy.index.store import Partition, Store
from nearcopy.lsh import buckets_of
from nearcopy.text.scanning import scan_texts

Entries = dict[bytes, tuple[int, bytes]]
"""Of ids: digest of the id -> number, digest of the content."""

TEXTS_A_CALL = 256
"""Texts read together, about a quarter of a megabyte; and signed together."""


@dataclass(slots=True)
class Stored:
    """The texts that were read, by number of the document.

    - ``heads``: the first bytes of each, which tell whether it is still the same
    - ``ids``: digest of its id and digest of its content, of each that is whole
    """

    heads: dict[int, bytes] = field(default_factory=dict)
    ids: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class Signed:
    """What those texts ought to leave in the index.

    - ``documents`` int64[D], and their bands
    - ``runs`` uint64[H] and ``holders`` int64[H]: each indexed paragraph as it stands, and its document;
      and their bands
    - ``prints`` uint64[F], ``contexts`` uint16[F], ``owners`` int64[F]: fingerprints, and their documents,
      which ascend
    """

    documents: Ints
    document_bands: Spill
    runs: Hashes
    holders: Ints
    bands: Spill
    prints: Hashes
    contexts: NDArray[np.uint16]
    owners: Ints

    def close(self) -> None:
        """Forget the bands."""
        self.bands.close()
        self.document_bands.close()


def read(store: Store, part: Partition, documents_there: Ints, ids: Entries) -> tuple[Stored, Signed]:
    """Read and sign the texts of some documents of a partition, by ascending numbers; its ``ids`` say what
    their contents ought to be."""
    stored, gathered = Stored(), _Gathered()
    for batch in _batches(store, part, documents_there):
        whole: dict[int, Document] = {}
        for one, content in batch.items():
            stored.heads[one] = content[:HEAD]
            document = intact(content, ids)
            if document is not None:
                whole[one] = document[0]
                stored.ids[one] = id_digest(document[0].id), document[1]
        if whole:
            gathered.add(whole, part)
    return stored, gathered.signed()


def readable(content: bytes | None) -> tuple[Document, bytes] | None:
    """The document of a stored text and the digest of its content; None where it cannot be read at all."""
    try:
        document = documents.unpacked(content or b"")[0]
        return document, documents.digest_of(document)
    except Exception:  # noqa: BLE001 - damaged bytes fail in any way
        return None


def intact(content: bytes | None, ids: Entries) -> tuple[Document, bytes] | None:
    """Likewise; None also where its digest is neither the one that it begins with nor that which its id
    says."""
    found = readable(content)
    if content is None or found is None:
        return None
    said = ids.get(id_digest(found[0].id), (0, b""))[1]
    return found if found[1] in (content[:HEAD], said) else None


def _batches(store: Store, part: Partition, documents_there: Ints) -> Iterator[dict[int, bytes]]:
    for first in range(0, len(documents_there), TEXTS_A_CALL):
        numbers = documents_there[first : first + TEXTS_A_CALL].tolist()
        names = [part.keys.text(part.generation, number) for number in numbers]
        contents = steady(lambda names=names: strings(store.client, names))  # type: ignore[misc]
        yield {
            number: content for number, content in zip(numbers, contents, strict=True) if content is not None
        }


class _Gathered:
    """What batch after batch leaves."""

    def __init__(self) -> None:
        none, unsigned = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
        self.documents, self.holders, self.owners = [none], [none], [none]
        self.runs, self.prints, self.contexts = [unsigned], [unsigned], [np.empty(0, dtype=np.uint16)]
        self.bands, self.document_bands = Spill(), Spill()

    def add(self, whole: dict[int, Document], part: Partition) -> None:
        buckets = buckets_of(scan_texts([one.text for one in whole.values()]), part.parameters)
        numbers = np.fromiter(whole, dtype=np.int64, count=len(whole))
        self.documents.append(numbers)
        self.document_bands.add(buckets.document_bands)
        self.runs.append(buckets.runs)
        self.holders.append(np.repeat(numbers, np.diff(buckets.bounds)))
        self.bands.add(buckets.bands)
        # Copies: what the kernel gives are views of all the room that it had.
        self.prints.append(buckets.fingerprints.copy())
        self.contexts.append(buckets.contexts.copy())
        self.owners.append(np.repeat(numbers, np.diff(buckets.fingerprint_bounds)))

    def signed(self) -> Signed:
        return Signed(
            np.concatenate(self.documents), self.document_bands,
            np.concatenate(self.runs), np.concatenate(self.holders), self.bands,
            np.concatenate(self.prints), np.concatenate(self.contexts), np.concatenate(self.owners),
        )
