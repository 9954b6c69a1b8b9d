"""The RQ worker: one job at a time, each in a process of its own.

What becomes of a job whose processes die, with ``silent`` seconds for a worker to say nothing:

    its process            the worker sees it at once, and puts the job back
    the worker             its job's processes die with it; ``silent`` seconds after its last heartbeat any
                           other worker that has nothing to do puts the job back, for which it looks every
                           ``silent / 3`` seconds
    a process of the pool  the rebuild fails with `BrokenProcessPool`, and the job is put back
    Redis                  the job waits for it for two minutes; the worker waits for ever
    SIGTERM to the worker  the job is put back, and this counts as no attempt

Whoever takes the job up waits for the lock of the collection, which falls half a minute after its holder's
death. A job that has been begun `ATTEMPTS` times and died fails, and so does one that is over its deadline.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from typing import Any

from rq import Queue, Worker
from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from nearcopy.connection import Client, translated
from nearcopy.errors import StorageUnavailable
from nearcopy.jobs import clustering, expiry
from nearcopy.jobs.queue import ATTEMPTS, NAME
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import ENDED
from worker.mortal import die_with
from worker.queue import job as jobs

log = logging.getLogger("nearcopy.worker")

CLEANING_SECONDS = 30
"""After which a worker that died while it looked for abandoned jobs no longer keeps others from it."""


LOOK_SECONDS = 600.0
"""Between two looks of an idle worker whether a collection is to be expired, which it is once a day. Whether
its clusters are to be found anew it sees with all else that it maintains."""


class JobQueue(Queue):
    """RQ's queue, but that its maintenance is locked for a short time only."""

    def acquire_maintenance_lock(self) -> bool:
        """Whether this worker is the one to look for abandoned jobs."""
        return bool(self.connection.set(self.registry_cleaning_key, 1, nx=True, ex=CLEANING_SECONDS))


class QueueWorker(Worker):
    """Takes jobs from the queue; `work` returns where it was told to stop, and where Redis fails."""

    queue_class = JobQueue
    max_connection_wait_time = 5.0

    def __init__(self, place: jobs.Place, client: Client, silent: int) -> None:
        class OurJob(Job):
            """Runs one function, whatever the queue says: who can write there shall not choose another."""

            func = property(lambda _: lambda id: jobs.run(place, id))

        self.rebuilds = Rebuilds(client)
        self.stopping = False
        self.silent = silent
        self._reason = ""
        self._looked = -LOOK_SECONDS
        step = max(silent // 3, 1)
        super().__init__(
            [NAME], connection=client, job_class=OurJob, serializer=JSONSerializer, maintenance_interval=step,
            job_monitoring_interval=step, worker_ttl=15 + step, exception_handlers=[self._raised],
            log_job_description=False,
        )

    def run_maintenance_tasks(self) -> None:
        """What RQ does; and now and then, ask for what is due."""
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._looked = time.monotonic()
            expiry.ask_for_due(self.connection)
        clustering.ask_for_due(self.connection)

    def get_heartbeat_ttl(self, _job: Job) -> int:
        """Seconds for which a heartbeat counts."""
        return self.silent

    def maintain_heartbeats(self, job: Job) -> None:
        """Say that the job is in good hands; while Redis is away, nobody can hear it."""
        with suppress(StorageUnavailable), translated():
            super().maintain_heartbeats(job)

    def set_current_job_working_time(self, current_job_working_time: float, pipeline: Any = None) -> None:
        """Likewise."""
        with suppress(StorageUnavailable), translated():
            super().set_current_job_working_time(current_job_working_time, pipeline)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Start the job's process, as the head of a group of its own before anybody could kill that."""
        super().fork_work_horse(job, queue)
        with suppress(OSError):
            os.setpgid(self.horse_pid, self.horse_pid)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The job's process."""
        die_with(self.pid or 0)
        super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        """Give the job back: a rebuild may take hours, and another worker goes on with it."""
        self.stopping = True
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, _pid: int | None, ret_val: int | None, _: Any) -> None:
        """Why, and whether it counts."""
        if ret_val is None:
            self._reason = "the deadline has passed, and its process did not end"
            job.retries_left = 0
        elif self.stopping:
            self._reason = "its worker was stopped"
            job.retries_left = (job.retries_left or 0) + 1
        elif os.WIFSIGNALED(ret_val):
            killed = signal.Signals(os.WTERMSIG(ret_val)).name
            hint = ": out of memory?" if killed == "SIGKILL" else ""
            self._reason = f"its process was killed by {killed}{hint}"
        else:
            self._reason = f"its process ended with {os.waitstatus_to_exitcode(ret_val)}"

    def handle_job_failure(
        self, job: Job, queue: Queue, started_job_registry: Any = None, exc_string: str = ""
    ) -> None:
        """Put the job back, or give it up."""
        reason, self._reason = self._reason or exc_string.strip().rpartition("\n")[2], ""
        with suppress(StorageUnavailable):
            self._tell(job, reason)
        super().handle_job_failure(job, queue, started_job_registry, exc_string)

    def leave(self) -> None:
        """Leave no process and no thread behind, however `work` ended."""
        if self.horse_pid:
            self.kill_horse()
            self.wait_for_horse()
        if self.pubsub_thread is not None:
            self.pubsub_thread.stop()

    def _raised(self, job: Job, kind: type[BaseException], error: BaseException, *_: Any) -> None:
        """RQ is about to put a job back or to give it up: its function raised, or its worker died."""
        if issubclass(kind, AbandonedJobError):
            self._tell(job, "its worker died")
        else:
            self._reason = str(error)

    def _tell(self, job: Job, reason: str) -> None:
        """Write into the status what becomes of a job that did not end by itself."""
        log.warning("rebuild %s: %s", job.id, reason)
        status = self.rebuilds.find(job.id)
        if status is None or status.state in ENDED:
            return
        if job.should_retry:
            status.state, status.error = "queued", f"{reason}; it will be gone on with"
            self.rebuilds.write(status)
        else:
            status.state, status.error = "failed", f"{reason}, and it was begun {ATTEMPTS} times"
            self.rebuilds.ended(status)
