"""Writers of one id at once: one whole document is left, and the index knows no other."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound
from tests.integration.auditor import audit
from tests.integration.making import document

ROUNDS = 25
LARGE = 300
CONTENTS = [[1, 2, 3], [3, 4], [5], [*range(100, 100 + LARGE)], [2, *range(150, 150 + LARGE)]]

WRITER = """
import sys
from nearcopy.archive import Archive
from tests.integration.test_writers import CONTENTS, document
url, collection, first = sys.argv[1:]
with Archive.open(url, collection) as archive:
    print("ready", flush=True)
    sys.stdin.readline()
    for step in range(60):
        archive.put(document("one", CONTENTS[(step + int(first)) % 3]))
        if step % 7 == int(first):
            archive.delete("one")
    archive.put(document("one", CONTENTS[int(first)]))
"""


def stored(archive: Archive) -> dict[str, Document]:
    """The one document, if it is there."""
    try:
        return {"one": archive.get("one")}
    except NotFound:
        return {}


def test_threads_that_put_one_id_end_with_one_whole_document(archive: Archive) -> None:
    made = [document("one", numbers) for numbers in CONTENTS]
    with ThreadPoolExecutor(len(made)) as pool:
        for _ in range(ROUNDS):
            outcomes = list(pool.map(archive.put, made))
            assert outcomes.count("created") <= 1
            assert archive.get("one") in made
    audit(archive, stored(archive))


def test_a_writer_and_a_remover_end_with_a_whole_document_or_none(archive: Archive) -> None:
    made = [document("one", numbers) for numbers in CONTENTS[2:4]]
    with ThreadPoolExecutor(3) as pool:
        for _ in range(ROUNDS):
            puts = [pool.submit(archive.put, one) for one in made]
            gone = pool.submit(archive.delete, "one")
            assert {put.result() for put in puts} <= {"created", "replaced", "unchanged"}
            assert gone.result() in (True, False)
            assert all(one in made for one in stored(archive).values())
            assert archive.stats()["documents"] == len(stored(archive))
    audit(archive, stored(archive))


def test_processes_that_write_one_id_end_with_one_whole_document(
    archive: Archive, redis_url: str, collection: str
) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, redis_url, collection, str(first)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for first in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=60)
        assert writer.returncode == 0
    assert archive.get("one") in [document("one", CONTENTS[first]) for first in range(2)]
    audit(archive, stored(archive))
