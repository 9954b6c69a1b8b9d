"""Opening the collection of a task."""

from __future__ import annotations

from nearcopy.archive import Archive
from nearcopy.errors import NotFound
from nearcopy.jobs.task import Task


def opened(task: Task, url: str | None) -> Archive:
    """The collection, made where it is missing and archives are to be all of it. Raises what
    `Archive.open` raises."""
    try:
        return Archive.open(url, task.collection, create=task.kind == "rebuild" and bool(task.archives))
    except NotFound as error:
        advice = "`nearcopy rebuild ARCHIVE` makes one, and --collection names another"
        raise NotFound(f"{error}: {advice}") from None
