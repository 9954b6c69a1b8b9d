"""An archive to check texts against: the engine's front door."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from nearcopy import check, embedded, ingest
from nearcopy.check import Among
from nearcopy.connection import Client, connect, steady
from nearcopy.document import Document, checked_collection
from nearcopy.errors import InputError, NoIndex
from nearcopy.index.store import Store
from nearcopy.index.writing import Condition, Outcome
from nearcopy.judge.case import Options
from nearcopy.parameters import Parameters
from nearcopy.report import Comparison, Report


class Archive:
    """One collection. Safe to share between threads; a context manager that closes it."""

    def __init__(self, store: Store, server: embedded.Embedded | None = None) -> None:
        self.store = store
        self._server = server

    @classmethod
    def open(
        cls, url: str | None = None, collection: str = "main", *,
        parameters: Parameters | None = None, partitions: int = 1, create: bool = True,
    ) -> Archive:
        """Open a collection of the Redis at ``url``, else at ``NEARCOPY_REDIS_URL``, else the embedded one.

        Created where it is missing, unless ``create`` is false. Raises `InputError` (name or URL),
        `NotFound`, `Busy` (one of that name is being dropped), `ParametersMismatch` and `StorageUnavailable`.
        """
        checked_collection(collection)
        if not 1 <= partitions <= 4096:
            raise InputError("partitions must be 1 to 4096", "partitions")
        url = url or os.environ.get("NEARCOPY_REDIS_URL")
        server = None if url else embedded.start()
        client = connect(url or server.url)  # type: ignore[union-attr]
        try:
            return cls(Store.open(client, collection, parameters, partitions, create=create), server)
        except BaseException:
            _leave(client, server)
            raise

    @property
    def parameters(self) -> Parameters:
        """Those of the live index."""
        return self.store.parameters

    def check(
        self, text: str, *, threshold: float | None = None, min_words: int = 8,
        exclude_documents: Collection[str] = (), exclude_publishers: Collection[str] = (), limit: int = 10,
        verify: int = 200,
    ) -> Report:
        """Has this text been published before? See `Options`. Raises `InputError`, `NoWords` and
        `StorageUnavailable`."""
        return check.check(
            self.store, text,
            Options(threshold, min_words, exclude_documents, exclude_publishers, limit, verify),
        )

    def check_many(
        self, asked: Sequence[tuple[str, Options]], among: Among | None = None
    ) -> list[Report | InputError]:
        """The reports of many texts at once, or what is wrong with them; ``among``: with what they are
        compared besides the archive, or instead. Raises `StorageUnavailable`."""
        return check.check_many(self.store, asked, among)

    def copies(
        self, id: str, *, threshold: float | None = None, min_words: int = 8, limit: int = 10,
        exclude_publishers: Collection[str] = (), verify: int = 200,
    ) -> Report:
        """The report of a stored document against all others. Raises `NotFound`."""
        options = Options(threshold, min_words, (id,), exclude_publishers, limit, verify)
        return check.check(self.store, self.get(id).text, options)

    def compare(self, a: str, b: str, *, min_words: int = 8) -> Comparison:
        """Two texts against each other, word by word."""
        return check.compare(a, b, self.parameters, min_words)

    def put(self, document: Document, condition: Condition | None = None) -> Outcome:
        """Store or replace a document, where the condition holds of what is stored under its id; else raise
        `PreconditionFailed`."""
        return ingest.put(self.store, document, condition)

    def put_many(self, documents: Iterable[Document]) -> Iterator[Outcome]:
        """Store or replace documents, in order and in batches."""
        return ingest.put_many(self.store, documents)

    def put_each(self, documents: Sequence[Document]) -> list[Outcome | InputError]:
        """Store or replace a few documents together; what is wrong with one is told in its place."""
        return ingest.put_each(self.store, documents)

    def get(self, id: str) -> Document:
        """A stored document. Raises `NotFound`."""
        return self.stored(id)[0]

    def stored(self, id: str) -> tuple[Document, bytes]:
        """A stored document, and the digest of its content. Raises `NotFound`."""
        return ingest.get(self.store, id)

    def delete(self, id: str, condition: Condition | None = None) -> bool:
        """Remove a document; False where there was none. Raises `PreconditionFailed` where the condition does
        not hold of it."""
        return ingest.delete(self.store, id, condition)

    def stats(self) -> dict[str, Any]:
        """What the collection holds, and with which promise."""
        return {
            "collection": self.store.collection,
            "partitions": len(self.store.partitions),
            **self.store.counts(),
            "parameters": asdict(self.parameters),
            "digest": self.parameters.digest,
        }

    def ping(self) -> None:
        """Raises `StorageUnavailable` where Redis does not answer, `NoIndex` where none is published."""
        for part in self.store.partitions:
            if steady(lambda part=part: self.store.client.get(part.keys.pointer)) is None:  # type: ignore[misc]
                raise NoIndex(f"no index is published in collection {self.store.collection!r}")

    def close(self) -> None:
        """Give the connections back, and end the embedded Redis if nobody else uses it."""
        _leave(self.store, self._server)
        self._server = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def warm_up() -> None:
    """Load every kernel and table, so that no request waits for them. Importing this module compiled them."""
    check.compare("a warm text of some words", "a warm text of some words", Parameters())


def _leave(open_thing: Client | Store, server: embedded.Embedded | None) -> None:
    open_thing.close()
    if server is not None:
        server.stop()
