"""``nearcopy rebuild`` and ``nearcopy load``, as a person and as a program run them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound
from nearcopy.jobs.rebuilds import Rebuilds
from service.cli.exits import Exit
from tests.conftest import Server
from tests.e2e.placing import DOCUMENTS, QUICK, Place, lines
from tests.e2e.running import SECONDS, environment, run_on_terminal, start

FIELDS = {"id", "text", "title", "publisher", "published_at", "url"}
STAGES = ["sign", "number", "dedupe", "place", "pack", "send", "audit", "publish", "retire"]


@pytest.fixture
def place(redis_url: str, collection: str, tmp_path: Path) -> Place:
    return Place(redis_url, collection, tmp_path)


def test_a_rebuild_makes_the_collection_of_an_archive(place: Place) -> None:
    done = place.run("rebuild", place.path, *QUICK)
    assert done.code == Exit.DONE, done.err
    place.audit(DOCUMENTS)
    shown = " ".join(done.out.split())
    assert f"documents {len(DOCUMENTS)} " in shown
    assert "detection 99.2% at a resemblance of 0.5" in shown
    told = done.err.splitlines()
    assert {line.split()[0] for line in told[:6]} == FIELDS
    assert [line.split()[0] for line in told[6:]] == STAGES
    assert f"{len(DOCUMENTS)} documents" in told[6]
    # As anybody else sees it
    (status,) = place.statuses()
    assert (status.state, status.documents, status.generation) == ("done", len(DOCUMENTS), "2")


def test_what_cannot_be_used_is_counted_kept_and_bounded(place: Place) -> None:
    records = [{"key": one.id, "meta": {"story": one.text, "by": one.publisher}} for one in DOCUMENTS[:5]]
    good = "".join(json.dumps(one) + "\n" for one in records).encode()
    Path(place.path).write_bytes(good + b'{"key": "x"}\n{"key": "y", "meta": {"story": "x \xff"}}\nno JSON\n')
    fields = "--id", "key", "--text", "meta.story", "--publisher", "meta.by"
    refused = place.run("rebuild", place.path, *QUICK, *fields, "--max-rejects", "2")
    assert refused.code == Exit.USAGE
    assert "more than 2 records cannot be used" in refused.err
    done = place.run("rebuild", place.path, *QUICK, *fields, "--max-rejects", "3", "--json")
    assert done.code == Exit.REJECTED, done.err
    assert "publisher     meta.by     as given\n" in done.err
    told = json.loads(done.out)
    assert (told["state"], told["rejects"], told["summary"]["documents"]) == ("done", 3, 5)
    rejects = [json.loads(line) for line in Path(told["rejects_file"]).read_text().splitlines()]
    assert [one["place"].rpartition(":")[2] for one in rejects] == ["6", "7", "8"]
    place.audit([Document(one.id, one.text, publisher=one.publisher) for one in DOCUMENTS[:5]])


def test_load_adds_and_rebuild_alone_takes_what_is_stored(place: Place) -> None:
    first, second = DOCUMENTS[:20], DOCUMENTS[10:]
    packed = place.folder / "second.jsonl.gz"
    packed.write_bytes(gzip.compress(lines(second)))
    assert place.run("rebuild", "-", *QUICK, stdin=lines(first)).code == Exit.DONE
    assert place.run("load", str(packed), *QUICK).code == Exit.DONE
    place.audit(DOCUMENTS)
    shown = run_on_terminal("rebuild", *QUICK, "--threshold", "0.7", "--keep", "0", **place.variables)
    assert shown.code == Exit.DONE
    assert "at a resemblance of 0.7" in shown.out
    # A bar a stage, and figures below
    for stage in STAGES:
        assert f"{stage:<8} " in shown.out
    assert f"{len(DOCUMENTS)} documents" in shown.out
    assert "0 rejects" in shown.out
    place.audit(DOCUMENTS)


@pytest.mark.parametrize(("arguments", "code", "told"), [
    (["rebuild", "nowhere.jsonl"], Exit.USAGE, "nowhere.jsonl: No such file or directory"),
    (["rebuild"], Exit.NOT_FOUND, "there is no collection"),
    (["load", "-"], Exit.NOT_FOUND, "`nearcopy rebuild ARCHIVE` makes one"),
    (["rebuild", "-", "--memory", "much"], Exit.USAGE, "'much' is no size: write 512M, 1G or 1.5G"),
    (["rebuild", "-", "--queue", "--resume"], Exit.USAGE, "--resume and --queue do not go together"),
    (["rebuild", "-", "--redis-url", "redis://127.0.0.1:1"], Exit.UNAVAILABLE, "(--redis-url, or NEARCOPY"),
])
def test_mistakes_are_told_and_make_no_collection(
    place: Place, arguments: list[str], code: Exit, told: str
) -> None:
    done = place.run(*arguments, *QUICK, stdin=lines(DOCUMENTS[:1]))
    assert (done.code, done.out) == (code, "")
    assert told in done.err
    with pytest.raises(NotFound):
        Archive.open(place.url, place.collection, create=False)


def test_a_forecast_tells_what_does_not_fit(place: Place, new_server: Callable[..., Server]) -> None:
    told = json.loads(place.run("rebuild", place.path, *QUICK, "--dry-run", "--json").out)
    assert (told["documents"], told["fits"]) == (len(DOCUMENTS), True)
    assert told["total"] == sum(told["bytes"].values())
    small = new_server("--maxmemory", "3mb")
    done = place.run("rebuild", place.path, *QUICK, "--dry-run", "--redis-url", small.url)
    assert done.code == Exit.FAILED
    assert "free: it does not fit" in done.out


def test_a_package_that_is_missing_is_named(place: Place) -> None:
    path = place.folder / "a.parquet"
    parquet.write_table(pyarrow.table({"id": ["1"], "text": ["some words"]}), path)
    without = "import sys; sys.modules['pyarrow'] = None; from service.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "rebuild", str(path)], capture_output=True, text=True,
        env=environment(**place.variables), timeout=SECONDS, check=False,
    )
    assert done.returncode == Exit.USAGE
    assert done.stderr.endswith("is not installed: pip install 'nearcopy[worker]'\n")


def test_the_queue_is_handed_the_same_task(place: Place) -> None:
    watched = start("rebuild", "a.jsonl", "--queue", "--audit", "20", "--json", **place.variables)
    assert watched.stderr is not None
    told = watched.stderr.readline().decode()
    assert "the next `nearcopy worker` will take it" in told
    again = place.run("rebuild", place.path, *QUICK)
    assert (again.code, told.split()[1] in again.err) == (Exit.BUSY, True)
    with Archive.open(place.url, place.collection) as archive:
        (status,) = Rebuilds(archive.store.client).newest(place.collection, 10)
    assert (status.task.archives, status.task.audit) == (("a.jsonl",), 20)
    done = place.run("worker", "--burst", "--archives", str(place.folder), "--processes", "1")
    assert done.code == Exit.DONE, done.err
    out, _ = watched.communicate(timeout=SECONDS)
    assert watched.returncode == Exit.DONE
    assert json.loads(out)["id"] == status.id
    place.audit(DOCUMENTS)
