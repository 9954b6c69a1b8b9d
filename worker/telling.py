"""What a rebuild tells of itself and leaves behind: one of the command line, or a job of the queue."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict

from nearcopy.errors import AuditFailed, Busy, Cancelled
from nearcopy.index import generations
from nearcopy.index.lock import Lock
from nearcopy.index.store import Store
from nearcopy.jobs.reporting import Reporter
from nearcopy.jobs.task import Task
from worker.rebuild import Report, Summary


def is_published(report: Report) -> bool:
    """Whether the new generation is live; the rebuild can no longer be cancelled then."""
    return report.stage == "retire" or (report.stage == "publish" and report.done > 0)


def tell(reporter: Reporter, report: Report) -> None:
    """Hand a report on. Raises `Cancelled` where the rebuild shall end and still can."""
    with suppress(*[Cancelled] if is_published(report) else []):
        reporter(**asdict(report))


def tell_done(reporter: Reporter, summary: Summary) -> None:
    """Say that it is done, and what it made."""
    figures = asdict(summary)
    reporter.end(
        "done", summary=figures, audit=figures.pop("audit"), generation=summary.generation,
        documents=summary.documents,
    )


def tell_failed(reporter: Reporter, error: Exception) -> None:
    """Say why it failed."""
    reporter.end("failed", str(error), audit=error.audit if isinstance(error, AuditFailed) else None)


def leave(store: Store, task: Task, grace: float) -> bool:
    """Remove what a cancelled rebuild has in Redis, for nobody will go on with it; False where another has
    the collection by now, whose folder it is then too."""
    with suppress(Busy), Lock(store):
        generations.prune(store, task.keep, b"", grace)
        return True
    return False
