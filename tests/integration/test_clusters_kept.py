"""The clusters of a collection: found by a run, answered over HTTP, and right while documents come and go."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from nearcopy import regroup
from nearcopy.archive import Archive
from nearcopy.clusters.group import cluster_id
from nearcopy.document import Document
from nearcopy.index import clusters
from nearcopy.index.keys import id_digest, id_digests
from service.app import create_app
from service.archives import Archives
from tests.conftest import Server
from tests.integration.keeping import FIRST, STORIES, answered, caught_up, document, find, noted


@pytest.fixture
def archive(redis_url: str, collection: str) -> Iterator[Archive]:
    with Archive.open(redis_url, collection, partitions=2) as opened:
        list(opened.put_many(FIRST))
        yield opened


def test_clusters_are_found_listed_and_filtered(app: Flask, archive: Archive, tmp_path: Path) -> None:
    client = app.test_client()
    assert client.get("/v1/clusters").status_code == 404
    assert client.get("/v1/documents/0/a/copies").json["cluster"] is None
    assert find(archive, tmp_path / "parts") == {"documents": 6, "pairs": 4, "clusters": 2, "in_clusters": 5}
    assert answered(client) == [["0/a", "0/b", "0/c"], ["1/a", "1/b"]]
    for asked in {"min_documents": 3}, {"publisher": "Herald"}, {"published_to": "2026-01-31"}:
        assert answered(client, **asked) == [["0/a", "0/b", "0/c"]]
    for asked in {"max_documents": 2}, {"published_from": "2026-02-01"}:
        assert answered(client, **asked) == [["1/a", "1/b"]]
    assert answered(client, publisher="Herald", published_from="2026-01-04") == []
    assert answered(client, min_publishers=2) == [["0/a", "0/b", "0/c"]]
    first = client.get("/v1/clusters", query_string={"limit": 1}).json
    rest = client.get("/v1/clusters", query_string={"limit": 1, "cursor": first["cursor"]}).json
    assert [one["documents"] for one in first["clusters"] + rest["clusters"]] == [3, 2]
    other = client.get("/v1/clusters", query_string={"publisher": "Paper", "cursor": first["cursor"]})
    assert other.status_code == 422
    assert client.get("/v1/clusters", query_string={"max_documents": 1}).status_code == 422
    head = first["clusters"][0]
    assert (head["original"], head["publishers"], head["days"]) == ("0/a", 3, 2)
    assert client.get("/v1/documents/0/b/copies").json["cluster"] == head
    assert client.get("/v1/documents/2/a/copies").json["cluster"] is None
    assert client.get("/v1/clusters/none").status_code == 404


def test_clusters_are_right_as_documents_come_and_go(app: Flask, archive: Archive, tmp_path: Path) -> None:
    client = app.test_client()
    find(archive, tmp_path / "parts")
    archive.put(document(2, "new", "2026-01-09", "Herald"))
    archive.put(document(1, "new", "2026-01-09", "Herald"))
    caught_up(archive)
    assert sorted(answered(client)) == [["0/a", "0/b", "0/c"], ["1/new", "1/a", "1/b"], ["2/new", "2/a"]]
    assert client.get("/v1/documents/1/a/copies").json["cluster"]["original"] == "1/new"
    archive.delete("1/new")
    caught_up(archive)
    assert client.get("/v1/documents/1/a/copies").json["cluster"]["original"] == "1/a"
    archive.delete("1/a")
    archive.delete("0/a")
    # It tells another story from now on
    archive.put(Document("2/new", " ".join(STORIES[3]), published_at="2026-05-01"))
    caught_up(archive)
    assert answered(client) == [["0/b", "0/c"]]
    assert client.get("/v1/documents/0/c/copies").json["cluster"]["original"] == "0/b"
    archive.put(document(3, "copy", "2026-05-02", "Paper"))
    caught_up(archive)
    assert sorted(answered(client)) == [["0/b", "0/c"], ["2/new", "3/copy"]]


def test_a_reprint_that_came_first_gives_way_to_whoever_credits_himself(
    app: Flask, archive: Archive, tmp_path: Path
) -> None:
    """In a run over what is stored, and where documents come later."""
    client = app.test_client()
    text = "Originally published on December 24, 2025.\n\n" + FIRST[3].text
    own = Document("own", text, published_at="2026-04-01")
    archive.put(own)
    for run in "12":
        find(archive, tmp_path / "parts", run)
        archive.put(own)
        assert client.get("/v1/documents/1/a/copies").json["cluster"]["original"] == "own"
        archive.delete("own")
        caught_up(archive)
        assert client.get("/v1/documents/1/a/copies").json["cluster"]["original"] == "1/a"


def test_what_is_kept_right_is_what_a_run_finds(archive: Archive, app: Flask, tmp_path: Path) -> None:
    """Which documents, in which order, and every figure; texts and dates are often the same."""
    client = app.test_client()
    find(archive, tmp_path / "parts")
    draw = random.Random(3)
    for _ in range(60):
        story, name = draw.randrange(4), draw.choice("abcdefgh")
        if draw.random() < 0.3:
            archive.delete(f"{story}/{name}")
        else:
            share = draw.choice([0, 0, 0.05])
            archive.put(document(story, name, f"2026-04-0{draw.randrange(1, 5)}", "Paper", share))
    caught_up(archive)

    def told() -> list[Any]:
        listed = client.get("/v1/clusters?limit=100").json["clusters"]
        return [client.get(f"/v1/clusters/{one['cluster']}").json for one in listed]

    kept = told()
    find(archive, tmp_path / "parts", "2")
    assert [one | {"state": None} for one in told()] == [one | {"state": None} for one in kept]
    assert len(kept) == 4


def test_no_answer_names_what_is_not_stored_though_nobody_catches_up(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    find(archive, tmp_path / "parts")
    archive.delete("0/a")
    archive.delete("1/a")
    client = app.test_client()
    with clusters.lock(archive.store):
        state = client.get("/v1/clusters").json["state"]
        assert answered(client) == [["0/b", "0/c"]]
    assert (state["behind"], state["stale"]) == (2, False)
    assert client.get("/v1/clusters").json["state"]["behind"] == 0


def test_clusters_are_answered_while_redis_takes_no_writes(
    new_server: Callable[[], Server], tmp_path: Path
) -> None:
    url = new_server().url
    with Archive.open(url, "full") as archive:
        list(archive.put_many(FIRST))
        find(archive, tmp_path / "parts")
        archive.delete("0/a")
        archive.store.client.config_set("maxmemory", 1)
        shared = Archives(url, "full")
        client = create_app(shared).test_client()
        assert answered(client) == [["0/b", "0/c"], ["1/a", "1/b"]]
        assert client.get("/v1/clusters").json["state"]["behind"] == 1
        assert client.get("/v1/documents/0/b/copies").json["cluster"]["documents"] == 2
        # Which makes room
        assert client.delete("/v1/clusters").status_code == 204
        assert not noted(archive)
        shared.close()


def test_a_large_cluster_takes_up_who_comes_and_counts_who_leaves(
    archive: Archive, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regroup, "MOST", 2)
    client = app.test_client()
    find(archive, tmp_path / "parts")
    archive.put(document(0, "new", "2026-01-09", "Other", 0.12))
    archive.put(replace(FIRST[1], title="Another"))
    caught_up(archive)
    head = client.get("/v1/documents/0/a/copies").json["cluster"]
    assert (head["documents"], head["publishers"], head["days"], head["last"]) == (4, 4, 8, "2026-01-09")
    members = client.get(f"/v1/clusters/{head['cluster']}").json["members"]
    assert [one["document"] for one in members] == ["0/a", "0/b", "0/c", "0/new"]
    assert [one["role"] for one in members] == ["original", "copy", "copy", "copy"]
    find(archive, tmp_path / "parts", "2")
    assert client.get(f"/v1/clusters/{head['cluster']}").json["members"] == members
    # Its id goes with whom it came from, so that no other cluster has the same one
    least = min((one["document"] for one in members), key=id_digest)
    assert head["cluster"] == cluster_id(id_digests([least, "2/a"]))
    archive.put(Document(least, FIRST[5].text))
    caught_up(archive)
    left = [one["document"] for one in members if one["document"] != least]
    assert sorted(map(sorted, answered(client))) == sorted([["1/a", "1/b"], sorted([least, "2/a"]), left])


def test_short_documents_and_a_paragraph_that_many_have_alone_join_as_in_a_run(
    archive: Archive, app: Flask, tmp_path: Path
) -> None:
    """A check calls the one short, the other common."""
    client = app.test_client()
    missing = "This page was not found here, sorry for that."
    list(archive.put_many(Document(f"e{n}", missing) for n in range(13)))
    archive.put(Document("s1", "Nothing new today"))
    find(archive, tmp_path / "parts")
    archive.put(Document("e13", missing))
    archive.put(Document("s2", "Nothing new today."))
    caught_up(archive)
    kept = list(map(sorted, answered(client)))
    assert [len(one) for one in kept] == [14, 3, 2, 2]
    find(archive, tmp_path / "parts", "2")
    assert list(map(sorted, answered(client))) == kept


def test_what_is_put_once_more_as_it_was_is_no_change(archive: Archive, tmp_path: Path) -> None:
    """Feeds send all they have, every night."""
    find(archive, tmp_path / "parts")
    list(archive.put_many(FIRST))
    kept = clusters.find(archive.store)
    assert kept is not None
    assert clusters.behind(archive.store, kept.run) == 0
    archive.put(replace(FIRST[0], publisher="Another"))
    assert clusters.behind(archive.store, kept.run) == 1
