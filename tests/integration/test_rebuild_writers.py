"""What is written while a rebuild runs is right after it."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.rebuilding import articles, at, rebuilt, written
from worker.rebuild import Report

ARCHIVE = articles(80)


class Writer(threading.Thread):
    """Puts, replaces and deletes documents of its own until it is told to end, and knows what is right."""

    def __init__(self, archive: Archive, number: int) -> None:
        super().__init__(daemon=True)
        self.archive, self.number = archive, number
        self.ids = [f"d{n}" for n in range(number, 80, 4)] + [f"new{number}-{n}" for n in range(20)]
        self.expected: dict[str, Document | None] = {}
        self.halt = threading.Event()

    def run(self) -> None:
        draw = random.Random(self.number)
        while not self.halt.wait(0.003):
            id = draw.choice(self.ids)
            if draw.random() < 0.3 and self.expected.get(id) is not None:
                self.archive.delete(id)
                self.expected[id] = None
            else:
                one = document(id, draw.sample(range(240), draw.randint(1, 5)), title=str(draw.random()))
                self.archive.put(one)
                self.expected[id] = one


def test_writers_lose_nothing(redis_url: str, collection: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with Archive.open(redis_url, collection, partitions=2) as archive:
        writers = [Writer(archive, number) for number in range(4)]

        def begin() -> None:
            for writer in writers:
                writer.start()

        summary = rebuilt(archive, path, tmp_path / "f", progress=at("sign", 1, begin), grace=0.2)
        for writer in writers:
            writer.halt.set()
            writer.join()
        expected: dict[str, Document | None] = {one.id: one for one in ARCHIVE}
        for writer in writers:
            expected |= writer.expected
        assert summary.replayed > 20
        audit(archive, {id: one for id, one in expected.items() if one is not None})


def test_every_change_between_any_two_stages_holds(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    expected = {one.id: one for one in ARCHIVE}
    seen: set[str] = set()

    def change(report: Report) -> None:
        if report.stage in seen:
            return
        seen.add(report.stage)
        number = len(seen)
        both = document(f"both{number}", [number, number + 1])
        archive.put(both)
        archive.delete(both.id)
        new = document(f"d{number}", [5000 + number, 2])
        archive.put(new)
        large = document(f"large{number}", range(6000, 6000 + 300 + number))
        archive.put(large)
        gone = document(f"d{20 + number}", [1])
        archive.put(gone)
        archive.delete(gone.id)
        expected.update({new.id: new, large.id: large})
        del expected[gone.id]

    rebuilt(archive, path, tmp_path / "f", progress=change)
    assert seen == {"sign", "number", "dedupe", "place", "pack", "send", "audit", "publish", "retire"}
    audit(archive, expected)


def test_a_writer_that_knew_the_old_generation_writes_into_the_new(
    archive: Archive, redis_url: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with Archive.open(redis_url, archive.store.collection) as other:
        rebuilt(archive, path, tmp_path / "f")
        new = document("late", [1, 9000])
        other.put(new)
        other.delete("d3")
        assert {source.document for source in other.check(new.text).sources} >= {"late"}
    audit(archive, {**{one.id: one for one in ARCHIVE if one.id != "d3"}, "late": new})
