"""``nearcopy worker``: a worker process, from its start to its end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from nearcopy import embedded
from nearcopy.connection import connect, steady, translated
from nearcopy.errors import InputError, StorageUnavailable
from nearcopy.index.generations import GRACE
from nearcopy.jobs.queue import check_url
from worker.queue.job import Place
from worker.queue.worker import QueueWorker

log = logging.getLogger("nearcopy.worker")

SILENT = 15
"""Seconds after which a worker of which nothing is heard is taken for dead."""

AGAIN_SECONDS = 1.0
"""Between two attempts to reach a Redis that is away."""


def work(
    url: str | None, *, folder: Path, archives: Path | None, processes: int, burst: bool = False,
    silent: int = SILENT, grace: float = GRACE,
) -> None:
    """Take jobs from the queue until SIGTERM or Ctrl-C, which give the job back; see `worker.queue.worker`.

    ``url``: of Redis, None for the embedded one. ``folder``: for finished parts, a folder a collection.
    ``archives``: the folder below which jobs may name archives, None for no archives at all. ``burst``: end
    where the queue is empty. ``grace``: seconds before a generation that was live is removed. Must be called
    in the main thread. Raises `InputError` (a Redis Cluster, folders that cannot be used) and
    `StorageUnavailable` where Redis does not answer at the start; later it is waited for.
    """
    if archives is not None and not archives.is_dir():
        raise InputError(f"there is no folder {archives}: --archives must name one", "archives")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--folder: {error}", "folder") from None
    with _redis(url) as found:
        check_url(found)
        place = Place(found, folder.resolve(), archives, processes, grace)
        with closing(connect(found)) as client:
            steady(client.ping)
        while not _ended(place, silent, burst):
            # RQ's handlers are those of a worker that is no more
            signal.signal(signal.SIGTERM, lambda *_: sys.exit())
            signal.signal(signal.SIGINT, signal.default_int_handler)
            time.sleep(AGAIN_SECONDS)


def _ended(place: Place, silent: int, burst: bool) -> bool:
    """Work until there is a reason not to; whether it is a good one."""
    with closing(connect(place.url)) as client:
        worker = None
        try:
            with translated():
                worker = QueueWorker(place, client, silent)
                worker.work(burst=burst, logging_level="WARNING")
        except StorageUnavailable as error:
            log.warning("%s", error)
            return False
        finally:
            if worker is not None:
                worker.leave()
        return burst or worker.stopping


@contextmanager
def _redis(url: str | None) -> Iterator[str]:
    """The URL of Redis; the embedded one is kept as long as this lasts."""
    url = url or os.environ.get("NEARCOPY_REDIS_URL")
    if url:
        yield url
    else:
        with embedded.start() as server:
            yield server.url
