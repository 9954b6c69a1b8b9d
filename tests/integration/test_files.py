"""Hostile files and the processes that read them: each is killed at its limit, and the next file is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from nearcopy.errors import UnreadableFile
from service.problems import FILES_BUSY, Refused
from service.settings import Settings
from service.uploads import reader, readers
from service.uploads.child import NICE
from service.uploads.reader import TOP, Reader
from service.uploads.readers import Readers
from tests.unit.extract.made import (
    OTHER,
    WORDS,
    deep_page,
    docx,
    drawing_pdf,
    entity_bomb,
    letter,
    lying_zip_bomb,
    million_pages,
    pdf,
    run,
    unpacking_pdf,
    zip_bomb,
)

SHORT = 1.5
"""Seconds that a file may take here; memory and sizes have their real limits."""

BROKEN = r"it breaks what reads it: it is damaged, or takes more than 512 MB of memory"
LATE = r"reading it takes more than 1\.5 s: send its text"


def children() -> set[int]:
    """The processes that read files for this one."""
    return {child.pid for child in psutil.Process().children(recursive=True) if reads_files(child)}


def reads_files(process: psutil.Process) -> bool:
    # What another test ended may be a zombie still, which has no command line
    with suppress(psutil.NoSuchProcess):
        return "service.uploads.child" in " ".join(process.cmdline())
    return False


@pytest.fixture
def mine() -> Callable[[], set[int]]:
    """The processes that were started since the test began."""
    others = children()
    return lambda: children() - others


@pytest.fixture
def pool(mine: Callable[[], set[int]]) -> Iterator[Readers]:
    """Processes of the test's own; none is left of them."""
    made = Readers(Settings(extract_seconds=SHORT))
    made.start()
    yield made
    made.close()
    assert not mine()


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        pytest.param(drawing_pdf(), "a.pdf", f"{BROKEN}|{LATE}", id="PDF that draws itself"),
        pytest.param(unpacking_pdf(400), "a.pdf", f"{BROKEN}|{LATE}", id="PDF that unpacks to 400 MB"),
        pytest.param(deep_page(200_000), "a.html", LATE, id="page of nested boxes"),
        pytest.param(docx(f"<w:p>{run('a')}</w:p>" * 300_000), "a.docx", LATE, id="endless paragraphs"),
    ],
)
def test_a_process_that_a_file_breaks_is_replaced(
    pool: Readers, mine: Callable[[], set[int]], data: bytes, name: str, reason: str
) -> None:
    assert pool.text(WORDS.encode()) == WORDS
    [before] = mine()
    with pytest.raises(UnreadableFile, match=reason):
        pool.text(data, name=name)
    # It is gone and reaped, and another one waits
    assert not psutil.pid_exists(before)
    assert len(mine()) == 1
    assert pool.text(letter(WORDS, OTHER)) == f"{WORDS}\n\n{OTHER}"


def test_a_file_that_takes_too_much_memory_says_so() -> None:
    pool = Readers(Settings(extract_memory=128 << 20))
    with pytest.raises(UnreadableFile, match="takes more than 128 MB of memory"):
        pool.text(docx(f"<w:p>{run('word ' * 20)}</w:p>" * 40_000))
    assert pool.text(pdf([[WORDS]])) == WORDS
    pool.close()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (million_pages(), "has 1000000 pages"),
        (entity_bomb(), "defines entities"),
        (zip_bomb(64), "unpacks to more than 32 MB"),
        (lying_zip_bomb(64), "is damaged"),
    ],
    ids=["million pages", "entities", "zip bomb", "lying zip bomb"],
)
def test_what_is_hostile_at_first_sight_breaks_nothing(
    pool: Readers, mine: Callable[[], set[int]], data: bytes, reason: str
) -> None:
    before = mine()
    with pytest.raises(UnreadableFile, match=reason):
        pool.text(data)
    assert mine() == before


def test_many_files_at_once_are_read_by_few_processes(pool: Readers, mine: Callable[[], set[int]]) -> None:
    files = [letter(f"{WORDS} {number}") for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(pool.text, files))
    assert found == [f"{WORDS} {number}" for number in range(24)]
    assert 1 <= len(mine()) <= pool.settings.extract_processes


def test_who_would_wait_too_long_is_refused() -> None:
    pool = Readers(Settings(extract_processes=1, in_flight=2))
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with pool.place():
            inside.set()
            leave.wait()

    with ThreadPoolExecutor(4) as threads:
        staying = threads.submit(stay)
        inside.wait()
        # One of these may wait, for a while
        waiting = [threads.submit(pool.text, WORDS.encode()) for _ in range(3)]
        for error in [future.exception() for future in waiting]:
            assert isinstance(error, Refused)
            assert error.problem is FILES_BUSY
        leave.set()
        staying.result()
    assert pool.text(WORDS.encode()) == WORDS
    pool.close()


def test_large_bodies_are_held_a_few_at_a_time(pool: Readers) -> None:
    rooms = [pool.room(size) for size in [None, 3 << 20] * (readers.MOST_LARGE // 2)]
    for room in rooms:
        room.__enter__()
    with pytest.raises(Refused), pool.room(None):
        pass
    with pool.room(2 << 20):
        pass
    rooms[0].__exit__(None, None, None)
    with pool.room(3 << 20):
        pass


def test_a_process_that_somebody_killed_is_replaced(pool: Readers, mine: Callable[[], set[int]]) -> None:
    assert pool.text(WORDS.encode()) == WORDS
    [before] = mine()
    os.kill(before, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(before)] if psutil.pid_exists(before) else [], timeout=0.1)
    assert pool.text(WORDS.encode()) == WORDS
    assert before not in mine()


def test_a_process_reads_so_many_files_and_no_more(
    pool: Readers, mine: Callable[[], set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_READ", 3)
    seen = []
    for _ in range(7):
        seen.append(mine())
        assert pool.text(WORDS.encode()) == WORDS
    assert seen[0] == seen[2] != seen[3] == seen[5] != seen[6]


def test_a_process_knows_no_secret_and_leaves_no_core(
    mine: Callable[[], set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEARCOPY_REDIS_URL", "redis://:secret@localhost")
    pool = Readers(Settings())
    assert pool.text(WORDS.encode()) == WORDS
    [pid] = mine()
    environ = Path(f"/proc/{pid}/environ").read_bytes()
    assert {item.partition(b"=")[0] for item in environ.split(b"\0") if item} == {b"PATH", b"PYTHONPATH"}
    process = psutil.Process(pid)
    assert process.rlimit(psutil.RLIMIT_AS) == (512 << 20, 512 << 20)
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert process.nice() == NICE + psutil.Process().nice()
    pool.close()


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mammoth.py").write_text("raise ModuleNotFoundError(\"No module named 'mammoth'\")")
    path = f"{tmp_path}:{TOP}"
    program = [sys.executable, "-P", "-m", "service.uploads.child", str(512 << 20)]
    ran = subprocess.run(program, env={"PYTHONPATH": path}, input=b"", capture_output=True, check=False)
    assert ran.stderr.endswith(b"ModuleNotFoundError: No module named 'mammoth'\n")
    monkeypatch.setattr(reader, "TOP", path)
    broken = Reader(512 << 20)
    with pytest.raises(RuntimeError, match="does not start; what it lacks stands above"):
        broken.read(b"", {"most": 1}, SHORT)
    broken.end()
