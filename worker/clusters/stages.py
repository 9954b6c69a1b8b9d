"""The search for pairs: its stages in order, and what is known between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from operator import call
from pathlib import Path
from typing import Any

from nearcopy.clusters.pairs import Ints, Members, Pairs
from nearcopy.clusters.verifying import Bounds
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index import documents
from nearcopy.index.store import Store
from nearcopy.jobs.search import Search
from worker.archive import BLOCK_BYTES
from worker.clusters import boilerplate, numbering, pairing, signing
from worker.rebuild import files, stored
from worker.rebuild.asked import Reading, archive_state
from worker.rebuild.files import Array
from worker.rebuild.journal import Journal
from worker.rebuild.running import Part, Progress, Report, read, run
from worker.rebuild.signing import part_name

BYTES_A_WORD = 256
"""Of the memory for each word that is compared at a time: 32 bytes, in eight parts."""

RANGES = 8
"""Of documents whose paragraphs are judged: as many as are in work at a time."""

BYTES_A_RECORD = 1024
"""Of the memory for each record that one part sorts, as in a rebuild."""


@dataclass(slots=True)
class Found:
    """The documents of an archive, their pairs, how many ``rejects`` it had, how many buckets were so
    ``crowded`` that not all in them were compared, how many pairs had nothing but common paragraphs to show
    (``boilerplate``), and the seconds of each stage. ``shingle``: of the resemblance; ``words``: so many are
    in memory at a time."""

    members: Members
    pairs: Pairs
    folder: Path
    rejects: int = 0
    crowded: int = 0
    boilerplate: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    shingle: int = 3
    words: int = 1

    def compare(self, keys: Ints) -> Pairs:
        """The figures of any pairs (lesser number << 32 | greater one, rising)."""
        return pairing.verify(self.folder, keys, self.words, Bounds(0.0, None, self.shingle))

    def document(self, number: int) -> Document:
        """A document with its text, where the texts were kept."""
        numbers = files.read(self.folder, numbering.PART)
        part = files.read(self.folder, part_name(int(numbers["blocks"][number])))
        return _read(part, int(numbers["rows"][number]))

    def documents(self) -> Iterator[Document]:
        """All of them, in their order."""
        numbers = files.read(self.folder, numbering.PART)
        for block, rows in numbering.by_block(numbers, int(numbers["blocks"][-1]) + 1):
            part = files.read(self.folder, part_name(block))
            yield from (_read(part, row) for row in rows.tolist())


def _read(part: dict[str, Array], row: int) -> Document:
    first, end = part["text_bounds"][row : row + 2]
    return documents.unpacked(part["texts"][first:end].tobytes())[0]


def identity(
    search: Search, reading: Reading, store: Store | None, texts: bool, block_bytes: int = BLOCK_BYTES
) -> dict[str, Any]:
    """What a second run must have in common with the first to go on from its finished parts."""
    partitions = store.partitions if store is not None else []
    return {
        "pairs_of": archive_state(reading.sources),
        "mapping": asdict(replace(reading.mapping, reasons={})),
        "stored": [search.task.collection, *(part.generation.decode() for part in partitions)],
        "parameters": search.parameters.digest,
        "least": [search.threshold, search.containment],
        "cut": [search.task.memory, block_bytes, texts],
    }


def find(
    search: Search, reading: Reading, *, executor: Executor, journal: Journal, rejects: Path,
    store: Store | None = None, texts: bool = False, block_bytes: int = BLOCK_BYTES,
    progress: Progress = lambda _: None,
) -> Found:
    """The documents of the archives, then those of the store, and all their pairs. Rejects are written into
    the file ``rejects``; where ``texts``, the documents can be read again.

    Raises `InputError` (not one usable document, more rejects than the task allows), `StorageUnavailable`,
    `OSError` where an archive or the disk fails.
    """
    one = _Search(search, reading, store, executor, journal, rejects, progress)
    one.texts, one.block_bytes = texts, block_bytes
    for stage in one.sign, one.number, one.meet, one.compare, one.judge, one.strip:
        one.timed(stage)
    return one.found


class _Search:
    """One search on its way; the stages run in the order in which they stand."""

    def __init__(
        self, search: Search, reading: Reading, store: Store | None, executor: Executor, journal: Journal,
        rejected: Path, progress: Progress,
    ) -> None:
        self.search, self.reading, self.store = search, reading, store
        self.executor, self.journal, self.rejected, self.progress = executor, journal, rejected, progress
        self.folder, self.texts, self.block_bytes = journal.folder, False, BLOCK_BYTES
        self.parameters = search.parameters
        sizes = [source.size for source in reading.sources]
        self.report = Report(bytes_total=None if None in sizes else sum(size or 0 for size in sizes))
        self.seconds: dict[str, float] = {}

    def timed(self, stage: Callable[[], None]) -> None:
        """Run a stage and keep its seconds."""
        started = time.perf_counter()
        stage()
        self.seconds[stage.__name__] = round(time.perf_counter() - started, 3)

    def sign(self) -> None:
        """Every block; how many there are is known after the last."""
        noted = self.journal.notes.get("blocks")
        self._tell("sign", noted)
        if noted is not None and all(self.journal.has(part_name(one)) for one in range(noted)):
            self.blocks = noted
            for block in range(noted):
                self._signed(part_name(block))
            return
        self.blocks = 0
        self._run(signing.sign, self._blocks(), self._signed)
        self.journal.note("blocks", self.blocks)

    def _blocks(self) -> Iterator[Part]:
        kept = signing.Kept(self.texts, self.search.containment is not None)
        for block in self._read():
            self.blocks = block.number + 1
            arguments = (self.folder, block, self.reading.mapping, self.parameters, kept)
            yield part_name(block.number), arguments

    def _read(self) -> Iterator[Any]:
        """The blocks of the archives, then those of the stored documents: the first of an id counts."""
        number = 0
        for block in read(self.reading.sources, self.block_bytes, self.report):
            yield block
            number = block.number + 1
        if self.store is not None:
            if "stored" not in self.journal.notes:
                self.journal.note("stored", stored.cuts(self.store, self.block_bytes))
            for more, cut in enumerate(self.journal.notes["stored"]):
                generation = self.store.partitions[cut[0]].generation
                yield stored.read(self.store, generation, cut, number + more)

    def _signed(self, name: str) -> None:
        counts = files.read(self.folder, name)["counts"].tolist()
        self.report.documents += counts[0]
        self.report.paragraphs += counts[1]
        self.report.rejects += counts[2]
        self._count()
        self._check_rejects(self.report.rejects)

    def _check_rejects(self, rejects: int) -> None:
        most = self.search.task.max_rejects
        if most is not None and rejects > most:
            numbering.write_rejects(self.folder, self.rejected, self.blocks)
            raise InputError(
                f"more than {most} records cannot be used: see {self.rejected}, and allow more, or "
                "mend the archive", "max_rejects",
            )

    def number(self) -> None:
        """Documents, and the rejects."""
        self._tell("number", 1)
        if self.blocks:
            self._run(numbering.number, [(numbering.PART, (self.folder, self.blocks))])
        self.rejects = self.report.rejects = numbering.write_rejects(self.folder, self.rejected, self.blocks)
        self._check_rejects(self.rejects)
        self.documents = len(files.read(self.folder, numbering.PART)["rows"]) if self.blocks else 0
        if not self.documents:
            self.journal.clear()  # there is nothing to go on with
            where = f"can be used: see {self.rejected}" if self.rejects else "is there"
            raise InputError(f"no document {where}", "archive")

    def meet(self) -> None:
        """Documents that share a bucket, and paragraphs that stand in many documents."""
        most = max(self.search.task.memory // BYTES_A_RECORD, 1)
        self.met = pairing.shares(self.folder, self.parameters.bands, most)
        self.shares = self.report.paragraphs // most + 1
        self._tell("meet", self.shares + len(self.met))
        place = self.folder, self.blocks
        repeated = [
            (boilerplate.repeated_name(share), (boilerplate.repeat, *place, share, self.shares))
            for share in range(self.shares)
        ]
        met = [(one.name, (pairing.write_met, *place, one)) for one in self.met]
        self._run(call, [*repeated, *met])

    def compare(self) -> None:
        """All candidates."""
        memory = self.search.task.memory
        self.ranges = pairing.cuts(self.folder, self.met, self.documents, max(memory // BYTES_A_RECORD, 1))
        self._tell("compare", len(self.ranges))
        self.least = Bounds(self.search.threshold, self.search.containment, self.parameters.shingle)
        self.words = max(memory // BYTES_A_WORD, 1)
        self._run(pairing.compare, [
            (pairing.compared_name(among[0]), (self.folder, self.met, among, self.words, self.least))
            for among in self.ranges
        ])

    def judge(self) -> None:
        """Which of them are common, in the documents of pairs."""
        self.judged = boilerplate.judged_ranges(self.documents, RANGES)
        self._tell("judge", len(self.judged))
        self._run(boilerplate.judge, [
            (boilerplate.judged_name(among[0]), (self.folder, self.shares, among, self.ranges))
            for among in self.judged
        ])

    def strip(self) -> None:
        """Pairs that still are without them."""
        self._tell("strip", len(self.ranges))
        self._run(boilerplate.strip, [
            (boilerplate.stripped_name(among[0]), (self.folder, among, self.judged, self.words, self.least))
            for among in self.ranges
        ])
        compared = pairing.read_pairs(self.folder, self.ranges)
        pairs = compared.chosen(boilerplate.read_left(self.folder, self.ranges))
        self.found = Found(
            numbering.members(self.folder, self.blocks), pairs, self.folder, self.rejects,
            sum(int(files.read(self.folder, one.name)["crowded"][0]) for one in self.met),
            len(compared) - len(pairs), self.seconds, self.least.shingle, self.words,
        )

    def _run(self, function: Any, parts: Any, done: Callable[[str], None] | None = None) -> None:
        run(function, parts, self.executor, self.journal, done or (lambda _: self._count()))

    def _tell(self, stage: str, total: int | None) -> None:
        """A stage begins."""
        self.report.stage, self.report.done, self.report.total = stage, 0, total
        self.progress(replace(self.report))

    def _count(self) -> None:
        """Another part of it is done."""
        self.report.done += 1
        self.progress(replace(self.report))
