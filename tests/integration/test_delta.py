"""What was put since the base pages were written, as every process sees it."""

from __future__ import annotations

import numpy as np

from nearcopy.archive import Archive
from nearcopy.connection import strings
from nearcopy.index import bulk
from tests.integration.making import document, holders


def test_the_first_put_after_a_bulk_load_is_seen_by_all(archive: Archive, redis_url: str) -> None:
    """Delta pages are not even asked for while there are none; the reply itself tells that there are."""
    bulk.load(archive.store, [document("base", [1, 2])])
    with Archive.open(redis_url, archive.store.collection) as other:
        assert holders(other, 1) == {"base"}
        assert not other.store.partitions[0].written
        archive.put(document("delta", [2, 3]))
        assert holders(other, 2) == {"base", "delta"}
        assert holders(other, 3) == {"delta"}
        assert other.check(document("x", [2]).text).paragraphs[0].documents == 2
        assert archive.delete("delta")
        assert holders(other, 3) == set()


def test_strings_of_keys_of_every_length(archive: Archive) -> None:
    """Packed by ourselves, read as the driver reads them: missing, empty, binary and long ones."""
    client, rng = archive.store.client, np.random.default_rng(1)
    tag = archive.store.partitions[0].keys.prefix + b"test"
    stored = {tag + rng.bytes(size): rng.bytes(size * 1000) for size in (0, 1, 2, 2, 7, 7, 7, 30)}
    client.mset(stored)
    names = [*stored, tag + b"missing", *reversed(stored)]
    assert strings(client, names) == [stored.get(name) for name in names] == client.mget(names)
    client.delete(*stored)
