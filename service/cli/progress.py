"""How a rebuild goes, on stderr: a bar a stage on a terminal, else a line a stage once it is over."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType

from rich.console import Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from nearcopy.jobs.status import Status
from service.cli.console import err, safe

BAR_WIDTH = 20


class Shown:
    """A `nearcopy.jobs.commands.Watcher`. A context manager, as a terminal must be left as it was."""

    def __init__(self) -> None:
        self._last: Status | None = None
        self._told: set[str] = set()
        self._live: Live | None = None
        self._bars = _bars()
        self._figures = ""

    def say(self, line: str) -> None:
        """Write it; the bars begin anew under it."""
        # They are drawn by a thread. None may live where a pool of processes is forked, which comes next
        self._stop()
        err.print(Text(safe(line)), soft_wrap=True)

    def goes(self, status: Status) -> None:
        """Show how far the stage is, and what ended before it."""
        if err.is_terminal:
            self._draw(status)
        else:
            self._write(status)
        self._last = replace(status, seconds={})

    def _write(self, status: Status) -> None:
        for stage, seconds in list(status.seconds.items()):
            if stage not in self._told and stage != status.stage:
                self._told.add(stage)
                self._line(stage, seconds, self._last or status)

    def _line(self, stage: str, seconds: float, known: Status) -> None:
        told = figures(known) if stage == "sign" else memory(known)
        err.print(f"{stage:<7} {seconds:>7,.1f} s, {told}", soft_wrap=True)

    def _draw(self, status: Status) -> None:
        self._figures = figures(status)
        if self._live is None or self._last is None or status.stage != self._last.stage:
            self._next(status.stage)
        if status.stage is not None:
            task = self._bars.tasks[-1]
            done, total = _extent(status)
            rate = _rate(status, task.elapsed or 0.0)
            self._bars.update(task.id, completed=done, total=total, rate=rate)

    def _next(self, stage: str | None) -> None:
        """Fill the bar of the stage that is over, and begin one for the next, if there is any."""
        for task in self._bars.tasks[-1:]:
            self._bars.update(task.id, total=task.completed or 1, completed=task.completed or 1)
        if stage is None:
            return
        if self._live is None:
            self._bars = _bars()
            self._live = Live(get_renderable=self._drawn, console=err, refresh_per_second=4)
            self._live.start()
        self._bars.add_task(stage, total=None, rate="")

    def _drawn(self) -> Group:
        """A bar a stage, and what was read so far under them."""
        return Group(self._bars, Text(self._figures))

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __enter__(self) -> Shown:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()


def figures(status: Status) -> str:
    """What was read so far, and what it takes."""
    told = [f"{status.documents:,} documents", f"{status.paragraphs:,} paragraphs"]
    if status.bytes_read and status.bytes_total:
        told.append(f"{decimal(status.bytes_read)} of {decimal(status.bytes_total)} read")
    elif status.bytes_read:
        told.append(f"{decimal(status.bytes_read)} read")
    return ", ".join([*told, f"{status.rejects:,} rejects", memory(status)])


def memory(status: Status) -> str:
    """Of all its processes."""
    return f"{decimal(status.memory)} of memory"


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<8}"), BarColumn(BAR_WIDTH), TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(elapsed_when_finished=True), console=err,
        auto_refresh=False,
    )


def _extent(status: Status) -> tuple[int, int | None]:
    """How much of how much; how many parts an archive has is known once it was read."""
    if status.stage == "sign" and status.total is None:
        return status.bytes_read, status.bytes_total or None
    return status.done, status.total


def _rate(status: Status, seconds: float) -> str:
    if not seconds:
        return ""
    if status.stage == "sign":
        return f"{status.paragraphs / seconds:,.0f} paragraphs/s"
    return f"{status.done / seconds:,.1f} parts/s"
