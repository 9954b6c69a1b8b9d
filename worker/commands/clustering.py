"""``nearcopy clusters``: the pairs and clusters of an archive, here and now, on files alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nearcopy.archive import Archive
from nearcopy.clusters.group import Cluster, group
from nearcopy.errors import InputError, NotFound, ProcessDied
from nearcopy.index.clusters import last_written
from nearcopy.jobs.commands import Place, Watcher
from nearcopy.jobs.reporting import memory_of_all
from nearcopy.jobs.search import Output, Search
from nearcopy.jobs.status import Status
from worker import pool
from worker.archive import describe
from worker.clusters import Found, find, identity
from worker.clusters.output import write_pairs
from worker.clusters.report import write_report
from worker.clusters.summary import SUMMARY, summary, write_summary
from worker.clusters.writing import write_clusters
from worker.rebuild import Reading, Report
from worker.rebuild.journal import NAME, Journal, begun
from worker.rebuild.numbering import REJECTS

LOOK_SECONDS = 2.0
"""Between two looks at the memory of all processes."""

PARTS = "parts"
"""The folder of finished parts, in that of the output."""

TABLES = ("pairs", "clusters")


def cluster(search: Search, place: Place, output: Output, watcher: Watcher) -> dict[str, Any]:
    """See `nearcopy.jobs.search.Clustering`. Raises what `worker.clusters.find` raises."""
    telling, texts = Telling(search, watcher), output.report is not None
    parts, rejects = output.folder / PARTS, output.folder / REJECTS
    tables = (output.folder / f"{name}.{output.format}" for name in TABLES)
    keep_apart(search, place, [*tables, output.folder / SUMMARY, rejects, parts, output.report or rejects])
    with searched(search, place, parts, rejects, telling, texts=texts) as found:
        clusters = grouped(found, telling)
        telling.stage("write")
        # It says that the tables beside it are whole, and of one search
        (output.folder / SUMMARY).unlink(missing_ok=True)
        write_pairs(output.folder, output.format, found.members, found.pairs)
        write_clusters(output.folder, output.format, found.members, clusters)
        told = summary(found.members, found.pairs, clusters) | figures_of(search, found)
        write_summary(output.folder, told)
        if output.report is not None:
            telling.stage("report")
            write_report(output.report, found.members, clusters, told, found.document, search.parameters)
    return told


def keep_apart(search: Search, place: Place, written: Sequence[Path]) -> None:
    """Raise `InputError` where something would be written over an archive, or into the folder of one, with
    which it would be read the next time."""
    for name in search.task.archives:
        archive = Path(name).resolve()
        for path in [*written, *([place.folder] if place.folder is not None else [])]:
            at = path.resolve()
            if at == archive or archive in at.parents:
                raise InputError(
                    f"{path} would be written over the archive {name}, or lie in it and be read with it the "
                    "next time: name another place", "output",
                )


def grouped(found: Found, telling: Telling) -> list[Cluster]:
    """The clusters of what was found."""
    telling.stage("group")
    return group(found.members, found.pairs, found.compare)


def figures_of(search: Search, found: Found) -> dict[str, Any]:
    """What was asked, and how it went."""
    return {
        "rejects": found.rejects,
        "threshold": search.threshold,
        "containment": search.containment,
        "shingle": search.parameters.shingle,
        "detection": round(search.parameters.detection(search.threshold), 6),
        "crowded_buckets": found.crowded,
        "pairs_by_boilerplate_alone": found.boilerplate,
        "seconds": found.seconds,
    }


@contextmanager
def searched(
    search: Search, place: Place, folder: Path, rejects: Path, telling: Telling, *, texts: bool
) -> Iterator[Found]:
    """The pairs of an archive, while its parts lie in the folder, unless another was asked for; they go once
    all is done."""
    reading = Reading.of(search.task)  # a mistake shows before anything is made
    if reading.sources:
        telling.watcher.say(describe(reading.mapping))
    rejects.parent.mkdir(parents=True, exist_ok=True)
    parts = (place.folder or folder).absolute()
    with ExitStack() as stack:
        # In this order: the pool is forked before anything has a thread
        executor = stack.enter_context(_executor(place, parts, reading))
        store = None
        if search.stored:
            store = stack.enter_context(Archive.open(place.url, search.task.collection)).store
        task = identity(search, reading, store, texts)
        if store is not None:
            # What is written between two attempts shows only here: finished parts do not have it
            task["written"] = last_written(store)
        _tell_of_going_on(parts, task, place, telling.watcher)
        journal = stack.enter_context(Journal(parts, task))
        stack.callback(_remove, parts)
        try:
            found = find(
                search, reading, executor=executor, journal=journal, rejects=rejects, store=store,
                texts=texts, progress=telling,
            )
        except Exception as error:
            if pool.is_death(error):
                raise ProcessDied(
                    "a process that did the work was killed, as happens where memory runs out: the same "
                    "command goes on from there, and fewer --processes need less"
                ) from error
            raise
        yield found
        journal.clear()


def _executor(place: Place, parts: Path, reading: Reading) -> AbstractContextManager[Executor]:
    if place.dask is None:
        return pool.pool(place.processes)
    parts.mkdir(parents=True, exist_ok=True)
    return pool.dask(place.dask, [parts, *(Path(one.path) for one in reading.sources if one.path)])


def _tell_of_going_on(parts: Path, task: dict[str, Any], place: Place, watcher: Watcher) -> None:
    if begun(parts, task):
        watcher.say(f"going on with what was finished in {parts}")
    elif place.resume:
        raise NotFound(
            f"there is nothing to go on with in {parts}: no search in these archives, as they are now, with "
            "these options was begun there; leave --resume out to begin it"
        )


class Telling:
    """Hands each report on as the status of a job."""

    def __init__(self, search: Search, watcher: Watcher) -> None:
        self.watcher, self.status = watcher, Status("clusters", search.task, state="running")
        self._stage_began = self._looked = time.monotonic()
        self._report = Report()

    def __call__(self, report: Report) -> None:
        now, status = time.monotonic(), self.status
        if status.stage != report.stage:
            if status.stage is not None:
                status.seconds[status.stage] = now - self._stage_began
            self._stage_began = now
        if now - self._looked > LOOK_SECONDS:
            self._looked, status.memory = now, memory_of_all()
        for name, value in asdict(report).items():
            setattr(status, name, value)
        self._report = report
        self.watcher.goes(status)

    def stage(self, name: str) -> None:
        """A stage of one part begins."""
        self(replace(self._report, stage=name, done=0, total=1))


def _remove(parts: Path) -> None:
    """The folder of the parts, unless a search can go on there or it holds something else."""
    if (parts / NAME).exists():
        return
    (parts / "lock").unlink(missing_ok=True)
    if not any(parts.iterdir()):
        parts.rmdir()
