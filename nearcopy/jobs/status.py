"""How a rebuild goes, as it lies in Redis: written by whoever runs it, read by whoever asks."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

import orjson

from nearcopy.jobs.task import Task

State = Literal["queued", "running", "lost", "done", "failed", "cancelled"]

ENDED: tuple[State, ...] = ("done", "failed", "cancelled")
"""States that do not change any more."""

LOST_SECONDS = 30.0
"""A runner writes once a second; one that was not heard of for so long is taken for dead. A busy machine or a
restart of Redis may silence a living one for some seconds."""


@dataclass(slots=True)
class Status:
    """How one rebuild goes. Times are seconds since 1970, None where it has not come to that.

    ``stage``: the one that runs, of whose ``total`` parts (None: unknown) ``done`` are finished; ``left``:
    seconds until the last of them at the pace so far, None unknown. ``seconds``: by stage, of those that
    ended. ``memory``: bytes of all its processes; ``rate``: paragraphs a second since it began. ``heard``:
    when its runner last wrote. ``error``: why it failed, was put back into the queue, or waits. ``attempts``:
    how often it was begun. ``workers``: of one that is queued and was asked for over HTTP, how many workers
    take rebuilds from the queue at present.
    """

    id: str
    task: Task
    state: State = "queued"
    asked: float = field(default_factory=time.time)
    began: float | None = None
    ended: float | None = None
    heard: float | None = None
    attempts: int = 0
    workers: int | None = None
    stage: str | None = None
    done: int = 0
    total: int | None = None
    left: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    documents: int = 0
    paragraphs: int = 0
    rejects: int = 0
    bytes_read: int = 0
    bytes_total: int | None = None
    memory: int = 0
    rate: float = 0.0
    generation: str | None = None
    error: str | None = None
    summary: dict[str, Any] | None = None
    audit: dict[str, Any] | None = None

    def seen(self, now: float) -> Status:
        """Itself, but ``lost`` where it is said to run and its runner was not heard of lately."""
        if self.state == "running" and now - (self.heard or 0.0) > LOST_SECONDS:
            self.state = "lost"
        return self

    def to_json(self) -> dict[str, Any]:
        """A JSON object of all fields."""
        return {**asdict(self), "task": self.task.to_json()}

    def packed(self) -> bytes:
        """As it is stored."""
        return orjson.dumps(self.to_json())

    @classmethod
    def unpacked(cls, stored: bytes) -> Status:
        """What was `packed`; fields that another version wrote are left out."""
        value = orjson.loads(stored)
        known = {one.name for one in fields(cls)}
        found = {name: part for name, part in value.items() if name in known}
        return cls(**{**found, "task": Task.from_json(value["task"])})
