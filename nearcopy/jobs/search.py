"""What is asked of a search for the copies in a whole archive, and who answers: see `commands` for how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from nearcopy.errors import InputError
from nearcopy.jobs.commands import Place, Watcher
from nearcopy.jobs.task import Task
from nearcopy.parameters import Parameters

Format = Literal["jsonl", "csv", "parquet"]

Keep = Literal["earliest", "longest", "first"]

THRESHOLD = 0.5
"""From which resemblance two documents are a pair, where nobody says."""


@dataclass(frozen=True, slots=True)
class Search:
    """The copies among the archives of a ``task`` (of which its kind, keep, audit and probability do not
    count) and, where ``stored``, the documents of its collection. A pair has the task's threshold as its
    resemblance, or ``containment`` of one in the other, unless that is None."""

    task: Task
    stored: bool = False
    containment: float | None = None

    def __post_init__(self) -> None:
        """Raise `InputError`, which names the field, where one cannot be used."""
        if self.containment is not None and not 0 < self.containment <= 1:
            raise InputError("containment must be above 0 and at most 1", "containment")
        if not self.task.archives and not self.stored:
            raise InputError("name an archive, or a collection with --collection", "archives")
        _ = self.parameters

    @property
    def threshold(self) -> float:
        """The resemblance from which two documents are a pair."""
        return THRESHOLD if self.task.threshold is None else self.task.threshold

    @property
    def parameters(self) -> Parameters:
        """With the nets that find a pair at the threshold with a probability of 0.99. Raises `InputError`."""
        found = Parameters.for_threshold(self.threshold)
        shingle = found.shingle if self.task.shingle is None else self.task.shingle
        return replace(found, shingle=shingle)


@dataclass(frozen=True, slots=True)
class Output:
    """A ``folder`` for pairs, clusters and the summary, tables in one ``format``; a ``report`` to look at."""

    folder: Path
    format: Format = "jsonl"
    report: Path | None = None


class Clustering(Protocol):
    """``clustering``: the pairs and clusters of an archive, as files."""

    def __call__(self, search: Search, place: Place, output: Output, watcher: Watcher) -> Mapping[str, Any]:
        """Write them, and return the summary. Raises what made it fail; it can be gone on with then."""


class Deduping(Protocol):
    """``deduping``: an archive without its copies."""

    def __call__(
        self, search: Search, place: Place, keep: Keep, file: Path, watcher: Watcher
    ) -> Mapping[str, Any]:
        """Write it, and beside it a list of what left; return the summary. Raises what made it fail."""
