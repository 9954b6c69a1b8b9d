"""A soak: mixed calls from 16 clients, while indexes are rebuilt and gone back from and processes are killed.

Redis is killed twice, processes of the service and the worker of the queue are too. Every answer is compared
with what it must be; afterwards, what is stored with what was acknowledged, and the whole index with what is
stored (`nearcopy doctor`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.common import Figure, progress, report
from bench.soak_clients import NDJSON, OTHER, PILLAR, Caller, Client, body_of, lines_of, text_of
from bench.soak_scene import Scene
from nearcopy.archive import Archive
from nearcopy.doctor import examine
from nearcopy.document import Document
from nearcopy.index.listing import walk
from nearcopy.jobs.queue import ATTEMPTS
from nearcopy.jobs.status import ENDED

CLIENTS = 16
ARCHIVE = "archive.jsonl"
ARCHIVED = [PILLAR] + [
    Document(f"a{n}", text_of(range(-5 * n - 105, -5 * n - 100)), publisher="archive") for n in range(400)
]

RISE = 16.0
"""MiB that all processes of the service together may gain over the last half: what threads and allocators
keep for the busiest moment so far. 100,000 calls in 10 minutes that left 200 bytes each would be more."""

GIVEN_UP = f"it was begun {ATTEMPTS} times"

KILLS: list[tuple[float, Callable[[Scene], None]]] = [
    # At a share of the time. A new process of the service grows for some seconds: none late
    (0.05, Scene.kill_service_worker), (0.12, Scene.kill_service_worker), (0.15, Scene.kill_worker),
    (0.30, Scene.kill_redis), (0.55, Scene.kill_worker), (0.75, Scene.kill_redis),
]


class Rebuilder(Caller):
    """Has the collections rebuilt over the queue, one after the other, and goes back now and then."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.running = threading.Event()
        self.ends: Counter[str] = Counter()

    def step(self) -> None:
        """A rebuild of what is stored, one with the archive, one that is exactly the archive; and back."""
        if self._rebuilt({}):
            self._go_back({})
        self._rebuilt({}, kind="load", archives=[ARCHIVE])
        if self._rebuilt(OTHER, archives=[ARCHIVE]):
            self._go_back(OTHER)

    def _rebuilt(self, where: dict[str, str], **asked: Any) -> bool:
        """Whether one came to its end: one that was given up may go on for a while, if it was only slow."""
        if self.halt.is_set():
            return False
        body = {"audit": 50, **asked}
        answer, sure = self.ask("rebuild", "POST", "/v1/rebuilds", json=body, params=where)
        # One whose answer was lost is queued all the same
        self.must("rebuild", answer.status_code == 202 or (answer.status_code == 409 and not sure), answer)
        place = answer.headers["Location"]
        while True:
            told, _ = self.ask("rebuild goes", "GET", place)
            self.must("rebuild goes", told.status_code == 200, told)
            state = told.json()["state"]
            (self.running.set if state == "running" else self.running.clear)()
            if state in ENDED:
                break
            time.sleep(0.2)
        self.ends[state] += 1
        # What dies at every attempt is given up
        self.must("rebuild", state == "done" or GIVEN_UP in told.json()["error"], told)
        return state == "done"

    def _go_back(self, where: dict[str, str]) -> None:
        answer, _ = self.ask("generations", "GET", "/v1/generations", params=where)
        kept = [one["number"] for one in answer.json()["generations"] if one["state"] == "kept"]
        if kept and not self.halt.is_set():
            path = f"/v1/generations/{kept[-1]}/publish"
            answer, sure = self.ask("go back", "POST", path, params=where)
            # One whose answer was lost may still be at it, and holds the lock
            right = answer.status_code == 200 or (answer.status_code == 409 and not sure)
            self.must("go back", right, answer)
            self.ends["gone back"] += 1


@dataclass
class Soak:
    """What came of it. ``memory``: seconds since the start, and MiB of all processes of the service."""

    seconds: float
    calls: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    expected: dict[str, Document] = field(default_factory=dict)

    @property
    def rise(self) -> float:
        """MiB that the service gained over the last half, by the line through its samples."""
        last = [one for one in self.memory if one[0] > self.seconds / 2]
        line = statistics.linear_regression([at for at, _ in last], [size for _, size in last])
        return line.slope * self.seconds / 2


