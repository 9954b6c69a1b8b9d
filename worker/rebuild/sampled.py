"""Documents of a generation, drawn at random and read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from nearcopy.connection import pipeline, steady, strings
from nearcopy.document import Document
from nearcopy.index import documents, keys
from nearcopy.index.store import Partition, Store
from worker.rebuild.buckets import Ints

TEXTS_A_CALL = 64
"""Read together."""

BATCH_CHARACTERS = 4 << 20
"""Of texts handed out together: what is made of them takes some hundred megabytes."""


def drawn(counted: Sequence[int], size: int, draw: np.random.Generator) -> list[Ints]:
    """Of the documents that each partition has, numbered from 1, the numbers of so many of all: ascending,
    each as likely as any other."""
    chosen = np.sort(draw.choice(sum(counted), min(size, sum(counted)), replace=False)).astype(np.int64)
    bounds = np.cumsum([0, *counted]).tolist()
    return [chosen[(chosen >= a) & (chosen < b)] - a + 1 for a, b in pairwise(bounds)]


def read(store: Store, part: Partition, wanted: Ints) -> Iterator[dict[int, Document | None]]:
    """The documents of some numbers, in batches; None for one whose text cannot be read, is not what it says
    of itself, or is not where its id leads. Where there is neither text nor id, there is nothing."""
    batch: dict[int, Document | None] = {}
    size = 0
    for start in range(0, len(wanted), TEXTS_A_CALL):
        numbers = wanted[start : start + TEXTS_A_CALL].tolist()
        names = [part.keys.text(part.generation, number) for number in numbers]
        contents = steady(lambda names=names: strings(store.client, names))  # type: ignore[misc]
        for number, document in _whole(store, part, numbers, contents).items():
            batch[number] = document
            size += len(document.text) if document else 0
            if size >= BATCH_CHARACTERS:
                yield batch
                batch, size = {}, 0
    yield batch


def _whole(
    store: Store, part: Partition, numbers: list[int], contents: Sequence[bytes | None]
) -> dict[int, Document | None]:
    """Of the numbers that have a text, the document or None."""
    stored = zip(numbers, contents, strict=True)
    found = {number: _document(content) for number, content in stored if content is not None}
    digests = [keys.id_digest(document.id) if document else b"" for document in found.values()]

    def ask() -> list[bytes | None]:
        batch = pipeline(store.client)
        for digest in digests:
            batch.hget(part.keys.id_bucket(part.generation, digest), digest)
        return batch.execute()  # type: ignore[no-any-return]

    leads = [entry[:3] if entry else b"" for entry in steady(ask)]
    return {
        number: document if lead == number.to_bytes(3, "big") else None
        for (number, document), lead in zip(found.items(), leads, strict=True)
    }


def _document(content: bytes) -> Document | None:
    """What a stored text holds, if it is whole."""
    try:
        document, digest = documents.unpacked(content)
        return document if documents.packed(document)[1] == digest else None
    except Exception:  # noqa: BLE001 - damaged bytes fail in any way
        return None
