"""The write path: documents -> index. What is acknowledged is stored, logged and found by the next check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nearcopy.document import Document, check_date, checked_id, checked_text
from nearcopy.errors import InputError, NotFound, NoWords
from nearcopy.index import writing
from nearcopy.index.store import Store
from nearcopy.index.writing import Condition, Outcome
from nearcopy.text.scanning import scan_texts

BATCH_CHARACTERS = 250_000
"""Text signed and sent together: long enough to spread the cost of a call, short enough to wait for."""

BATCH_DOCUMENTS = 128


def put(store: Store, document: Document, condition: Condition | None = None) -> Outcome:
    """Store or replace one document; "unchanged" where it is there already. Raises `InputError`,
    `StorageUnavailable` and `IndexFull`, and `PreconditionFailed` where the condition does not hold of what
    is stored under its id."""
    _check(document)
    if condition is not None:
        return writing.put_if(store, document, condition)
    return writing.put_batch(store, [document])[0]


def put_many(store: Store, documents: Iterable[Document]) -> Iterator[Outcome]:
    """Store or replace documents, in order; each outcome is yielded once the document is stored."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        _check(document)
        batch.append(document)
        size += len(document.text)
        if size >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
            yield from writing.put_batch(store, batch)
            batch, size = [], 0
    if batch:
        yield from writing.put_batch(store, batch)


def put_each(store: Store, documents: Sequence[Document]) -> list[Outcome | InputError]:
    """Store or replace what can be stored of a few documents, together: the outcome of each, or what is wrong
    with it. Raises `StorageUnavailable` and `IndexFull`; what was not acknowledged may be put again."""
    faults = [_fault(document) for document in documents]
    good = [document for document, fault in zip(documents, faults, strict=True) if fault is None]
    outcomes = iter(writing.put_batch(store, good) if good else [])
    return [next(outcomes) if fault is None else fault for fault in faults]


def get(store: Store, document_id: str) -> tuple[Document, bytes]:
    """The stored document of that id, and the digest of its content; raises `NotFound`."""
    stored = writing.stored_document(store, checked_id(document_id))
    if stored is None:
        raise NotFound(f"there is no document {document_id!r} in collection {store.collection!r}")
    return stored


def delete(store: Store, document_id: str, condition: Condition | None = None) -> bool:
    """Remove a document from every answer at once; False where there was none. Raises `PreconditionFailed`
    where the condition does not hold of it."""
    return writing.delete(store, checked_id(document_id), condition)


def _fault(document: Document) -> InputError | None:
    try:
        _check(document)
    except InputError as fault:
        return fault
    return None


def _check(document: Document) -> None:
    checked_id(document.id)
    checked_text(document.text)
    check_date(document.published_at)
    if not len(scan_texts([document.text]).hashes):
        raise NoWords("text holds no word: send letters or digits in any script", "text")
