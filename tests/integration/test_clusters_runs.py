"""Runs that find the clusters of a collection: that fail, that are killed, that are forgotten, that end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from nearcopy import collections, regroup
from nearcopy.archive import Archive
from nearcopy.connection import connect
from nearcopy.doctor import examine
from nearcopy.errors import NearcopyError
from nearcopy.index import clusters
from nearcopy.jobs.clustering import is_due
from nearcopy.jobs.task import Task
from service.clustering import answered as answered_by
from tests.integration.keeping import FIRST, answered, document, find, noted
from worker.clusters.keeping import keep_clusters


@pytest.fixture
def archive(redis_url: str, collection: str) -> Iterator[Archive]:
    with Archive.open(redis_url, collection, partitions=2) as opened:
        list(opened.put_many(FIRST))
        yield opened


def test_what_changes_while_a_run_reads_is_made_good(app: Flask, archive: Archive, tmp_path: Path) -> None:
    task = Task("clusters", archive.store.collection)

    def act(report: Any) -> None:
        if report.stage == "group":
            archive.delete("1/b")
            archive.put(document(2, "late", "2026-03-02", "Paper"))

    with ThreadPoolExecutor(1) as executor:
        keep_clusters(archive.store, task, "1", executor=executor, folder=tmp_path / "p", progress=act)
    assert answered(app.test_client()) == [["0/a", "0/b", "0/c"], ["2/a", "2/late"]]


def test_a_run_that_fails_changes_nothing_and_leaves_nothing(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    client = app.test_client()
    find(archive, tmp_path / "parts")
    before = answered(client)

    def fail(report: Any) -> None:
        if report.stage == "write":
            raise OSError("the disk is full")

    task = Task("clusters", archive.store.collection)
    with ThreadPoolExecutor(1) as executor, pytest.raises(OSError, match="full"):
        keep_clusters(archive.store, task, "2", executor=executor, folder=tmp_path / "p", progress=fail)
    assert answered(client) == before
    assert not list(archive.store.client.scan_iter(match=f"*{{{archive.store.collection}}}/clusters/2*"))


def test_what_a_run_that_was_killed_has_written_is_no_part_of_its_next_attempt(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    """Killed while it wrote, with its finished parts lost as on another machine, and documents gone since."""
    client, store = app.test_client(), archive.store
    find(archive, tmp_path / "parts", "0")
    clusters.begin(store, "1")
    clusters.write(store, "1", [clusters.Row(b"8 bytes.", ("0/a", "2/a"), b"of the first attempt")])
    find(archive, tmp_path / "parts", "1")
    assert answered(client) == [["0/a", "0/b", "0/c"], ["1/a", "1/b"]]
    assert client.get("/v1/documents/2/a/copies").json["cluster"] is None


def test_another_attempt_that_was_taken_for_dead_removes_nothing_that_is_answered(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    find(archive, tmp_path / "parts")
    clusters.leave(archive.store.client, archive.store.collection, "1")
    assert len(answered(app.test_client())) == 2


def test_forgotten_clusters_leave_no_key_and_no_write_notes_anything(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    client, store = app.test_client(), archive.store
    archive.put(FIRST[0])
    before = noted(archive)
    assert client.delete("/v1/clusters").status_code == 404
    find(archive, tmp_path / "parts")
    archive.delete("0/c")
    assert client.get("/v1/clusters").json["state"]["behind"] == 0
    archive.put(FIRST[2])
    assert noted(archive) != before
    with clusters.lock(store):
        assert client.get("/v1/clusters").json["state"]["behind"] == 1
    assert client.delete("/v1/clusters").status_code == 204
    assert noted(archive) == before
    assert client.get("/v1/clusters").status_code == client.delete("/v1/clusters").status_code == 404
    assert client.get("/v1/documents/0/a/copies").json["cluster"] is None
    archive.put(FIRST[1])
    assert noted(archive) == before
    find(archive, tmp_path / "parts", "2")
    assert answered(client) == [["0/a", "0/b", "0/c"], ["1/a", "1/b"]]


def test_a_run_that_fails_before_there_ever_were_clusters_leaves_no_key(
    archive: Archive, tmp_path: Path
) -> None:
    before = noted(archive)
    with pytest.raises(ZeroDivisionError):
        find(archive, tmp_path / "parts", progress=lambda _: 1 // 0)
    assert noted(archive) == before


def test_clusters_that_were_forgotten_while_a_run_read_are_not_answered_after_all(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    """It knows nothing of what was written since."""
    find(archive, tmp_path / "parts")
    before = noted(archive)

    def forget(report: Any) -> None:
        if report.stage == "group":
            assert clusters.forget(archive.store.client, archive.store.collection)

    with pytest.raises(NearcopyError, match="forgotten"):
        find(archive, tmp_path / "parts", "2", forget)
    assert app.test_client().get("/v1/clusters").status_code == 404
    assert not noted(archive) & before


def test_an_answer_is_of_one_run_though_another_is_published_meanwhile(
    archive: Archive, tmp_path: Path
) -> None:
    find(archive, tmp_path / "parts")
    asked: list[str] = []

    def ask(kept: clusters.Kept) -> list[Any]:
        asked.append(kept.run)
        if kept.run == "1":
            find(archive, tmp_path / "parts", "2")
        found, _ = regroup.listed(
            archive.store, kept, lambda _: True, after=b"", least=2, limit=9, until=time.monotonic() + 9
        )
        return found

    found, _ = answered_by(archive.store, ask)
    assert (asked, [one.documents for one in found]) == (["1", "2"], [3, 2])


def test_the_doctor_knows_the_keys_and_a_drop_removes_them(
    redis_url: str, archive: Archive, tmp_path: Path
) -> None:
    find(archive, tmp_path / "parts")
    archive.delete("0/a")
    assert regroup.catch_up(archive.store, 5) == 0
    kept = clusters.find(archive.store)
    assert kept is not None
    assert not is_due(archive.store, kept)
    assert not examine(archive.store).findings
    name = archive.store.collection
    client = connect(redis_url)
    collections.drop(client, name)
    left = set(client.scan_iter(match=f"*{{{name}*"))
    assert not left
    client.close()
