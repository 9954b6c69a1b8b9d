"""Clusters that a real worker finds, once they are asked for over HTTP, and anew after a rebuild."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import keys
from nearcopy.jobs import queue
from nearcopy.jobs.task import Task
from service.app import create_app
from service.archives import Archives
from tests.conftest import Server
from tests.integration.searching import words, written
from tests.integration.working import PATIENCE, Workers

TEXT = words(random.Random(2), 90)
STORED = [Document(f"d{n}", " ".join([*TEXT, f"number{n}"]), published_at=f"2026-01-0{n}") for n in (1, 2, 3)]
LOADED = [Document("late", " ".join([*TEXT, "late"]), published_at="2026-02-01")]


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
        until = time.monotonic() + PATIENCE
        while (told := client.get("/v1/clusters").json)["state"]["stale"] and time.monotonic() < until:
            time.sleep(0.1)
        assert not told["state"]["stale"]
        assert [(one["cluster"], one["documents"]) for one in told["clusters"]] == [(found["cluster"], 4)]
        assert told["state"]["threshold"] == 0.6
        shared.close()
