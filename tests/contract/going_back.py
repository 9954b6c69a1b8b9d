"""Collections with a generation to go back to."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nearcopy.archive import Archive
from nearcopy.jobs.task import Task
from worker.rebuild import Reading, rebuild


def rebuilt_from_itself(archive: Archive) -> None:
    """Build a collection anew from its documents; the generation before is kept."""
    task = Task(collection=archive.store.collection)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as one:
        rebuild(archive.store, task, Reading.of(task), executor=one, folder=Path(folder), grace=0)
