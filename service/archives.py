"""The open archives of a service process, one for each collection that was asked for."""

from __future__ import annotations

from nearcopy.archive import Archive
from nearcopy.connection import Client, connect
from nearcopy.errors import Busy, NoIndex


class Archives:
    """Opens a collection at its first use and keeps it. The default one exists as soon as Redis answers."""

    def __init__(self, url: str | None = None, default: str = "main") -> None:
        self.url = url
        self.default = default
        self._open: dict[str, Archive] = {}
        self._client: Client | None = None

    def get(self, collection: str | None = None, *, create: bool = False) -> Archive:
        """The archive of a collection. Raises NotFound where it does not exist and may not be created."""
        name = collection or self.default
        # Nothing is remembered of a failure, so the first call after Redis is back opens the archive
        archive = self._open.get(name)
        return archive if archive is not None else self._opened(name, create or name == self.default)

    def _opened(self, name: str, create: bool) -> Archive:
        # Without a lock: while Redis is away, requests must not wait for one another's time-outs
        try:
            archive = Archive.open(self.url, name, create=create)
        except Busy as error:
            # It is being dropped, and begins anew after that
            raise NoIndex(str(error)) from None
        kept = self._open.setdefault(name, archive)
        if kept is not archive:
            archive.close()
        return kept

    def has_open(self, collection: str) -> bool:
        """Whether a collection was found by that name; Redis is not asked."""
        return collection in self._open

    def client(self) -> Client:
        """A client of the same Redis, for what belongs to no collection; opened at its first use."""
        if self._client is None:
            self._client = connect(self.url) if self.url else self.get().store.client
        return self._client

    def forget(self) -> None:
        """Open every collection anew at its next use: Redis has come back without what it held."""
        self._open.clear()

    def close(self) -> None:
        """Close every archive."""
        while self._open:
            self._open.popitem()[1].close()
        if self._client is not None:
            self._client.close()
