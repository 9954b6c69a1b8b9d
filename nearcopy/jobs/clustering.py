"""Clusters that are to be found anew: where another generation is live than the one they were found in, or
more has changed than is made good between two reads."""

from __future__ import annotations

import logging

from nearcopy.connection import Client
from nearcopy.errors import NearcopyError, RebuildRunning, StorageUnavailable
from nearcopy.index import clusters, header
from nearcopy.index.store import Store
from nearcopy.jobs.queue import ask
from nearcopy.jobs.task import Task

log = logging.getLogger("nearcopy.worker")

BEHIND = 1000
"""Changed documents from which on it is better to begin anew."""


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
        if kept is not None and is_due(store, kept):
            ask(client, Task(
                "clusters", collection, threshold=kept.threshold, shingle=kept.shingle,
                containment=kept.containment,
            ))
    except (RebuildRunning, StorageUnavailable) as error:
        if isinstance(error, StorageUnavailable):
            raise
    except (NearcopyError, ValueError) as error:
        # A header that cannot be read is for the doctor, and must not keep the worker from all the others
        log.warning("the clusters of %s were not looked at: %s", collection, error)


def is_due(store: Store, kept: clusters.Kept) -> bool:
    """Whether clusters are to be found anew."""
    live = tuple(store.refresh(number).generation.decode() for number in range(len(store.partitions)))
    return live != kept.generations or clusters.behind(store, kept.run) > BEHIND
