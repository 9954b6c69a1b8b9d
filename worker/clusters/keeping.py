"""The clusters of a collection, found at once and kept to be answered."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from nearcopy import regroup
from nearcopy.clusters.group import group
from nearcopy.clusters.told import told
from nearcopy.index import clusters
from nearcopy.index.clusters import Kept
from nearcopy.index.store import Store
from nearcopy.jobs.search import Search
from nearcopy.jobs.task import Task
from worker.archive import Mapping
from worker.clusters import find, identity
from worker.clusters.stages import Found
from worker.rebuild import Reading
from worker.rebuild.journal import Journal
from worker.rebuild.numbering import REJECTS
from worker.rebuild.running import Progress, Report


def keep_clusters(
    store: Store, task: Task, run: str, *, executor: Executor, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Find the clusters of the documents that a store holds and have them answered; returns how many of each
    there are. Finished parts lie in the folder, and a second run with it goes on. Raises what
    `worker.clusters.find` raises and whatever ``progress`` does; then nothing has changed."""
    search, reading = Search(task, stored=True, containment=task.containment), Reading([], Mapping())
    generations = tuple(store.refresh(number).generation.decode() for number in range(len(store.partitions)))
    folder.mkdir(parents=True, exist_ok=True)
    shingle = search.parameters.shingle
    kept = Kept(run, time.time(), search.threshold, search.containment, shingle, generations)
    with Journal(folder, {"run": run, **identity(search, reading, store, False)}) as journal:
        since = _since(store, run, journal)
        try:
            found = _found(store, search, reading, executor, journal, progress)
            progress(Report("group", 0, 1))
            groups = group(found.members, found.pairs, found.compare) if found is not None else []
            progress(Report("write", 0, 1))
            if found is not None:
                clusters.write(store, run, (regroup.row(told(found.members, one)) for one in groups))
            clusters.publish(store, kept, since)
        except Exception:
            # Its changes are kept no longer, so what it has read cannot be gone on with
            journal.clear()
            clusters.leave(store.client, store.collection, run)
            raise
        journal.clear()
    shutil.rmtree(folder, ignore_errors=True)
    return {
        "documents": len(found.members.ids) if found is not None else 0,
        "pairs": len(found.pairs) if found is not None else 0,
        "clusters": len(groups),
        "in_clusters": sum(len(one.members) for one in groups),
    }


def _since(store: Store, run: str, journal: Journal) -> list[int]:
    """The last change of each partition before anything was read: of the attempt that began to."""
    since = clusters.begin(store, run)
    if "since" not in journal.notes:
        journal.note("since", since)
    return list(journal.notes["since"])


def _found(
    store: Store, search: Search, reading: Reading, executor: Executor, journal: Journal, progress: Progress
) -> Found | None:
    """What is in the store; None where nothing is."""
    if not store.sizes()[0]:
        return None
    return find(
        search, reading, executor=executor, journal=journal, rejects=journal.folder / REJECTS, store=store,
        progress=progress,
    )
