"""What a rebuild has finished: a line of JSON each, in a file that is only appended to."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from nearcopy.errors import InputError
from worker.rebuild import files

NAME = "journal.jsonl"
LEFT = ("*.part", "*.partial", NAME)
"""Files of a rebuild in its folder, beside its rejects and its lock."""


class Journal:
    """The journal of one rebuild, and the lock of its folder. A context manager.

    The first line is the ``task``: archives and parameters. Where it is another than before, all that lies in
    the folder is of another rebuild, and is removed. Raises `InputError` where a rebuild runs in the folder.
    """

    def __init__(self, folder: Path, task: dict[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = open(folder / "lock", "w")  # noqa: SIM115 - it is held until the journal is closed
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise InputError(f"a rebuild runs in {folder}: wait for it, or choose another folder") from None
        lines = _lines(folder / NAME)
        if not _is_of(lines, task):
            self.clear()
            lines = [{"task": task}]
        self.notes: dict[str, Any] = {}
        for line in lines[1:]:
            self.notes.update(line)
        self._checked: set[str] = set()
        self._task = lines[0]
        self._rewrite()

    def begin(self) -> None:
        """Forget what was finished, and begin anew."""
        self._file.close()
        self.clear()
        self.notes.clear()
        self._checked.clear()
        self._rewrite()

    def has(self, part: str) -> bool:
        """Whether a part is finished, and lies there undamaged."""
        if part not in self._checked:
            noted = self.notes.get(part)
            if noted is None or files.checksum(files.path_of(self.folder, part)) != noted:
                return False
            self._checked.add(part)
        return True

    def finished(self, part: str, result: str) -> None:
        """A part has been written; the result is its checksum."""
        self._checked.add(part)
        self.note(part, result)

    def note(self, name: str, value: Any) -> None:
        """Anything else that a second run must know."""
        self.notes[name] = value
        self._write({name: value})

    def clear(self) -> None:
        """Remove all files of the rebuild, the journal last."""
        for pattern in LEFT:
            for path in sorted(self.folder.glob(pattern)):
                path.unlink()

    def _rewrite(self) -> None:
        """Write all lines anew: what was cut off in mid-line must not be added to."""
        partial = self.folder / f"{NAME}.partial"
        self._file = open(partial, "w", encoding="utf-8")  # noqa: SIM115
        self._write(self._task)
        self._write(self.notes)
        os.replace(partial, self.folder / NAME)

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._lock.close()


def begun(folder: Path, task: dict[str, Any]) -> bool:
    """Whether a rebuild of that task was begun in the folder, and not finished."""
    return _is_of(_lines(folder / NAME), task)


def _is_of(lines: list[dict[str, Any]], task: dict[str, Any]) -> bool:
    return lines[:1] == [json.loads(json.dumps({"task": task}))]


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
