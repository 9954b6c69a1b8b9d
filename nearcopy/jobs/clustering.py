"""The clusters of a collection, between who asks and who finds: which are to be found anew, and how they are
forgotten."""

from __future__ import annotations

import logging
import time

from nearcopy.connection import Client
from nearcopy.errors import NearcopyError, NotFound, RebuildRunning, StorageUnavailable
from nearcopy.index import clusters, header
from nearcopy.index.store import Store
from nearcopy.jobs.queue import ask, cancel
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.task import Task

log = logging.getLogger("nearcopy.worker")

BEHIND = 1000
"""Changed documents from which on it is better to begin anew."""

REST_SECONDS = 600.0
"""Before they are found anew because of changes, or where the last attempt did not succeed."""


def ask_for_due(client: Client) -> None:
    """Put a task into the queue for each collection whose clusters are due. Raises `StorageUnavailable`."""
    for name in header.names(client):
        if clusters.are_there(client, name):
            ask_if_due(client, name)


def ask_if_due(client: Client, collection: str) -> None:
    """The same for one collection."""
    try:
        store = Store.open(client, collection, create=False)
        kept = clusters.find(store)
        if kept is not None and is_due(store, kept) and not _has_just_failed(client, collection):
            asked = ask(client, Task(
                "clusters", collection, threshold=kept.threshold, shingle=kept.shingle,
                containment=kept.containment,
            ))
            if clusters.find(store) is None:
                # They were forgotten meanwhile, by somebody who saw no run
                cancel(client, asked.id)
    except (RebuildRunning, StorageUnavailable) as error:
        if isinstance(error, StorageUnavailable):
            raise
    except (NearcopyError, ValueError) as error:
        # A header that cannot be read is for the doctor, and must not keep the worker from all the others
        log.debug("the clusters of %s were not looked at: %s", collection, error)


def is_due(store: Store, kept: clusters.Kept) -> bool:
    """Whether clusters are to be found anew."""
    live = tuple(store.refresh(number).generation.decode() for number in range(len(store.partitions)))
    if live != kept.generations:
        return True
    return time.time() - kept.made > REST_SECONDS and clusters.behind(store, kept.run) > BEHIND


def summary_of(store: Store, run: str) -> dict[str, int] | None:
    """How many documents and clusters there are, where those of this run are answered already: whoever did it
    died before he could say so."""
    kept = clusters.find(store)
    if kept is None or kept.run != run:
        return None
    found, inside = clusters.counts(store, run)
    return {"documents": store.sizes()[0], "clusters": found, "in_clusters": inside}


def forget(store: Store) -> None:
    """Remove the clusters of a collection, and keep none any more. Raises `NotFound` where there are none,
    `RebuildRunning` while a worker finds them, `Busy` and `StorageUnavailable`."""
    rebuilds = Rebuilds(store.client)
    running = rebuilds.current(store.collection)
    if running is not None and rebuilds.get(running).task.kind == "clusters":
        raise RebuildRunning(
            f"rebuild {running} finds the clusters of {store.collection!r}: cancel it first", running
        )
    if not clusters.forget(store.client, store.collection):
        raise NotFound(f"collection {store.collection!r} has no clusters: nobody asked for them")


def _has_just_failed(client: Client, collection: str) -> bool:
    """Whether the last rebuild looked for clusters in vain, or was cancelled: it may well be so again."""
    for last in Rebuilds(client).newest(collection, 1):
        ended = last.ended if last.state in ("failed", "cancelled") else None
        return last.task.kind == "clusters" and ended is not None and time.time() - ended < REST_SECONDS
    return False
