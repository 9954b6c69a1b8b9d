"""The queue of rebuilds: RQ, on the Redis of the collections.

A rebuild and its job in the queue have one id. A job holds nothing but that: the rest is in the rebuild's
status, and the worker calls one function whatever a job names.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from rq import Queue, Retry
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker_registration import get_keys

from nearcopy.connection import CLUSTER_SCHEME, Client, steady
from nearcopy.errors import InputError
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import ENDED, Status
from nearcopy.jobs.task import Task

NAME = "nearcopy"

RUN = "worker.queue.job.run"
"""What is to be called, for the logs."""

ATTEMPTS = 3
"""How often a job is begun whose runner dies, before it fails."""

DEADLINE = 24 * 3600
"""Seconds that one attempt may take, unless a setting says otherwise."""

ENDED_SECONDS = 60
"""How long the queue itself remembers a job that ended; its status stays longer."""


def check_url(url: str) -> None:
    """Raise `InputError` where the Redis at this URL cannot have a queue."""
    if url.startswith(CLUSTER_SCHEME):
        raise InputError(
            "the queue does not work on a Redis Cluster: run `nearcopy rebuild` on a machine that has the "
            "archives, or use a single Redis", "redis_url"
        )


def check_archives(task: Task) -> None:
    """Raise `InputError` where a path leads out of the workers' folder of archives, by its name alone."""
    for path in map(PurePosixPath, task.archives):
        if path.is_absolute() or ".." in path.parts:
            raise InputError(
                f"archives: {str(path)!r} leads out of the folder of archives: give the path from there",
                "archives",
            )


def queue(client: Client) -> Queue:
    """The queue of rebuilds."""
    return Queue(NAME, connection=client, serializer=JSONSerializer)


def ask(client: Client, task: Task, deadline: int = DEADLINE) -> Status:
    """Put a rebuild into the queue, whose archives are paths below the workers' folder of archives. Raises
    `InputError` where one is not, `RebuildRunning` and `StorageUnavailable`."""
    check_archives(task)
    status = Rebuilds(client).begin(task)
    # Twice in the queue does no harm: a job whose rebuild has ended is over at once
    steady(lambda: queue(client).enqueue_call(
        RUN, args=(status.id,), job_id=status.id, timeout=deadline, result_ttl=ENDED_SECONDS,
        failure_ttl=ENDED_SECONDS, retry=Retry(max=ATTEMPTS - 1),
        description=f"{task.kind} {task.collection}",
    ))
    return status


def waiting(client: Client) -> int:
    """How many rebuilds wait in the queue."""
    return int(steady(lambda: queue(client).count))


def workers(client: Client) -> int:
    """How many workers take rebuilds from the queue; one that was killed counts for a minute or two."""
    names = steady(lambda: get_keys(queue(client)))
    return steady(lambda: client.exists(*names)) if names else 0


def cancel(client: Client, id: str) -> Status:
    """End a rebuild: at once where nobody runs it, else by whoever does, with his next report. Returns how it
    goes then; one that had ended stays as it was. Raises `NotFound`."""
    rebuilds = Rebuilds(client)
    status = rebuilds.get(id)
    if status.state in ENDED:
        return status
    rebuilds.ask_to_end(id)
    if status.state != "running":
        steady(lambda: _remove(client, id))
        status.state = "cancelled"
        rebuilds.ended(status)
    return status


def _remove(client: Client, id: str) -> None:
    # RQ's own way stumbles over what a worker that was killed has left
    queue(client).remove(id)
    client.delete(Job.key_for(id))