def soak(scene: Scene, seconds: float) -> Soak:
    """Have everybody at work for so long. The scene must be empty."""
    _fill(scene)
    found, rebuilder = Soak(seconds), Rebuilder(scene)
    clients = [Client(scene, number) for number in range(CLIENTS)]
    callers = [rebuilder, *clients]
    for caller in callers:
        caller.start()
    _through(scene, found, rebuilder)
    for caller in callers:
        caller.halt.set()
    scene.keep_worker()
    for caller in callers:
        # A rebuild that has begun comes to its end
        caller.join(180)
        if caller.is_alive():
            found.wrong.append(f"{caller} never ended")
        caller.client.close()
        found.wrong += caller.wrong
        found.calls += caller.calls
        found.excused += caller.excused
    found.ends = rebuilder.ends
    found.expected = {one.id: one for one in ARCHIVED}
    for client in clients:
        found.expected |= client.own
    _look(scene, found)
    return found


def _fill(scene: Scene) -> None:
    lines = lines_of(one.to_dict() for one in ARCHIVED)
    (scene.archives / ARCHIVE).write_bytes(lines)
    body = lines_of({"id": one.id, **body_of(one)} for one in ARCHIVED)
    for where in ({}, OTHER):
        httpx.post(
            f"{scene.address}/v1/documents/batch", content=body, headers=NDJSON, params=where, timeout=60
        ).raise_for_status()


def _through(scene: Scene, found: Soak, rebuilder: Rebuilder) -> None:
    """Kill when it is time to, and note memory, until all time is over and all is killed."""
    began, left = time.monotonic(), list(KILLS)
    while (now := time.monotonic() - began) < found.seconds or (left and now < 3 * found.seconds):
        found.memory.append((now, scene.memory() / (1 << 20)))
        if left and now >= left[0][0] * found.seconds:
            kill = left[0][1]
            # That of the queue has nothing to lose while it waits for work
            if kill is not Scene.kill_worker or rebuilder.running.is_set():
                kill(scene)
                found.kills[kill.__name__] += 1
                del left[0]
        scene.keep_worker()
        time.sleep(min(1.0, found.seconds / 200))


def _look(scene: Scene, found: Soak) -> None:
    """Compare what is stored with what was acknowledged, and the index with that."""
    for collection, expected in ("main", found.expected), ("other", {one.id: one for one in ARCHIVED}):
        with Archive.open(scene.url, collection, create=False) as archive:
            stored = [one.document for step in walk(archive.store) for one in step.found]
            there = {one.id: one for one in stored}
            if len(there) != len(stored):
                found.lost.append(f"{collection}: {len(stored) - len(there)} documents are there twice")
            for id in expected.keys() | there.keys():
                known, is_there = expected.get(id), there.get(id)
                if known != is_there:
                    found.lost.append(f"{collection}: {id}: {known} was acknowledged, {is_there} is there")
            found.findings += [str(one) for one in examine(archive.store).findings]


def figures_of(found: Soak) -> list[Figure]:
    """The table."""
    calls = found.calls.total()
    half = [size for at, size in found.memory if at > found.seconds / 2]
    return [
        Figure("answers compared with what they must be", calls, note=json.dumps(found.calls)),
        Figure("  a second", calls / found.seconds, "a second"),
        Figure("  wrong", len(found.wrong), most=0),
        Figure("  excused, while something was away", found.excused.total(), note=json.dumps(found.excused)),
        Figure("rebuilds that were done", found.ends["done"], least=1, note=json.dumps(found.ends)),
        Figure("processes killed", found.kills.total(), least=len(KILLS), note=json.dumps(found.kills)),
        Figure("documents stored at the end", len(found.expected)),
        Figure("  not as acknowledged", len(found.lost), most=0),
        Figure("findings of the doctor", len(found.findings), most=0),
        Figure("memory of the service, last half, median", statistics.median(half), "MiB"),
        Figure("  rise over it", found.rise, "MiB", most=RISE),
    ]


def main() -> None:
    """Soak and print."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long [20]")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    asked = parser.parse_args()
    place = tempfile.TemporaryDirectory(prefix="nearcopy-soak-")
    with place as folder, Scene(Path(folder), hurried=False) as scene:
        progress(f"soaking for {asked.minutes:g} minutes")
        found = soak(scene, 60 * asked.minutes)
    report(figures_of(found), asked.json)
    for one in [*found.wrong, *found.lost, *found.findings][:50]:
        progress(one)
    if any(figure.met is False for figure in figures_of(found)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
