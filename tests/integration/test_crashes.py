"""Clients and servers killed amid their writes: what was acknowledged is whole, and nothing is half there."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count, islice

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound, StorageUnavailable
from tests.conftest import Server
from tests.integration.auditor import audit
from tests.integration.making import document, holders, paragraph

LARGE = range(100_000, 100_300)
"""Paragraphs enough to be written ahead in parts."""

WRITER = """
import sys
from nearcopy.archive import Archive
from tests.integration.test_crashes import stream
url, collection, seed = sys.argv[1:]
with Archive.open(url, collection) as archive:
    for one in stream(int(seed)):
        archive.put(one) if one.text else archive.delete(one.id)
        print("done", flush=True)
"""


def stream(seed: int) -> Iterator[Document]:
    """Puts, replaces and (where the text is empty) deletes of a few ids."""
    draw = random.Random(seed)
    while True:
        id, what = f"d{draw.randrange(6)}", draw.random()
        if what < 0.2:
            yield Document(id, "")
        elif what < 0.35:
            start = LARGE.start + draw.randrange(0, 600, 150)
            yield document(id, range(start, start + len(LARGE)))
        else:
            yield document(id, draw.choices(range(40), k=5))


def after(seed: int, steps: int) -> dict[str, Document]:
    """What those steps leave."""
    last = {one.id: one for one in islice(stream(seed), steps)}
    return {id: one for id, one in last.items() if one.text}


def stored_of(archive: Archive, ids: list[str]) -> dict[str, Document]:
    """Those of the ids that are stored."""
    stored = {}
    for id in ids:
        try:
            stored[id] = archive.get(id)
        except NotFound:
            continue
    return stored


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_client_leaves_whole_documents(redis_url: str, collection: str, seed: int) -> None:
    with Archive.open(redis_url, collection) as archive:
        arguments = [sys.executable, "-c", WRITER, redis_url, collection, str(seed)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            done = [client.stdout.readline() for _ in range(8 + 5 * seed)]
            time.sleep(random.Random(seed).uniform(0, 0.05))
            client.kill()
            done += client.stdout.readlines()
        stored = stored_of(archive, [f"d{k}" for k in range(6)])
        assert stored in (after(seed, len(done)), after(seed, len(done) + 1))
        audit(archive, stored)
        for number in range(40):
            holding = {id for id, one in stored.items() if paragraph(number) in one.text}
            assert holders(archive, number) == holding


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_server_has_kept_what_it_acknowledged(new_server: Callable[..., Server], seed: int) -> None:
    server, draw = new_server(), random.Random(seed)
    sent: list[Document] = []
    stored: dict[str, Document] = {}

    def endless(life: int) -> Iterator[Document]:
        for k in count():
            sent.append(document(f"{life}-{k}", LARGE if k % 150 == 149 else draw.choices(range(90), k=4)))
            yield sent[-1]

    with Archive.open(server.url, "main") as archive:
        for life in range(2):
            sent.clear()
            acknowledged = count()
            killer = threading.Timer(draw.uniform(0.1, 0.6), server.kill)
            killer.start()
            with pytest.raises(StorageUnavailable, match="Redis does not answer"):
                list(zip(archive.put_many(endless(life)), acknowledged, strict=False))
            killer.join()
            server.start()
            kept = {one.id: one for one in sent[: next(acknowledged)]}
            under_way = stored_of(archive, [one.id for one in sent])
            assert kept.items() <= under_way.items() <= {one.id: one for one in sent}.items()
            stored |= under_way
            audit(archive, stored)
