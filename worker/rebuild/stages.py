"""The rebuild: its stages in order, and what is known between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from operator import call
from pathlib import Path
from typing import Any

from nearcopy.errors import AuditFailed, IndexFull, InputError, NotFound
from nearcopy.index import generations, keys, memory, publishing
from nearcopy.index.lock import Lock
from nearcopy.index.shape import Shape
from nearcopy.index.store import Store, packed
from nearcopy.index.writing import FULL
from nearcopy.jobs.task import Task
from nearcopy.parameters import Parameters
from nearcopy.retention import cutoff
from worker.archive import BLOCK_BYTES
from worker.rebuild import files, numbering, packing, paragraphs, sending, signing, stored
from worker.rebuild.asked import Reading, chosen, identity
from worker.rebuild.audit import Audit, Sent, of_answers, of_sent
from worker.rebuild.forecast import check_forecast, check_packed
from worker.rebuild.journal import Journal
from worker.rebuild.running import Part, Progress, Report, read, run

BYTES_A_RECORD = 1024
"""Of the task's memory for each record that one part sorts: 128 bytes while it is sorted, in eight parts at a
time. It does not depend on the executor, for the parts must not either."""


@dataclass(slots=True)
class Summary:
    """What a rebuild made: documents, distinct paragraphs and how many more stood in the archive
    (``repeats``), rejects (in ``rejects.jsonl`` of the folder), changes ``replayed``, bytes of pages and of
    texts sent, seconds by stage, the probability that a resemblance at the threshold is found, the audit."""

    generation: str = ""
    documents: int = 0
    paragraphs: int = 0
    repeats: int = 0
    rejects: int = 0
    replayed: int = 0
    page_bytes: int = 0
    text_bytes: int = 0
    threshold: float = 0.0
    detection: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)


def rebuild(
    store: Store, task: Task, reading: Reading, *, executor: Executor, folder: Path,
    block_bytes: int = BLOCK_BYTES, grace: float = generations.GRACE,
    progress: Progress = lambda _: None,
) -> Summary:
    """Make the next generation of a collection and publish it; the live one answers until then.

    Of a task with archives it has exactly their documents, and what was written to the collection since this
    began. Without archives, or with a task that loads, it has the stored documents as well, but for those
    that are too old for the collection; an id of the archives replaces a stored one. ``folder`` holds what is
    finished: after a crash the same call goes on from there. ``grace``: seconds before a generation that was
    live is removed.

    Raises `Busy` (the collection is rebuilt by another), `InputError` (no archive, not one usable document,
    more rejects than the task allows, another rebuild in the folder), `WillNotFit`, `IndexFull`,
    `AuditFailed`, `StorageUnavailable`, `OSError` where an archive or the disk fails; nothing is published
    then.
    """
    parameters = chosen(store.parameters, task)
    with Lock(store) as lock, Journal(folder, identity(store, task, reading, block_bytes)) as journal:
        one = _Rebuild(store, task, reading, parameters, executor, journal, lock, progress)
        one.most, one.block_bytes, one.grace = max(task.memory // BYTES_A_RECORD, 1), block_bytes, grace
        one.begin()
        made = one.sign, one.number, one.dedupe, one.place, one.pack
        for stage in (*made, one.send, one.audit, one.publish, one.retire):
            one.timed(stage)
        journal.clear()
        return one.summary


class _Rebuild:
    """One rebuild on its way; the stages run in the order in which they stand."""

    def __init__(
        self, store: Store, task: Task, reading: Reading, parameters: Parameters, executor: Executor,
        journal: Journal, lock: Lock, progress: Progress,
    ) -> None:
        self.store, self.task, self.reading, self.parameters = store, task, reading, parameters
        self.executor, self.journal, self.lock, self.progress = executor, journal, lock, progress
        self.folder, self.partitions = journal.folder, range(len(store.partitions))
        self.most, self.block_bytes, self.grace = 1, BLOCK_BYTES, generations.GRACE
        sizes = [source.size for source in reading.sources]
        whole = None if None in sizes else sum(size or 0 for size in sizes)
        self.report = Report(bytes_total=whole)
        self.summary = Summary(
            threshold=parameters.threshold, detection=round(parameters.probability, 6)
        )

    def begin(self) -> None:
        """Claim a generation, or go on with the one that was claimed before."""
        noted = self.journal.notes.get("generation")
        if noted is None or not self._goes_on(noted.encode()):
            if memory.bounded(self.store):
                self._tell("forecast", 1)
                check_forecast(self.store, self.task, self.reading)
            self.journal.begin()
            stored_too = self.task.kind == "load" or not self.reading.sources
            begun = generations.begin(
                self.store, kind=self.task.kind, archives=[one.name for one in self.reading.sources]
            )
            self.journal.note("stored", stored.cuts(self.store, self.block_bytes) if stored_too else [])
            before = cutoff(self.store)
            self.journal.note("before", before.isoformat() if before is not None else None)
            self.journal.note("live", [part.generation.decode() for part in self.store.partitions])
            self.journal.note("began", generations.records(self.store)[begun]["began"])
            noted = begun.decode()
            self.journal.note("generation", noted)
        self.generation = noted.encode()
        self.summary.generation = noted

    def _goes_on(self, generation: bytes) -> bool:
        """Whether a generation is still there, and is the one of that number that was begun here; did not
        fail, and was not published and left already."""
        record = generations.records(self.store).get(generation, {})
        same = record.get("began") == self.journal.notes.get("began")
        return same and "began" in record and not record.keys() & {"left", "failed"}

    def timed(self, stage: Callable[[], None]) -> None:
        """Run a stage and keep its seconds."""
        started = time.perf_counter()
        stage()
        self.summary.seconds[stage.__name__] = round(time.perf_counter() - started, 3)

    def sign(self) -> None:
        """Every block; how many there are is known after the last."""
        noted = self.journal.notes.get("blocks")
        self._tell("sign", noted)
        if noted is None or not all(self.journal.has(signing.part_name(one)) for one in range(noted)):
            self.blocks = 0
            self._run(signing.sign, self._blocks(), self._signed)
            self.journal.note("blocks", self.blocks)
        else:
            self.blocks = noted
            for block in range(noted):
                self._signed(signing.part_name(block))

    def _blocks(self) -> Iterator[Part]:
        for block in self._read():
            self.blocks = block.number + 1
            arguments = (self.folder, block, self.reading.mapping, self.parameters, len(self.partitions))
            yield signing.part_name(block.number), arguments

    def _read(self) -> Iterator[Any]:
        """The blocks of the archives, then those of the stored documents: the first of an id counts."""
        number = 0
        for block in read(self.reading.sources, self.block_bytes, self.report):
            yield block
            number = block.number + 1
        live, noted = self.journal.notes["live"], self.journal.notes.get("before")
        before = datetime.fromisoformat(noted) if noted is not None else None
        for more, cut in enumerate(self.journal.notes["stored"]):
            yield stored.read(self.store, live[cut[0]].encode(), cut, number + more, before)

    def _signed(self, name: str) -> None:
        documents, standing, rejects = signing.counts(self.folder, name)
        self.report.documents += documents
        self.report.paragraphs += standing
        self.report.rejects += rejects
        self._count()
        self._check_rejects(self.report.rejects)

    def _check_rejects(self, rejects: int) -> None:
        most = self.task.max_rejects
        if most is not None and rejects > most:
            numbering.write_rejects(self.folder)
            raise InputError(
                f"more than {most} records cannot be used: see {self.folder / numbering.REJECTS}, and allow "
                "more, or mend the archive",
                "max_rejects",
            )

    def number(self) -> None:
        """Documents, and the rejects."""
        if not self.blocks:
            where = "in the archive" if self.reading.sources else "stored in the collection"
            raise InputError(f"there is nothing {where}", "archive")
        self._tell("number", 1)
        arguments = (self.folder, self.blocks, len(self.partitions))
        self._run(numbering.number, [(numbering.PART, arguments)])
        self.summary.rejects = self.report.rejects = numbering.write_rejects(self.folder)
        self._check_rejects(self.summary.rejects)
        self.counts = files.read(self.folder, numbering.PART)["counts"].tolist()
        self.summary.documents = sum(count[0] for count in self.counts)
        if not self.summary.documents:
            raise InputError(f"no document of the archive can be used: see {numbering.REJECTS}", "archive")

    def dedupe(self) -> None:
        """Distinct paragraphs."""
        buckets = [paragraphs.buckets_of(count[1], self.most) for count in self.counts]
        self._tell("dedupe", sum(buckets))
        self._run(paragraphs.dedupe, [
            (paragraphs.bucket_name(p, bucket), (self.folder, self.blocks, p, bucket, buckets[p]))
            for p in self.partitions for bucket in range(buckets[p])
        ])
        self.starts = [paragraphs.bases(self.folder, p, buckets[p]) for p in self.partitions]
        self.summary.paragraphs = sum(starts[-1] for starts in self.starts)
        self.summary.repeats = sum(count[1] for count in self.counts) - self.summary.paragraphs
        numbers = [starts[-1] for starts in self.starts] + [count[0] for count in self.counts]
        if max(numbers) > keys.MAX_NUMBER:
            raise IndexFull(FULL)

    def place(self) -> None:
        """Where in the blocks each paragraph stands first."""
        self._tell("place", self.blocks)
        self._run(paragraphs.place, [
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
            self.pages += packing.all_pages(p, self.parameters.bands, self.shapes[p], records, self.most)
        self._tell("pack", len(self.pages))
        self._run(packing.write_pages, [
            (one.name, (self.folder, self.blocks, one, self.starts[one.partition])) for one in self.pages
        ])

    def send(self) -> None:
        """Everything into the new generation, once what nobody needs any more has made room."""
        waiting = self._unpublished()
        parts = {
            p: sending.parts(self.store, self.folder, self.blocks, self.pages, p, self.generation)
            for p in waiting
        }
        self._tell("send", sum(map(len, parts.values())))
        if waiting:
            generations.prune(self.store, max(self.task.keep - 1, 0), self.generation, self.grace)
            self._check_room()
        for p in waiting:
            sent = sending.Sent(self.store, self.store.partitions[p].keys, self.generation)
            # What was replayed into it is not to be overwritten by a rebuild that goes on.
            if "sent" not in self.journal.notes:
                self._send(p, parts[p], sent)
            self.summary.page_bytes += sent.bytes("pages")
            self.summary.text_bytes += sent.bytes("texts")

    def _send(self, p: int, parts: list[Part], sent: sending.Sent) -> None:
        with ThreadPoolExecutor(sending.THREADS) as threads:
            run(call, parts, threads, sent, lambda _: self._count())
        names, state = self.store.partitions[p].keys, packed(self.shapes[p], self.parameters)
        documents, distinct = self.counts[p][0], self.starts[p][-1]
        sending.send_counts(self.store, names, self.generation, documents, distinct, state)

    def _check_room(self) -> None:
        """Once: later a part of it may be there already."""
        if "bytes" not in self.journal.notes:
            documents = [count[0] for count in self.counts]
            size = check_packed(self.store, self.folder, self.blocks, self.pages, documents)
            generations.note(self.store, self.generation, bytes=size)
            self.journal.note("bytes", size)

    def _unpublished(self) -> list[int]:
        self.lock.check()
        return [p for p in self.partitions if self.store.refresh(p).generation != self.generation]

    def audit(self) -> None:
        """What was sent, and, once it has what was written meanwhile, what it answers."""
        waiting = self._unpublished()
        self._tell("audit", 3)
        if waiting and "audit" not in self.journal.notes:
            if "sent" not in self.journal.notes:
                self._demand("sent", self._of_sent())
            self._count()
            for part in self._made().partitions:
                self.summary.replayed += publishing.catch_up(self.store, part)[1]
            self._count()
            self._demand("audit", of_answers(self._made(), self.task.audit))
            generations.note(self.store, self.generation, audit=self.summary.audit)
        self.summary.audit = self.journal.notes.get("audit", {})
        self._count()

    def _made(self) -> Store:
        return self.store.at(self.generation)

    def _of_sent(self) -> Audit:
        sent = [
            Sent(
                self.counts[p][0], self.starts[p][-1], [one for one in self.pages if one.partition == p],
                self.folder,
            ) for p in self.partitions
        ]
        try:
            return of_sent(self._made(), sent, self.task.audit)
        except NotFound as error:
            return Audit(failures=[f"it cannot be read: {error}"])

    def _demand(self, name: str, found: Audit) -> None:
        """Note what was found; where it is not right, take the generation away and raise `AuditFailed`."""
        self.summary.audit |= {**self.journal.notes.get("sent", {}), **found.figures}
        if not found.failures:
            self.journal.note(name, self.summary.audit)
            return
        reasons = "; ".join(found.failures)
        generations.note(self.store, self.generation, failed=reasons, audit=self.summary.audit)
        record = generations.records(self.store)[self.generation]
        generations.drop(self.store, self.generation, grace=0.0)
        generations.note(self.store, self.generation, **record)
        raise AuditFailed(
            f"the new generation failed its audit and was not published: {reasons}", self.summary.audit
        )

    def publish(self) -> None:
        """What was written meanwhile, and the pointer."""
        self._tell("publish", 1)
        for part in self.store.partitions:
            sending.forget_sent(self.store, part.keys, self.generation)
        self.summary.replayed += publishing.publish(self.store, self.generation, self.lock)
        generations.note(self.store, self.generation, summary=asdict(self.summary))
        self._count()

    def retire(self) -> None:
        """Generations that nobody reads or goes back to any more."""
        self._tell("retire", 1)
        generations.prune(self.store, self.task.keep, self.generation, self.grace)
        self._count()

    def _run(self, function: Any, parts: Any, done: Callable[[str], None] | None = None) -> None:
        run(function, parts, self.executor, self.journal, done or (lambda _: self._count()))

    def _tell(self, stage: str, total: int | None) -> None:
        """A stage begins."""
        self.lock.check()
        self.report.stage, self.report.done, self.report.total = stage, 0, total
        self.progress(replace(self.report))

    def _count(self) -> None:
        """Another part of it is done."""
        self.lock.check()
        self.report.done += 1
        self.progress(replace(self.report))
