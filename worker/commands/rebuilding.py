"""``nearcopy rebuild`` and ``nearcopy load``: a rebuild here and now, until it is done.

It can be watched and cancelled from elsewhere like one of the queue. What dies on the way and can be had
anew, a process of the pool or Redis, is had anew, and the rebuild goes on from its finished parts.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nearcopy import embedded
from nearcopy.archive import Archive
from nearcopy.errors import Busy, Cancelled, NearcopyError, NotFound, RebuildRunning, StorageUnavailable
from nearcopy.index import generations
from nearcopy.index.lock import Lock
from nearcopy.index.store import Store
from nearcopy.jobs.commands import Place, Rebuilt, Watcher
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.reporting import PATIENCE_SECONDS, Reporter
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from worker import pool
from worker.archive import describe
from worker.rebuild import Reading, Report, identity
from worker.rebuild import rebuild as run
from worker.rebuild.journal import begun
from worker.rebuild.numbering import REJECTS

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
    folder = place.folder.absolute() if place.folder else default_folder(place.url, task.collection)
    return _Run(task, reading, place, folder, watcher).to_the_end()


def default_folder(url: str | None, collection: str) -> Path:
    """Where the parts of a collection's rebuild lie: one place for each collection of each Redis."""
    folder = embedded.data_directory().absolute() / "rebuilds"
    if not url:
        return folder / collection
    parts = urlsplit(url)
    server = f"{parts.hostname}:{parts.port}{parts.path}".encode()
    return folder / f"{collection}-{blake2b(server, digest_size=4).hexdigest()}"


class _Run:
    """One rebuild, in as many attempts as it takes."""

    def __init__(self, task: Task, reading: Reading, place: Place, folder: Path, watcher: Watcher) -> None:
        self.task, self.reading, self.place, self.folder, self.watcher = task, reading, place, folder, watcher
        self.status: Status | None = None
        self.known_to_go_on = False

    def to_the_end(self) -> Rebuilt:
        """All attempts."""
        failures = finished = 0
        while True:
            try:
                return self._attempt()
            except (BrokenExecutor, StorageUnavailable) as error:
                finished, before = self._finished(), finished
                failures = 1 if finished > before else failures + 1
                if self.status is None or failures > ATTEMPTS or not self._can_go_on():
                    raise
                self.watcher.say(_reason(error))

    def _attempt(self) -> Rebuilt:
        with self._executor() as executor, self._opened() as archive:
            self._tell_of_going_on(archive.store)
            rebuilds = Rebuilds(archive.store.client)
            if self.status is None:
                self.status = _begun(rebuilds, archive.store, self.task)
            with Reporter(rebuilds, self.status) as reporter:
                self._reported(archive.store, executor, reporter)
        return Rebuilt(self.status, self.folder / REJECTS)

    def _executor(self) -> Any:
        if self.place.dask is None:
            return pool.pool(self.place.processes)
        self.folder.mkdir(parents=True, exist_ok=True)
        paths = [Path(source.path) for source in self.reading.sources if source.path]
        return pool.dask(self.place.dask, [self.folder, *paths])

    @contextmanager
    def _opened(self) -> Iterator[Archive]:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                archive = self._open()
                break
            except StorageUnavailable:
                if self.status is None or time.monotonic() > until:
                    raise
                time.sleep(AGAIN_SECONDS)
        with archive:
            yield archive

    def _open(self) -> Archive:
        """Only a rebuild from archives makes a collection that is missing."""
        create = self.task.kind == "rebuild" and bool(self.reading.sources)
        try:
            return Archive.open(self.place.url, self.task.collection, create=create)
        except NotFound as error:
            advice = "`nearcopy rebuild ARCHIVE` makes one, and --collection names another"
            raise NotFound(f"{error}: {advice}") from None

    def _tell_of_going_on(self, store: Store) -> None:
        if self.known_to_go_on:
            return
        self.known_to_go_on = begun(self.folder, identity(store, self.task, self.reading))
        if self.known_to_go_on:
            self.watcher.say(f"going on with what was finished in {self.folder}")
        elif self.place.resume:
            raise NotFound(
                f"there is nothing to go on with in {self.folder}: no rebuild of this collection with these "
                "archives, as they are now, and these options was begun there; without --resume it is begun"
            )

    def _reported(self, store: Store, executor: Executor, reporter: Reporter) -> None:
        """The rebuild itself, whose status says how it ended."""
        try:
            summary = run(
                store, self.task, self.reading, executor=executor, folder=self.folder,
                grace=generations.GRACE if self.place.grace is None else self.place.grace,
                progress=lambda report: self._tell(reporter, report),
            )
        except (BrokenExecutor, StorageUnavailable):
            raise
        except Cancelled:
            reporter.end("cancelled")
            self._clear_away(store)
            raise
        except (NearcopyError, OSError) as error:
            reporter.end("failed", str(error))
            raise
        except Exception as error:
            reporter.end("failed", f"a defect of the worker: {error!r}")
            raise
        except BaseException:  # Ctrl-C, SIGTERM
            reporter.end("cancelled", "it was stopped; the same command goes on from there")
            raise
        figures = asdict(summary)
        reporter.end(
            "done", summary=figures, audit=figures.pop("audit"), generation=figures["generation"],
            documents=summary.documents,
        )

    def _tell(self, reporter: Reporter, report: Report) -> None:
        published = report.stage == "retire" or (report.stage == "publish" and report.done)
        with suppress(*[Cancelled] if published else []):
            reporter(**asdict(report))
        self.watcher.goes(reporter.status)

    def _clear_away(self, store: Store) -> None:
        """Whoever cancelled it does not go on with it."""
        with suppress(Busy), Lock(store):
            generations.prune(store, self.task.keep, b"")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _finished(self) -> int:
        return sum(1 for _ in self.folder.glob("*.part"))

    def _can_go_on(self) -> bool:
        """A pipe that was read is gone."""
        return all(source.path for source in self.reading.sources)


def _begun(rebuilds: Rebuilds, store: Store, task: Task) -> Status:
    """The status of a new rebuild, in the place of one that died a moment ago. Raises `RebuildRunning`."""
    try:
        return rebuilds.begin(task)
    except RebuildRunning as running:
        if not _died(rebuilds, store, running.id):
            raise
        dead = rebuilds.get(running.id)
        dead.state, dead.error = "failed", "its process died"
        rebuilds.ended(dead)
        return rebuilds.begin(task)


def _died(rebuilds: Rebuilds, store: Store, id: str) -> bool:
    """Whether a rebuild is said to run, but nobody has the collection's lock and nobody will take it up."""
    status = rebuilds.find(id)
    if status is None or status.state != "running" or rebuilds.in_queue(id):
        return False
    try:
        with Lock(store):
            return True
    except Busy:
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, StorageUnavailable):
        return f"{error}; going on as soon as it does, for two minutes at most"
    return (
        "a process of the pool was killed, which is what happens where memory runs out: going on with new "
        "ones (fewer --processes, or less --memory, take less)"
    )
