"""The worker's commands, found by their entry points: the service does not import the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

from nearcopy.errors import InputError
from nearcopy.jobs.commands import GROUP

ADVICE = "pip install 'nearcopy[worker]'"


@contextmanager
def worker_command(name: str) -> Iterator[Any]:
    """The worker's command of that name, to be called inside. Raises `InputError` where it, or a package that
    it needs on the way, is not installed."""
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise InputError(f"the worker is not installed: {ADVICE}")
    try:
        yield found.load()
    except ModuleNotFoundError as error:
        raise InputError(f"this needs the package {error.name}, which is not installed: {ADVICE}") from None
