"""What a killed rebuild had sent is not sent again; what Redis lost is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from tests.integration.auditor import audit
from tests.integration.rebuilding import articles, at, rebuilt, written

ARCHIVE = articles(60)


class Stopped(Exception):
    """What the tests interrupt a rebuild with."""


def stop() -> None:
    raise Stopped


def msets(archive: Archive) -> int:
    """How often the server was sent texts or pages since it started."""
    return int(archive.store.client.info("commandstats").get("cmdstat_mset", {"calls": 0})["calls"])


def test_a_second_run_sends_the_rest_alone(archive: Archive, tmp_path: Path) -> None:
    path, names = written(tmp_path / "a.jsonl", ARCHIVE), archive.store.partitions[0].keys
    counts = [msets(archive)]
    with pytest.raises(Stopped):
        rebuilt(archive, path, tmp_path / "f", progress=at("send", 20, stop))
    counts.append(msets(archive))
    sent = archive.store.client.hkeys(names.sent(b"2"))
    assert len(sent) >= 20
    archive.store.client.hdel(names.sent(b"2"), *[name for name in sent if name.startswith(b"pages")][:3])
    first = rebuilt(archive, path, tmp_path / "f")
    counts.append(msets(archive))
    audit(archive, {one.id: one for one in ARCHIVE})
    assert not archive.store.client.exists(names.sent(b"2"))
    whole = rebuilt(archive, path, tmp_path / "g")
    counts.append(msets(archive))
    once, again, all_of_it = (after - before for before, after in pairwise(counts))
    assert once + again == all_of_it + 3
    assert (first.page_bytes, first.text_bytes) == (whole.page_bytes, whole.text_bytes)
    assert min(first.page_bytes, first.text_bytes) > 0
