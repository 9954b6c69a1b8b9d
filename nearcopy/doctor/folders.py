"""Folders of rebuilds: what lies there of one that is over is a stray; of one that can go on it is not."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from nearcopy.doctor.findings import Finding

JOURNAL = "journal.jsonl"
"""What a rebuild has finished: with it the rebuild can go on, without it nobody knows what the parts are."""

PARTS = ("*.part", "*.partial")
LOCK = "lock"


def examine(folder: Path, repair: bool) -> Iterator[Finding | str]:
    """What is off in a folder, or a note about it. Only files are looked at that a rebuild names as these."""
    parts = sorted(path for pattern in PARTS for path in folder.glob(pattern))
    if not parts and not (folder / JOURNAL).exists():
        return
    with ExitStack() as stack:
        if repair or (folder / LOCK).exists():
            # As a rebuild does, so that none begins here meanwhile
            lock = stack.enter_context(open(folder / LOCK, "a" if repair else "r"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"a rebuild runs in {folder}"
                return
        if (folder / JOURNAL).exists():
            yield f"{folder} has {len(parts):,} files of a rebuild that did not end: it can go on there"
            return
        if repair:
            for path in parts:
                path.unlink(missing_ok=True)
        yield Finding("files", str(folder), f"files of a rebuild that is over: {len(parts):,}", repair)
