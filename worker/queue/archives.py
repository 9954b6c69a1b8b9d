"""The archives that a job may read: those below one folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from nearcopy.errors import InputError


def within(root: Path | None, names: Sequence[str]) -> tuple[str, ...]:
    """The absolute paths of archives, given from ``root``. Raises `InputError` where one leads out of it, by
    name or by a symbolic link, is missing, or holds what is neither a file nor a folder."""
    if not names:
        return ()
    if root is None:
        raise InputError(
            "the worker has no folder of archives: start it with --archives, or NEARCOPY_ARCHIVES", "archives"
        )
    return tuple(_checked(root.resolve(), name) for name in names)


def _checked(root: Path, name: str) -> str:
    path = Path(os.path.realpath(root / name))
    if not path.is_relative_to(root):
        raise _bad(name, "leads out of the worker's folder of archives")
    if not path.exists():
        raise _bad(name, "is not in the worker's folder of archives")
    for one in _no_plain_files(path):
        real = os.path.realpath(one)
        if not Path(real).is_relative_to(root):
            raise _bad(name, f"holds {os.path.relpath(one, path)}, which leads out of the folder of archives")
        # A pipe would be waited for until the deadline
        if not os.path.isfile(real):
            raise _bad(name, f"holds {os.path.relpath(one, path)}, which is no file")
    return str(path)


def _no_plain_files(path: Path) -> Iterator[str]:
    """Links, pipes and the like: the path itself, or what of them is below a folder."""
    below = (os.path.join(folder, file) for folder, _, files in os.walk(path) for file in files)
    for one in below if path.is_dir() else [str(path)]:
        if not stat.S_ISREG(os.lstat(one).st_mode):
            yield one


def _bad(name: str, reason: str) -> InputError:
    return InputError(f"archives: {name!r} {reason}", "archives")
