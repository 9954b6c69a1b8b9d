"""Clusters that a real worker finds, once they are asked for over HTTP, and anew after a rebuild."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound, RebuildRunning
from nearcopy.index import clusters, keys, switching
from nearcopy.jobs import clustering, queue
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.task import Task
from service.app import create_app
from service.archives import Archives
from service.cli.program import program
from tests.conftest import Server
from tests.integration.searching import words, written
from tests.integration.working import Workers
from worker.clusters.keeping import keep_clusters

TEXT = words(random.Random(2), 90)
STORED = [Document(f"d{n}", " ".join([*TEXT, f"number{n}"]), published_at=f"2026-01-0{n}") for n in (1, 2, 3)]
SOON = 30.0
"""Seconds: the machine may be busy. A worker looks every one of them here."""

# Its digest is not the least one, which names the cluster
LOADED = [Document("bulk", " ".join([*TEXT, "late"]), published_at="2026-02-01")]


def test_a_worker_finds_clusters_and_finds_them_anew_after_a_rebuild(
    new_server: Callable[[], Server], tmp_path: Path
) -> None:
    url = new_server().url
    with closing(Workers(url, tmp_path)) as workers, Archive.open(url, "news") as archive:
        list(archive.put_many(STORED))
        with Archive.open(url, "other") as other:
            list(other.put_many(STORED[:2]))
        # One that cannot be read keeps the worker from no other
        redis = archive.store.client
        redis.sadd(keys.COLLECTIONS, "broken")
        redis.mset({keys.header("broken"): b"no header", keys.clusters("broken"): b"{}"})
        shared = Archives(url, "news")
        client = create_app(shared).test_client()
        asked = client.post("/v1/clusters", json={"threshold": 0.6})
        assert asked.status_code == 202
        workers.start()
        done = workers.ended(asked.json["id"])
        assert (done.state, done.summary) == (
            "done", {"documents": 3, "pairs": 3, "clusters": 1, "in_clusters": 3},
        )
        [found] = client.get("/v1/clusters").json["clusters"]
        assert (found["documents"], found["original"]) == (3, "d1")
        assert client.get(f"/v1/clusters/{found['cluster']}?collection=other").status_code == 404

        # Documents that are loaded in bulk are in no change that was noted: a worker begins anew
        written(workers.archives / "late.jsonl", LOADED)
        loaded = queue.ask(archive.store.client, Task("load", "news", ("late.jsonl",)))
        assert workers.ended(loaded.id).state == "done"
        told = found_anew(client)
        assert [(one["cluster"], one["documents"]) for one in told["clusters"]] == [(found["cluster"], 4)]
        assert told["state"]["threshold"] == 0.6

        # Going back is nobody's job: a worker sees it
        switching.roll_back(archive.store)
        assert client.get("/v1/clusters").json["state"]["stale"]
        told = found_anew(client)
        assert [one["documents"] for one in told["clusters"]] == [3]
        [last, *_] = workers.rebuilds.newest("news", 1)
        assert last.task.kind == "clusters"

        # Its worker died once the clusters were answered, and before it could say so
        workers.ended(last.id)
        last.state = "queued"
        workers.rebuilds.write(last)
        queue.queue(redis).enqueue_call(queue.RUN, args=(last.id,), job_id=last.id)
        assert workers.ended(last.id).summary == {"documents": 3, "clusters": 1, "in_clusters": 3}
        assert client.get("/v1/clusters").json == told
        shared.close()


def found_anew(client: FlaskClient) -> Any:
    """The clusters, once a worker has found them in the generation that is live."""
    until = time.monotonic() + SOON
    while (told := client.get("/v1/clusters").json)["state"]["stale"] and time.monotonic() < until:
        time.sleep(0.1)
    assert not told["state"]["stale"]
    return told


def test_while_a_worker_is_to_find_clusters_nobody_forgets_them(
    new_server: Callable[[], Server]
) -> None:
    with Archive.open(new_server().url, "news") as archive:
        asked = queue.ask(archive.store.client, Task("clusters", "news"))
        with pytest.raises(RebuildRunning, match=asked.id):
            clustering.forget(archive.store)
        queue.cancel(archive.store.client, asked.id)
        queue.ask(archive.store.client, Task("rebuild", "news"))
        with pytest.raises(NotFound):
            clustering.forget(archive.store)


def test_what_failed_just_now_is_not_asked_for_again_at_once(archive: Archive, tmp_path: Path) -> None:
    store = archive.store
    list(archive.put_many(STORED))
    with ThreadPoolExecutor(1) as executor:
        keep_clusters(
            store, Task("clusters", store.collection), "1", executor=executor, folder=tmp_path / "parts",
            progress=lambda _: None,
        )
    rebuilds = Rebuilds(store.client)
    kept = clusters.find(store)
    assert kept is not None
    store.client.set(keys.clusters(store.collection), orjson.dumps(asdict(replace(kept, generations=("0",)))))
    clustering.ask_if_due(store.client, store.collection)
    [asked] = rebuilds.newest(store.collection, 9)
    queue.cancel(store.client, asked.id)
    clustering.ask_if_due(store.client, store.collection)
    assert len(rebuilds.newest(store.collection, 9)) == 1
    asked.ended, asked.state = time.time() - clustering.REST_SECONDS - 1, "failed"
    rebuilds.write(asked)
    clustering.ask_if_due(store.client, store.collection)
    [again, _] = rebuilds.newest(store.collection, 9)
    queue.cancel(store.client, again.id)


def test_the_command_line_forgets_clusters(redis_url: str, archive: Archive) -> None:
    asked = ["clusters", "--forget", "--redis-url", redis_url, "--collection", archive.store.collection]
    clusters.begin(archive.store, "1")
    told = CliRunner().invoke(program, asked, catch_exceptions=False)
    assert (told.exit_code, told.stdout.split()[-1]) == (0, "forgotten"), told.output
    assert isinstance(CliRunner().invoke(program, asked).exception, NotFound)
    for wrong in [*asked, "a.jsonl"], asked[:2], ["clusters", "a.jsonl"]:
        assert CliRunner().invoke(program, wrong).exit_code == 2
