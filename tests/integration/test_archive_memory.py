"""Memory while archives are cut and parsed is bounded by blocks, not by files, lines or row groups."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MEGABYTES = 250
"""Of text in each archive."""

ROOM = 120
"""Megabytes over what an archive of one record takes: some blocks of 4 MB, and their objects."""

PROGRAM = """
import re, sys
from pathlib import Path
from worker.archive import blocks, guess, parse, sources
found = sources(sys.argv[1:])
mapping = guess(found)
documents = sum(1 for block in blocks(found) for result in parse(block, mapping))
print(documents, int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""

TEXT = "".join(f"word{number} " for number in range(1000))
RECORDS = MEGABYTES * 2**20 // len(TEXT)


def measured(path: Path) -> tuple[int, int]:
    """How many documents, and how many megabytes at the most."""
    answer = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, check=True)
    documents, megabytes = map(int, answer.stdout.split())
    return documents, megabytes


def lines(path: Path, records: int) -> None:
    """Gzip JSON lines."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        for number in range(records):
            file.write(json.dumps({"id": str(number), "text": TEXT}).encode() + b"\n")


def rows(path: Path, records: int) -> None:
    """A plain table whose rows are quoted lines."""
    with path.open("w") as file:
        file.write("id,text\n")
        for number in range(records):
            file.write(f'{number},"{TEXT}\n"\n')


def row_group(path: Path, records: int) -> None:
    """Parquet of a single row group."""
    table = pa.table({"id": [str(number) for number in range(records)], "text": [TEXT] * records})
    pq.write_table(table, path, row_group_size=records, use_dictionary=False, compression="none")


def long_line(path: Path, records: int) -> None:
    """A line of all the megabytes between two records."""
    record = json.dumps({"id": "a", "text": TEXT}).encode() + b"\n"
    with path.open("wb") as file:
        file.write(record)
        for _ in range(records):
            file.write(TEXT.encode())
        file.write(b"\n" + record)


def films(path: Path, records: int) -> None:
    """A crawl with one enormous record that is no page."""
    with path.open("wb") as file:
        page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>A page.</p>"
        for body in (page, TEXT.encode() * records, page):
            file.write(b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/\r\n"
                       b"WARC-Date: 2026-11-24T10:00:00Z\r\nContent-Type: application/http\r\n"
                       b"Content-Length: %d\r\n\r\n%b\r\n\r\n" % (len(body), body))


@pytest.mark.parametrize(
    ("name", "make", "documents", "room"),
    [
        ("a.jsonl.gz", lines, RECORDS, ROOM),
        ("a.csv", rows, RECORDS, ROOM),
        ("a.parquet", row_group, RECORDS, ROOM),
        ("a.jsonl", long_line, 3, ROOM + 64),
        ("a.warc", films, 3, ROOM),
    ],
)
def test_memory_is_bounded(
    tmp_path: Path, name: str, make: Callable[[Path, int], None], documents: int, room: int
) -> None:
    make(tmp_path / f"small-{name}", 1)
    make(tmp_path / name, RECORDS)
    _, least = measured(tmp_path / f"small-{name}")
    found, most = measured(tmp_path / name)
    assert found == documents
    assert most - least < room
