"""The rebuild: its stages in order, and what is known between them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from nearcopy.connection import translated
from nearcopy.errors import IndexFull, InputError
from nearcopy.index import keys
from nearcopy.index.shape import Shape
from nearcopy.index.store import Store
from nearcopy.index.writing import FULL
from worker.archive import BLOCK_BYTES, Mapping, Source, blocks, sources
from worker.archive.source import pages_in
from worker.rebuild import files, numbering, packing, paragraphs, publishing, retiring, sending, signing
from worker.rebuild.journal import Journal
from worker.rebuild.running import Progress, Task, run

MEMORY = 1 << 30
BYTES_A_RECORD = 1024
"""Of ``memory`` for each record that one part sorts: 128 bytes while it is sorted, in eight parts at a time.
It does not depend on the executor, for the parts must not either."""

GRACE = 30.0
"""Seconds in which whoever read the old pointer has his answer."""


@dataclass(slots=True)
class Summary:
    """What a rebuild made: documents, distinct paragraphs and how many more stood in the archive
    (``repeats``), rejects (in ``rejects.jsonl`` of the folder), changes ``replayed``, bytes of pages sent,
    seconds by stage."""

    documents: int = 0
    paragraphs: int = 0
    repeats: int = 0
    rejects: int = 0
    replayed: int = 0
    page_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def rebuild(
    store: Store, paths: Sequence[str], mapping: Mapping, *, executor: Executor, folder: Path,
    memory: int = MEMORY, block_bytes: int = BLOCK_BYTES, grace: float = GRACE,
    progress: Progress = lambda *_: None,
) -> Summary:
    """Make a collection exactly the archives at some paths, and what was written to it since this began.

    The live generation answers until the next one is whole. ``folder`` holds what is finished: after a crash
    the same call goes on from there. ``memory``: bytes that sorting may take in all processes together;
    ``grace``: seconds before the old generation is removed. Raises `InputError` (no archive, not one usable
    document, another rebuild in the folder), `IndexFull`, `StorageUnavailable`, `OSError` where an archive or
    the disk fails; nothing is published then.
    """
    found = sources(paths)
    task = {
        "archive": [_state(source) for source in found],
        "mapping": asdict(replace(mapping, reasons={})),
        "collection": [store.collection, store.parameters.digest, len(store.partitions)],
        "cut": [memory, block_bytes],
    }
    with Journal(folder, task) as journal:
        one = _Rebuild(store, found, mapping, executor, journal, progress)
        one.most, one.block_bytes = max(memory // BYTES_A_RECORD, 1), block_bytes
        for stage in (one.sign, one.number, one.dedupe, one.pack, one.send, one.publish):
            one.timed(stage.__name__, stage)
        one.timed("retire", lambda: one.retire(grace))
        journal.clear()
        return one.summary


class _Rebuild:
    """One rebuild on its way; the stages run in the order in which they stand."""

    def __init__(
        self, store: Store, found: list[Source], mapping: Mapping, executor: Executor, journal: Journal,
        progress: Progress,
    ) -> None:
        self.store, self.sources, self.mapping = store, found, mapping
        self.executor, self.journal, self.progress = executor, journal, progress
        self.folder, self.partitions = journal.folder, range(len(store.partitions))
        self.most, self.block_bytes = 1, BLOCK_BYTES
        self.summary = Summary()
        if "since" not in journal.notes:
            names = [part.keys for part in store.partitions]
            journal.note("since", [publishing.position(store, one) for one in names])

    def timed(self, name: str, stage: Any) -> None:
        """Run a stage and keep its seconds."""
        started = time.perf_counter()
        stage()
        self.summary.seconds[name] = round(time.perf_counter() - started, 3)

    def sign(self) -> None:
        """Every block; how many there are is known after the last."""
        noted = self.journal.notes.get("blocks")
        if noted is None or not all(self.journal.has(signing.part_name(one)) for one in range(noted)):
            self.blocks = 0
            self._run("sign", signing.sign, self._blocks())
            self.journal.note("blocks", self.blocks)
        else:
            self.blocks = noted

    def _blocks(self) -> Iterator[Task]:
        for block in blocks(self.sources, block_bytes=self.block_bytes):
            self.blocks += 1
            arguments = (self.folder, block, self.mapping, self.store.parameters, len(self.partitions))
            yield signing.part_name(block.number), arguments

    def number(self) -> None:
        """Documents, and the rejects."""
        if not self.blocks:
            raise InputError("there is nothing in the archive", "archive")
        arguments = (self.folder, self.blocks, len(self.partitions))
        self._run("number", numbering.number, [(numbering.PART, arguments)])
        self.summary.rejects = numbering.write_rejects(self.folder, self.blocks)
        self.counts = files.read(self.folder, numbering.PART)["counts"].tolist()
        self.summary.documents = sum(count[0] for count in self.counts)
        if not self.summary.documents:
            raise InputError(f"no document of the archive can be used: see {numbering.REJECTS}", "archive")

    def dedupe(self) -> None:
        """Distinct paragraphs, then their places in the blocks."""
        buckets = [count[1] // self.most + 1 for count in self.counts]
        self._run("dedupe", paragraphs.dedupe, [
            (paragraphs.bucket_name(p, bucket), (self.folder, self.blocks, p, bucket, buckets[p]))
            for p in self.partitions for bucket in range(buckets[p])
        ])
        self.starts = [paragraphs.bases(self.folder, p, buckets[p]) for p in self.partitions]
        self.summary.paragraphs = sum(starts[-1] for starts in self.starts)
        self.summary.repeats = sum(count[1] for count in self.counts) - self.summary.paragraphs
        numbers = [starts[-1] for starts in self.starts] + [count[0] for count in self.counts]
        if max(numbers) > keys.MAX_NUMBER:
            raise IndexFull(FULL)
        self._run("place", paragraphs.place, [
            (paragraphs.placed_name(block), (self.folder, block, self.starts)) for block in range(self.blocks)
        ])

    def pack(self) -> None:
        """Every page."""
        self.shapes, self.pages = [], []
        for p in self.partitions:
            documents, standing, prints = self.counts[p]
            distinct = self.starts[p][-1]
            self.shapes.append(Shape.for_records(distinct, documents, prints))
            records = {"p": distinct, "x": distinct, "d": documents, "f": prints, "o": standing}
            bands = self.store.parameters.bands
            self.pages += packing.all_pages(p, bands, self.shapes[p], records, self.most)
        self._run("pack", packing.write_pages, [
            (one.name, (self.folder, self.blocks, one, self.starts[one.partition])) for one in self.pages
        ])

    def send(self) -> None:
        """Everything into the next generation of each partition, after what a killed rebuild left there."""
        self._choose()
        for p in self._unpublished():
            names, generation = self.store.partitions[p].keys, self.next[p]
            with translated():
                retiring.unlink(self.store, names, generation)
            self.progress("send", p)
            for block in range(self.blocks):
                sending.send_texts(self.store, self.folder, block, p, generation)
            sending.send_ids(self.store, self.folder, self.blocks, p, generation)
            mine = [one for one in self.pages if one.partition == p]
            self.summary.page_bytes += sending.send_pages(self.store, self.folder, mine, generation)
            documents, distinct = self.counts[p][0], self.starts[p][-1]
            sending.send_counts(self.store, names, generation, documents, distinct, self.shapes[p])

    def _choose(self) -> None:
        """The next generation of each partition: that of the run before, unless it lies behind by now."""
        noted = self.journal.notes.get("generations")
        live = [int(self.store.refresh(p).generation) for p in self.partitions]
        if noted is None or any(now > after for now, (_, after) in zip(live, noted, strict=True)):
            noted = [(now, now + 1) for now in live]
            self.journal.note("generations", noted)
        self.old = [str(before).encode() for before, _ in noted]
        self.next = [str(after).encode() for _, after in noted]

    def _unpublished(self) -> list[int]:
        return [p for p in self.partitions if self.store.refresh(p).generation != self.next[p]]

    def publish(self) -> None:
        """Each partition by itself."""
        since = self.journal.notes["since"]
        for p in self._unpublished():
            self.progress("publish", p)
            self.summary.replayed += publishing.publish(
                self.store, p, self.next[p], self.shapes[p], since[p]
            )

    def retire(self, grace: float) -> None:
        """The old generations, once nobody reads them any more."""
        self.progress("retire", 0)
        time.sleep(grace)
        for p in self.partitions:
            with translated():
                retiring.unlink(self.store, self.store.partitions[p].keys, self.old[p])

    def _run(self, stage: str, function: Any, tasks: Any) -> None:
        run(stage, function, tasks, self.executor, self.journal, self.progress)


def _state(source: Source) -> list[Any]:
    """What tells that an archive has changed; a pipe is another each time."""
    if not source.path:
        return [source.name, time.time_ns()]
    paths = [source.path]
    if os.path.isdir(source.path):
        paths = [os.path.join(source.path, file) for file in pages_in(source.path)]
    return [[path, os.stat(path).st_size, os.stat(path).st_mtime_ns] for path in paths]
