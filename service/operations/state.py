"""What Redis holds, asked when somebody scrapes: for Prometheus, and for `/readyz`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from nearcopy.connection import CLUSTER_SCHEME, Client
from nearcopy.errors import NearcopyError
from nearcopy.index import header, overview
from nearcopy.jobs import queue
from nearcopy.jobs.rebuilds import Rebuilds
from service.archives import Archives

MOST_COLLECTIONS = 100
"""Of more, only their number is told: each is a label, and each label costs whoever scrapes."""


class State(Collector):
    """The collections, the queue and the servers behind some archives.

    Where Redis does not answer, ``nearcopy_redis_up`` is 0 and what it did not tell is missing.
    """

    def __init__(self, archives: Archives) -> None:
        self._archives = archives

    def collect(self) -> Iterator[Metric]:
        """Ask for all of it."""
        up = 1
        try:
            yield from self._asked()
        except NearcopyError:
            up = 0
        yield GaugeMetricFamily("nearcopy_redis_up", "1 where Redis answered in time, else 0.", up)

    def _asked(self) -> Iterator[Metric]:
        client = self._archives.client()
        yield from _servers(client)
        names = header.names(client)
        yield GaugeMetricFamily("nearcopy_collections", "Collections that there are.", len(names))
        yield from _collections(client, names[:MOST_COLLECTIONS])
        if not (self._archives.url or "").startswith(CLUSTER_SCHEME):
            yield from _rebuilds(client, names[:MOST_COLLECTIONS])


def _servers(client: Client) -> Iterator[Metric]:
    told = overview.servers(client)
    for name, field, help in (
        ("used", "used_memory", "Bytes that Redis uses, for whatever it holds."),
        ("most", "maxmemory", "Bytes that Redis may use; 0 for any number."),
    ):
        value = sum(server[field] for server in told)
        yield GaugeMetricFamily(f"nearcopy_redis_memory_{name}_bytes", help, value)
    for name, help in (("input", "sent to"), ("output", "read from")):
        value = sum(server[f"total_net_{name}_bytes"] for server in told)
        said = f"Bytes {help} Redis by whoever uses it, since it was started."
        yield CounterMetricFamily(f"nearcopy_redis_net_{name}_bytes", said, value)


def _collections(client: Client, names: list[str]) -> Iterator[Metric]:
    held = overview.held(client, names)
    for field, help in (
        ("documents", "Documents stored in a collection."),
        ("paragraphs", "Distinct paragraphs that a collection's live generation has numbered."),
        ("generation", "The live generation of a collection; 0 where none is published."),
    ):
        family = GaugeMetricFamily(f"nearcopy_index_{field}", help, labels=["collection"])
        for one in held:
            family.add_metric([one.collection], getattr(one, field))
        yield family


def _rebuilds(client: Client, names: list[str]) -> Iterator[Metric]:
    said = "Rebuilds that wait for a worker."
    yield GaugeMetricFamily("nearcopy_queue_length", said, queue.waiting(client))
    yield GaugeMetricFamily("nearcopy_queue_workers", "Workers that take them.", queue.workers(client))
    said = "1 while a collection is rebuilt, else 0."
    family = GaugeMetricFamily("nearcopy_rebuild_running", said, labels=["collection"])
    for name in names:
        newest = Rebuilds(client).newest(name, 1)
        family.add_metric([name], int(any(status.state == "running" for status in newest)))
    yield family


def is_full(client: Client) -> bool:
    """Whether a server has no memory left to store anything. Raises `StorageUnavailable`."""
    return any(map(_is_full, overview.servers(client)))


def _is_full(server: dict[str, Any]) -> bool:
    # What goes to replicas and the append-only file is not counted against the limit
    counted: int = server["used_memory"] - server.get("mem_not_counted_for_evict", 0)
    return bool(0 < server["maxmemory"] <= counted)
