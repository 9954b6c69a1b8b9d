"""Real archives, where there are some."""

from __future__ import annotations

from pathlib import Path

from archived import documents, read, rejects


def test_the_press_releases_are_all_read(data: Path) -> None:
    path = str(data / "press_releases" / "docs.jsonl.gz")
    results = read(path)
    assert (len(documents(results)), rejects(results)) == (36_295, [])
    assert len({document.id for document in documents(results)}) == 36_295
    assert all(document.publisher for document in documents(results))
    first, last = results[0], results[-1]
    assert (first, last) == (read(path, block_bytes=1 << 20)[0], read(path, block_bytes=1 << 20)[-1])
