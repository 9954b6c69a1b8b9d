"""One job: a rebuild, from its status in Redis to its end."""

from __future__ import annotations

import logging
import shutil
import time
from concurrent.futures import BrokenExecutor, Executor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rq.timeouts import JobTimeoutException

from nearcopy import retention
from nearcopy.archive import Archive
from nearcopy.connection import connect, steady
from nearcopy.errors import (
    Busy,
    Cancelled,
    NearcopyError,
    NotFound,
    ParametersMismatch,
    StorageUnavailable,
)
from nearcopy.jobs import clustering
from nearcopy.jobs.expiry import PREFIX
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.reporting import Reporter, patient
from nearcopy.jobs.status import ENDED
from worker.clusters.keeping import keep_clusters
from worker.pool import pool
from worker.queue.archives import within
from worker.rebuild import Reading, Summary, rebuild
from worker.telling import leave, tell, tell_done, tell_failed

log = logging.getLogger("nearcopy.worker")

WAIT_SECONDS = 1.0
"""Between two looks whether the collection is still rebuilt by another."""

POOL_DIED = "a process of its pool was killed: out of memory? Fewer --processes, or less memory, take less"


@dataclass(frozen=True, slots=True)
class Place:
    """Where jobs are done: the ``url`` of Redis, the ``folder`` for finished parts, that of the ``archives``
    that may be read (None: none), how many ``processes``, seconds of ``grace`` for a generation's readers."""

    url: str
    folder: Path
    archives: Path | None
    processes: int
    grace: float


def run(place: Place, id: str) -> None:
    """Do the rebuild of that id, and say how it ended; or expire the collection that the id names. Raises
    only what another attempt may mend: `BrokenExecutor`, and `StorageUnavailable` once Redis is back."""
    if id.startswith(PREFIX):
        _expire(place, id.removeprefix(PREFIX))
        return
    with closing(connect(place.url)) as client, pool(place.processes) as executor:
        rebuilds = Rebuilds(client)
        try:
            while not _attempted(place, rebuilds, id, executor):
                time.sleep(WAIT_SECONDS)
        except BrokenExecutor as error:
            raise BrokenExecutor(POOL_DIED) from error
        except StorageUnavailable:
            patient(lambda: steady(client.ping))
            raise
        except JobTimeoutException as error:
            _fail(rebuilds, id, f"the deadline has passed: {error}")


def _expire(place: Place, collection: str) -> None:
    """Remove what a collection keeps no longer, if it is still there."""
    try:
        with Archive.open(place.url, collection, create=False) as archive:
            told = retention.expire(archive.store)
    except (NotFound, ParametersMismatch) as error:
        log.warning("%s was not expired: %s", collection, error)
    except StorageUnavailable:
        with closing(connect(place.url)) as client:
            patient(lambda: steady(client.ping))
        raise
    else:
        log.info("%s: %d of %d documents were too old", collection, told.removed, told.documents)


def _attempted(place: Place, rebuilds: Rebuilds, id: str, executor: Executor) -> bool:
    """Do it, where it is not done; False where another holds the collection."""
    status = rebuilds.find(id)
    if status is None or status.state in ENDED:
        return True
    with Reporter(rebuilds, status) as reporter:
        try:
            if status.task.kind == "clusters":
                reporter.end("done", summary=_clustered(place, executor, reporter))
            else:
                tell_done(reporter, _rebuilt(place, executor, reporter, rebuilds))
                clustering.ask_if_due(rebuilds.client, status.task.collection)
        except Busy as error:
            _tell_of_waiting(rebuilds, id, str(error))
            return False
        except (StorageUnavailable, BrokenExecutor, JobTimeoutException):
            raise
        except Cancelled:
            reporter.end("cancelled")
        except (NearcopyError, OSError) as error:
            tell_failed(reporter, error)
        except Exception as error:
            log.exception("rebuild %s failed", id)
            reporter.end("failed", f"a defect of the worker, its log says more: {error!r}")
        log.info("rebuild %s of %s: %s", id, status.task.collection, reporter.status.state)
    return True


def _clustered(place: Place, executor: Executor, reporter: Reporter) -> dict[str, Any]:
    """Find the clusters of what is stored, and have them answered."""
    task = reporter.status.task
    with Archive.open(place.url, task.collection, create=False) as archive:
        done = clustering.summary_of(archive.store, reporter.status.id)
        return done or keep_clusters(
            archive.store, task, reporter.status.id, executor=executor,
            folder=place.folder / f"{task.collection}.clusters", progress=partial(tell, reporter),
        )


def _rebuilt(place: Place, executor: Executor, reporter: Reporter, rebuilds: Rebuilds) -> Summary:
    """The rebuild itself."""
    task = reporter.status.task
    folder = place.folder / task.collection
    with Archive.open(place.url, task.collection) as archive:
        try:
            if rebuilds.to_end(reporter.status.id):
                raise Cancelled(f"rebuild {reporter.status.id} was cancelled")
            here = replace(task, archives=within(place.archives, task.archives))
            return rebuild(
                archive.store, here, Reading.of(here), executor=executor, folder=folder, grace=place.grace,
                progress=partial(tell, reporter),
            )
        except Cancelled:
            if leave(archive.store, task, place.grace):
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _tell_of_waiting(rebuilds: Rebuilds, id: str, reason: str) -> None:
    """Say why a rebuild has not begun; one that runs elsewhere has."""
    status = rebuilds.get(id)
    if status.state == "queued":
        status.error = reason
        rebuilds.write(status)


def _fail(rebuilds: Rebuilds, id: str, reason: str) -> None:
    """Say that a rebuild failed, unless it ended before."""
    status = rebuilds.get(id)
    if status.state not in ENDED:
        status.state, status.error, status.stage = "failed", reason, None
        patient(lambda: rebuilds.ended(status))
