"""The metrics of the service, in the format of Prometheus.

A service has several processes and a scrape meets one of them. So each process keeps its values in files of
one folder (prometheus_client's multiprocess mode), which the service makes at its start and removes at its
end, and any process tells the sums of all. What a process counted stays when it dies; what it had going on
(`Gauge`) is forgotten.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from nearcopy.watching import Stage

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which prometheus_client knows the folder."""

REQUEST_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60)
STAGE_SECONDS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2, 10)
HOW_MANY = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000)


@contextmanager
def folder() -> Iterator[None]:
    """Have a folder for the metrics of all processes that are started inside; it is gone at the end."""
    made = tempfile.mkdtemp(prefix="nearcopy-metrics-")
    os.environ[FOLDER] = made
    try:
        yield
    finally:
        os.environ.pop(FOLDER)
        shutil.rmtree(made, ignore_errors=True)


class Metrics:
    """What one process counts. It is the `nearcopy.watching.Watcher` of the engine, too."""

    def __init__(self) -> None:
        # prometheus_client decides when it is imported, which may be before there is a folder
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        own = self.registry = CollectorRegistry()
        self.in_flight = Gauge(
            "nearcopy_requests_in_flight", "Requests that are read or answered now.",
            multiprocess_mode="livesum", registry=own,
        )
        self._requests = Counter(
            "nearcopy_requests", "Requests that were answered.", ["route", "method", "status"], registry=own
        )
        self._seconds = Histogram(
            "nearcopy_request_seconds", "Time from a request's head to its answer's last byte.", ["route"],
            buckets=REQUEST_SECONDS, registry=own,
        )
        self._stages = Histogram(
            "nearcopy_check_stage_seconds",
            "Time in one stage of a check; lines of a batch pass all but align and judge together.",
            ["stage"], buckets=STAGE_SECONDS, registry=own,
        )
        self._figures = [
            Histogram(f"nearcopy_check_{name}", help, buckets=HOW_MANY, registry=own)
            for name, help in (
                ("candidates", "Documents that shared a bucket with a submission."),
                ("verified", "Candidates of a submission that were aligned with it."),
                ("matches", "Documents in which passages of a submission were found."),
            )
        ]
        self._trips = Counter("nearcopy_redis_round_trips", "Round trips to Redis.", registry=own)
        self._sent = Counter("nearcopy_redis_sent_bytes", "Bytes sent to Redis.", registry=own)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered in full."""
        self._requests.labels(route, method, status).inc()
        self._seconds.labels(route).observe(seconds)

    def passed(self, stage: Stage, seconds: float) -> None:
        """A stage of a check ended."""
        self._stages.labels(stage).observe(seconds)

    def checked(self, candidates: int, verified: int, matches: int) -> None:
        """A check ended."""
        for histogram, value in zip(self._figures, (candidates, verified, matches), strict=True):
            histogram.observe(value)

    def sent(self, size: int) -> None:
        """A round trip to Redis began."""
        self._trips.inc()
        self._sent.inc(size)

    def collector(self) -> Collector:
        """The values of all processes of the service; of this one alone where it has no folder."""
        if FOLDER not in os.environ:
            return self.registry
        _forget_the_dead(Path(os.environ[FOLDER]))
        return MultiProcessCollector(None)  # type: ignore[no-untyped-call]


def _forget_the_dead(files: Path) -> None:
    """Remove what processes had going on that have died since."""
    for path in files.glob("gauge_live*.db"):
        found = re.search(r"_(\d+)\.db$", path.name)
        if found is not None and not psutil.pid_exists(int(found[1])):
            path.unlink(missing_ok=True)
