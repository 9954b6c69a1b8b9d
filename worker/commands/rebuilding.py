"""``nearcopy rebuild`` and ``nearcopy load``: a rebuild here and now, until it is done.

It can be watched and cancelled from elsewhere like one of the queue. What dies on the way and can be had
anew, a process of the pool or Redis, is had anew, and the rebuild goes on from its finished parts.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from nearcopy.archive import Archive
from nearcopy.errors import (
    Cancelled,
    NearcopyError,
    NotFound,
    ProcessDied,
    StorageUnavailable,
)
from nearcopy.index import generations
from nearcopy.index.store import Store
from nearcopy.jobs.commands import Place, Rebuilt, Watcher
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.reporting import PATIENCE_SECONDS, Reporter
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from worker import pool
from worker.archive import describe
from worker.commands import beginning
from worker.commands.folders import folder_of
from worker.commands.opening import opened
from worker.rebuild import Reading, Report, Summary, identity
from worker.rebuild import rebuild as run
from worker.rebuild.journal import LEFT, begun
from worker.rebuild.numbering import REJECTS
from worker.telling import is_published, leave, tell, tell_done, tell_failed

ATTEMPTS = 3
"""How often something may die in a row without that a part was finished in between."""

AGAIN_SECONDS = 1.0
"""Between two attempts to reach Redis."""


def rebuild(task: Task, place: Place, watcher: Watcher) -> Rebuilt:
    """Run a rebuild until its end: see `nearcopy.jobs.commands.Rebuilding`. Raises what
    `worker.rebuild.rebuild` raises, `RebuildRunning`, and `Cancelled` where somebody cancelled it."""
    reading = Reading.of(task)  # a mistake shows before anything is made
    if reading.sources:
        watcher.say(describe(reading.mapping))
    folder = place.folder.absolute() if place.folder else folder_of(place.url) / task.collection
    return _Run(task, reading, place, folder, watcher).to_the_end()


class _Run:
    """One rebuild, in as many attempts as it takes."""

    def __init__(self, task: Task, reading: Reading, place: Place, folder: Path, watcher: Watcher) -> None:
        self.task, self.reading, self.place, self.folder, self.watcher = task, reading, place, folder, watcher
        self.grace = generations.GRACE if place.grace is None else place.grace
        self.status: Status | None = None
        self.goes_on = self.published = False

    def to_the_end(self) -> Rebuilt:
        """All attempts."""
        failures = finished = 0
        while True:
            try:
                return self._attempt()
            except (ProcessDied, StorageUnavailable) as error:
                before, finished = finished, sum(1 for _ in self.folder.glob("*.part"))
                failures = 1 if finished > before else failures + 1
                if self.status is None:
                    raise
                if failures > ATTEMPTS or self._reads_a_pipe():
                    self._give_up(str(error))
                    raise
                self.watcher.say(f"{error}: going on from there")

    def _attempt(self) -> Rebuilt:
        # In this order: the pool is forked before anything has a thread
        with self._executor() as executor, self._opened() as archive:
            self._tell_of_going_on(archive.store)
            rebuilds = Rebuilds(archive.store.client)
            if self.status is None:
                self.status = beginning.begun(rebuilds, archive.store, self.task)
            else:
                beginning.wait_for_lock(archive.store)
            with Reporter(rebuilds, self.status) as reporter:
                self._reported(archive.store, executor, reporter)
        return Rebuilt(self.status, self.folder / REJECTS)

    def _executor(self) -> AbstractContextManager[Executor]:
        if self.place.dask is None:
            return pool.pool(self.place.processes)
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = [Path(source.path) for source in self.reading.sources if source.path]
        return pool.dask(self.place.dask, [self.folder, *paths])

    def _opened(self) -> Archive:
        """The collection. Once the rebuild has begun, Redis is waited for, as it may just be restarted."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return opened(self.task, self.place.url)
            except StorageUnavailable:
                if self.status is None or time.monotonic() > until:
                    raise
                time.sleep(AGAIN_SECONDS)

    def _tell_of_going_on(self, store: Store) -> None:
        if self.goes_on:
            return
        self.goes_on = begun(self.folder, identity(store, self.task, self.reading))
        if self.goes_on:
            self.watcher.say(f"going on with what was finished in {self.folder}")
        elif self.place.resume:
            raise NotFound(
                f"there is nothing to go on with in {self.folder}: no rebuild of this collection with these "
                "archives, as they are now, and these options was begun there; leave --resume out to begin it"
            )

    def _reported(self, store: Store, executor: Executor, reporter: Reporter) -> None:
        """The rebuild itself. Its status says how it ended, unless there will be another attempt."""
        try:
            summary = self._summary(store, executor, reporter)
        except (ProcessDied, StorageUnavailable):
            raise
        except Cancelled:
            reporter.end("cancelled")
            if leave(store, self.task, self.grace):
                self._clear(*LEFT, REJECTS)
            raise
        except (NearcopyError, OSError) as error:
            tell_failed(reporter, error)
            raise
        except Exception as error:
            reporter.end("failed", f"a defect of the worker: {error!r}")
            raise
        except BaseException:  # Ctrl-C, SIGTERM
            self._stopped(store, reporter)
            raise
        tell_done(reporter, summary)

    def _summary(self, store: Store, executor: Executor, reporter: Reporter) -> Summary:
        def told(report: Report) -> None:
            self.published = is_published(report)
            tell(reporter, report)
            self.watcher.goes(reporter.status)

        try:
            return run(
                store, self.task, self.reading, executor=executor, folder=self.folder, grace=self.grace,
                progress=told,
            )
        except Exception as error:
            if pool.is_death(error):
                raise ProcessDied(
                    "a process that did the work was killed, as happens where memory runs out (fewer "
                    "--processes need less)"
                ) from error
            raise

    def _stopped(self, store: Store, reporter: Reporter) -> None:
        if not self.published:
            reporter.end("cancelled", "it was stopped; the same command goes on from there")
            self.watcher.say("stopped: the same command goes on from there")
            return
        live = store.refresh(0).generation
        summary = generations.records(store).get(live, {}).get("summary")
        reporter.end("done", summary=summary, generation=live.decode())
        self._clear(*LEFT)  # the same command means another rebuild now
        self.watcher.say(f"generation {live.decode()} is live; the next rebuild removes what it superseded")

    def _clear(self, *patterns: str) -> None:
        """Remove these; the folder may be one of the user's, and hold more."""
        for path in [path for pattern in patterns for path in self.folder.glob(pattern)]:
            path.unlink(missing_ok=True)

    def _reads_a_pipe(self) -> bool:
        """What was read from one is gone."""
        return any(not source.path for source in self.reading.sources)

    def _give_up(self, reason: str) -> None:
        """Say that it failed, if Redis can be told."""
        assert self.status is not None
        with suppress(NearcopyError), opened(self.task, self.place.url) as archive:
            self.status.state, self.status.error = "failed", reason
            Rebuilds(archive.store.client).ended(self.status)
