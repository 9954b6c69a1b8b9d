"""The bulk path's door: a collection that holds nothing is filled with base pages, and goes live in one step.

Ids, texts and pages are written as a generation beside the live one, where no answer looks. The last step
moves the pointer; what fails before it leaves the collection as empty as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np
from redis.exceptions import WatchError

from nearcopy.connection import pipeline, steady, translated
from nearcopy.document import Document
from nearcopy.errors import IndexFull, InputError
from nearcopy.index import documents, keys
from nearcopy.index.base import Ints, Postings, base_pages
from nearcopy.index.generations import claimed
from nearcopy.index.lock import Lock
from nearcopy.index.retiring import unlink
from nearcopy.index.store import Partition, Store, packed
from nearcopy.index.writing import FULL
from nearcopy.lsh import Buckets, buckets_of
from nearcopy.text.scanning import scan_texts

BATCH = 512
"""Documents signed and sent together."""

KEYS_A_CALL = 1000
"""Pages sent in one MSET, about half a megabyte: Redis serves nobody else meanwhile."""


def load(store: Store, archive: Iterable[Document]) -> int:
    """Fill a collection without documents from an archive; returns how many it holds then.

    The documents must have been `Document.checked`. Raises `InputError` where the collection holds documents,
    or gets some meanwhile, or an id stands twice; `Busy`; `IndexFull`; `StorageUnavailable`.
    """
    with Lock(store):
        generation = claimed(store)
        gathered = [_Gathered(store, part, generation) for part in store.partitions]
        stream = iter(archive)
        while batch := list(islice(stream, BATCH)):
            by_partition: dict[int, list[Document]] = {}
            for document in batch:
                by_partition.setdefault(keys.partition_of(document.id, len(gathered)), []).append(document)
            for number, mine in by_partition.items():
                gathered[number].add(mine)
        for one in gathered:
            one.write_pages()
        for number, one in enumerate(gathered):
            one.publish()
            store.refresh(number)
        return sum(len(one.ids) for one in gathered)


class _Gathered:
    """What one partition's documents leave in its next generation, batch by batch."""

    def __init__(self, store: Store, part: Partition, generation: bytes) -> None:
        self.store = store
        self.names = part.keys
        self.live = part.generation
        self.next = generation
        self.given = steady(lambda: store.client.hget(part.keys.counters(part.generation), "d"))
        self.ids: dict[str, bytes] = {}
        none, unsigned = np.empty(0, dtype=np.int64), np.empty((0, store.parameters.bands), dtype=np.uint64)
        self.bands, self.document_bands = [unsigned], [unsigned]
        self.runs, self.fingerprints = [unsigned[:, 0]], [unsigned[:, 0]]
        self.contexts = [np.empty(0, dtype=np.uint16)]
        self.holders, self.owners = [none], [none]
        _check_empty(store, part)

    def add(self, batch: list[Document]) -> None:
        """Store the texts, keep the postings."""
        numbers = np.arange(len(batch), dtype=np.int64) + len(self.ids) + 1
        if numbers[-1] > keys.MAX_NUMBER:
            raise IndexFull(FULL)
        texts = {}
        for document, number in zip(batch, numbers.tolist(), strict=True):
            if document.id in self.ids:
                raise InputError(f"the id {document.id!r} stands twice in the archive", "id")
            blob, digest = documents.packed(document)
            texts[self.names.text(self.next, number)] = blob
            self.ids[document.id] = number.to_bytes(3, "big") + digest
        steady(lambda: self.store.client.mset(texts))
        scanned = scan_texts([document.text for document in batch])
        self._keep(buckets_of(scanned, self.store.parameters), numbers)

    def _keep(self, buckets: Buckets, numbers: Ints) -> None:
        self.bands.append(buckets.bands)
        self.runs.append(buckets.runs)
        self.holders.append(np.repeat(numbers, np.diff(buckets.bounds)))
        self.document_bands.append(buckets.document_bands)
        self.fingerprints.append(buckets.fingerprints)
        self.contexts.append(buckets.contexts)
        self.owners.append(np.repeat(numbers, np.diff(buckets.fingerprint_bounds)))

    def postings(self) -> Postings:
        """Equal paragraphs become one, numbered in the order of the archive."""
        runs, first, which = np.unique(np.concatenate(self.runs), return_index=True, return_inverse=True)
        order = np.argsort(first)
        number = np.empty(len(runs), dtype=np.int64)
        number[order] = np.arange(1, len(runs) + 1)
        held = np.unique(number[which] << 24 | np.concatenate(self.holders))
        prints, owners = np.concatenate(self.fingerprints), np.concatenate(self.owners)
        contexts = np.concatenate(self.contexts)
        by_owner = np.lexsort((contexts, prints, owners))
        prints, owners, contexts = prints[by_owner], owners[by_owner], contexts[by_owner]
        once = np.ones(len(prints), dtype=np.bool_)
        once[1:] = (np.diff(prints) != 0) | (np.diff(owners) != 0) | (np.diff(contexts) != 0)
        return Postings(
            bands=np.concatenate(self.bands)[first[order]],
            runs=runs[order],
            holders=np.stack([held >> 24, held & keys.MAX_NUMBER], axis=1),
            document_bands=np.concatenate(self.document_bands),
            document_numbers=np.arange(1, len(self.ids) + 1, dtype=np.int64),
            fingerprints=prints[once],
            contexts=contexts[once],
            fingerprint_numbers=owners[once],
        )

    def write_pages(self) -> None:
        """Write every base page of the next generation, its shape and its counter."""
        postings = self.postings()
        if len(postings.runs) > keys.MAX_NUMBER:
            raise IndexFull(FULL)
        shape, client = postings.shape(), self.store.client
        for names, contents in base_pages(self.names, self.next, postings, shape):
            for start in range(0, len(names), KEYS_A_CALL):
                part = slice(start, start + KEYS_A_CALL)
                pages = dict(zip(names[part], contents[part], strict=True))
                steady(lambda pages=pages: client.mset(pages))  # type: ignore[misc]
        buckets: dict[bytes, dict[bytes, bytes]] = {}
        for document, entry in self.ids.items():
            digest = keys.id_digest(document)
            buckets.setdefault(self.names.id_bucket(self.next, digest), {})[digest] = entry
        counts = {"d": len(self.ids), "c": len(self.ids), "p": len(postings.runs)}

        def write_rest() -> None:
            batch = pipeline(client)
            for name, entries in buckets.items():
                batch.hset(name, mapping=entries)
            batch.hset(self.names.counters(self.next), mapping=counts)
            batch.set(self.names.shape(self.next), packed(shape, self.store.parameters))
            batch.execute()

        steady(write_rest)

    def publish(self) -> None:
        """Move the pointer, unless something was written meanwhile."""
        live = self.names.counters(self.live)
        with translated(), self.store.client.pipeline(transaction=True) as batch:
            batch.watch(self.names.pointer, live)
            if (batch.get(self.names.pointer), batch.hget(live, "d")) != (self.live, self.given):
                raise InputError(CHANGED, "archive")
            batch.multi()
            batch.set(self.names.pointer, self.next)
            try:
                batch.execute()
            except WatchError:
                raise InputError(CHANGED, "archive") from None
        unlink(self.store.client, self.names, self.live)  # it held nothing that anybody could still read


CHANGED = "the collection got documents while it was loaded: put the archive's documents one by one"


def _check_empty(store: Store, part: Partition) -> None:
    if int(steady(lambda: store.client.hget(part.keys.counters(part.generation), "c")) or 0):
        raise InputError(
            f"collection {store.collection!r} holds documents: only an empty one can be loaded in bulk",
            "collection",
        )
