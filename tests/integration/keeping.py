"""A collection of a few stories, and its clusters: found by a run, kept right, and asked for over HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from nearcopy import regroup
from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.jobs.task import Task
from tests.integration.searching import edited, words
from worker.clusters.keeping import keep_clusters

DRAW = random.Random(5)
STORIES = [words(DRAW, 120) for _ in range(4)]
STORY_1 = " ".join(STORIES[1])


def document(story: int, name: str, date: str, publisher: str, share: float = 0.02) -> Document:
    text = " ".join(edited(random.Random(name), STORIES[story], share))
    return Document(f"{story}/{name}", text, title=f"Story {story}", publisher=publisher, published_at=date)


FIRST = [
    document(0, "a", "2026-01-01", "Agency", 0), document(0, "b", "2026-01-02", "Paper"),
    document(0, "c", "2026-01-03", "Herald"), document(1, "a", "2026-02-01", "Paper", 0),
    document(1, "b", "2026-02-02", "Paper"), document(2, "a", "2026-03-01", "Agency", 0),
]


def find(
    archive: Archive, folder: Path, run: str = "1", progress: Callable[[Any], Any] = lambda _: None
) -> dict[str, Any]:
    task = Task("clusters", archive.store.collection)
    with ThreadPoolExecutor(1) as executor:
        return keep_clusters(
            archive.store, task, run, executor=executor, folder=folder, progress=progress
        )


def noted(archive: Archive) -> set[bytes]:
    """The keys of what is kept for clusters."""
    store = archive.store
    found = set(store.client.scan_iter(match=f"*{{{store.collection}}}/clusters*"))
    changed = [part.keys.changed for part in store.partitions]
    return found | {name for name in changed if store.client.exists(name)}


def caught_up(archive: Archive) -> None:
    assert regroup.catch_up(archive.store, 60) == 0


def answered(client: FlaskClient, **query: object) -> list[list[str]]:
    """The members of the clusters that are listed."""
    listed = client.get("/v1/clusters", query_string=query)
    assert listed.status_code == 200, listed.json
    ids = [one["cluster"] for one in listed.json["clusters"]]
    told = [client.get(f"/v1/clusters/{id}").json for id in ids]
    assert [one["cluster"]["documents"] for one in told] == [len(one["members"]) for one in told]
    return [[member["document"] for member in one["members"]] for one in told]
