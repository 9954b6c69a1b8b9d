"""Retention on a schedule: once a day, the queue gets a job for each collection that keeps documents for some
time only."""

from __future__ import annotations

import logging

from rq import Retry
from rq.job import Job

from nearcopy.connection import Client, steady
from nearcopy.index import header
from nearcopy.jobs.queue import ATTEMPTS, DEADLINE, ENDED_SECONDS, RUN, queue

log = logging.getLogger("nearcopy.worker")

PREFIX = "expire-"
"""Of the ids of such jobs, before the collection's name; no rebuild has one like it."""


def ask_for_due(client: Client) -> None:
    """Put into the queue what is due. Raises `StorageUnavailable`."""
    for name in header.names(client):
        try:
            due = header.is_due(client, name)
        except ValueError:
            # One that cannot be read is for the doctor, and must not keep the worker from all the others
            log.error("the header of collection %s cannot be read", name)
            continue
        if due:
            steady(lambda name=name: queue(client).enqueue_call(  # type: ignore[misc]
                RUN, args=(PREFIX + name,), job_id=PREFIX + name, timeout=DEADLINE, result_ttl=ENDED_SECONDS,
                failure_ttl=ENDED_SECONDS, retry=Retry(max=ATTEMPTS - 1), description=f"expire {name}",
            ))


def forget(client: Client, collection: str) -> None:
    """Take the job of a collection that is no more out of the queue, if there is one."""
    name = Job.key_for(PREFIX + collection)
    if steady(lambda: client.exists(name)):
        steady(lambda: queue(client).remove(PREFIX + collection))
        steady(lambda: client.delete(name))
