"""The collections of one Redis: create, list, change and drop them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from nearcopy.connection import Client
from nearcopy.document import checked_collection
from nearcopy.errors import InputError, NoIndex, NotFound, ParametersMismatch, RebuildRunning
from nearcopy.index import dropping, header
from nearcopy.index.lock import Lock, Named
from nearcopy.index.store import Store
from nearcopy.jobs import expiry
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.parameters import Parameters
from nearcopy.retention import days

MOST_PARTITIONS = 64
"""Of a collection that is made here: a billion documents. Every check asks every partition."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection. ``keep``: how long documents stay after they were published, such as ``365d``; null for
    ever. ``trouble``: why it cannot be used, and then there are neither counts nor parameters."""

    name: str
    partitions: int | None = None
    keep: str | None = None
    generation: str | None = None
    documents: int | None = None
    paragraphs: int | None = None
    parameters: Parameters | None = None
    digest: str | None = None
    trouble: str | None = None


def parameters_of(threshold: float | None, probability: float | None, shingle: int | None) -> Parameters:
    """The parameters of a new collection: the default ones, but for what is given. Raises `InputError`."""
    chosen = Parameters()
    if threshold is not None or probability is not None:
        chosen = Parameters.for_threshold(
            chosen.threshold if threshold is None else threshold, 0.99 if probability is None else probability
        )
    if shingle is not None:
        if not 1 <= shingle <= chosen.least_words:
            raise InputError(f"shingle must be 1 to {chosen.least_words}", "shingle")
        chosen = replace(chosen, shingle=shingle)
    return chosen


def create(
    client: Client, name: str, parameters: Parameters, partitions: int = 1, keep: str | None = None
) -> Collection:
    """Create a collection. Raises `InputError`, `Exists`, and `Busy` while one of that name is dropped."""
    checked_collection(name)
    if not 1 <= partitions <= MOST_PARTITIONS:
        raise InputError(f"partitions must be 1 to {MOST_PARTITIONS}", "partitions")
    if keep is not None:
        days(keep)
    Store.create(client, name, parameters, partitions, keep)
    return describe(client, name)


def describe(client: Client, name: str) -> Collection:
    """What is known of a collection. Raises `NotFound`, `InputError` where that cannot be its name."""
    found = header.find(client, checked_collection(name))
    if found is None and header.is_hidden(client, name):
        return Collection(name, trouble="it is being dropped; to drop it again goes on with that")
    found = header.read(client, name)
    try:
        store = Store.open(client, name, create=False)
        documents, paragraphs = store.sizes()
    except (NoIndex, ParametersMismatch) as error:
        return Collection(name, found.partitions, found.keep, trouble=str(error))
    return Collection(
        name, found.partitions, found.keep, store.generation(), documents, paragraphs, store.parameters,
        store.parameters.digest,
    )


def listed(client: Client, wanted: Callable[[str], bool] = lambda _: True) -> list[Collection]:
    """The collections that are wanted, by their names."""
    found = []
    for name in filter(wanted, header.names(client)):
        # One may be dropped just now
        with suppress(NotFound):
            try:
                found.append(describe(client, name))
            except ValueError:
                found.append(Collection(name, trouble="its header cannot be read"))
    return found


def change_keep(client: Client, name: str, keep: str | None) -> Collection:
    """Let a collection keep documents for another time, None for ever. Raises `InputError` and `NotFound`."""
    if keep is not None:
        days(keep)
    header.change_keep(client, checked_collection(name), keep)
    return describe(client, name)


def drop(client: Client, name: str, seconds: float = float("inf")) -> bool:
    """Remove a collection with all that it holds; whether it has gone within so many seconds. Else it can no
    longer be used, and the same call goes on.

    Raises `InputError`, `NotFound`, `RebuildRunning` where a rebuild is queued or running, and `Busy`.
    """
    until = time.monotonic() + seconds
    rebuilds = Rebuilds(client)
    running = rebuilds.current(checked_collection(name))
    if running is not None:
        raise RebuildRunning(
            f"rebuild {running} of collection {name!r} is queued or running: cancel it first", running
        )
    if not header.is_hidden(client, name):
        header.read(client, name)
    with Lock(Named(client, name)) as lock:
        if not dropping.drop(client, name, lock, until):
            return False
        rebuilds.forget(name)
        expiry.forget(client, name)
        dropping.forget(client, name)
        return True
