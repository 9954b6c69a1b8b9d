"""Walks, retention and drops on a Redis Cluster, whose partitions lie on several servers."""

from __future__ import annotations

from datetime import UTC, datetime

from nearcopy import collections, retention
from nearcopy.connection import connect
from nearcopy.index.listing import Place, walk
from nearcopy.index.store import Store
from nearcopy.ingest import put_many
from nearcopy.parameters import Parameters
from tests.integration.making import document
from tests.integration.masters import Masters


def test_a_collection_of_many_servers_from_its_creation_to_its_end(masters: Masters) -> None:
    client = connect(masters.url)
    made = collections.create(client, "wide", Parameters(), 3, "10d")
    assert (made.partitions, made.documents) == (3, 0)
    store = Store.open(client, "wide", create=False)
    stored = [
        document(f"d{n}", [n], published_at="2020-01-01" if n % 3 else "2026-11-24") for n in range(120)
    ]
    list(put_many(store, stored))
    found = [one for step in walk(store) for one in step.found]
    assert sorted(one.document.id for one in found) == sorted(one.id for one in stored)
    rest = walk(store, Place.unpacked(found[70].place.packed()))
    assert [one.document.id for step in rest for one in step.found] == [one.document.id for one in found[71:]]
    told = retention.expire(store, datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert (told.documents, told.removed) == (120, 80)
    assert collections.describe(client, "wide").documents == 40
    assert collections.drop(client, "wide")
    assert list(client.scan_iter()) == [b"nearcopy/dropped"]
    assert collections.listed(client) == []
    client.close()
