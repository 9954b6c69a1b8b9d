"""What a task asks for: its archives, opened, the parameters of the new generation, and what tells a rebuild
from another."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nearcopy.errors import InputError
from nearcopy.index.store import Store
from nearcopy.jobs.task import Task
from nearcopy.parameters import Parameters
from worker.archive import BLOCK_BYTES, Mapping, Source, guess, sources
from worker.archive.source import pages_in


@dataclass(frozen=True, slots=True)
class Reading:
    """The archives of a task, opened, and which of their fields are the id, the text and so on."""

    sources: list[Source]
    mapping: Mapping

    @classmethod
    def of(cls, task: Task) -> Reading:
        """Open them and guess what the task does not say. Raises `InputError`."""
        found = sources(task.archives)
        return cls(found, guess(found, task.mapping) if found else Mapping())


def identity(
    store: Store, task: Task, reading: Reading, block_bytes: int = BLOCK_BYTES
) -> dict[str, Any]:
    """What a second run must have in common with the first to go on from its finished parts."""
    return {
        "archive": archive_state(reading.sources),
        "mapping": asdict(replace(reading.mapping, reasons={})),
        "collection": [store.collection, len(store.partitions), task.kind],
        "parameters": chosen(store.parameters, task).digest,
        "cut": [task.memory, block_bytes],
    }


def chosen(live: Parameters, task: Task) -> Parameters:
    """The parameters of the new generation: the live ones, but for those that the task names."""
    found = live
    if task.threshold is not None or task.probability is not None:
        nets = Parameters.for_threshold(task.threshold or live.threshold, task.probability or 0.99)
        found = replace(found, threshold=nets.threshold, bands=nets.bands, rows=nets.rows)
    if task.shingle is not None:
        if task.shingle > live.least_words:
            raise InputError(
                f"shingle must be at most {live.least_words}, the words of the shortest paragraph that is "
                "indexed",
                "shingle",
            )
        found = replace(found, shingle=task.shingle)
    return found


def archive_state(sources: Sequence[Source]) -> list[Any]:
    """What tells whether archives have changed."""
    return [_state(source) for source in sources]


def _state(source: Source) -> list[Any]:
    """What tells that an archive has changed; a pipe is another each time."""
    if not source.path:
        return [source.name, time.time_ns()]
    paths: Sequence[str] = [source.path]
    if os.path.isdir(source.path):
        paths = [os.path.join(source.path, file) for file in pages_in(source.path)]
    return [[path, os.stat(path).st_size, os.stat(path).st_mtime_ns] for path in paths]
