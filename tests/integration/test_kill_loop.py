"""All that takes part in a rebuild is killed in every stage, while others write and check over HTTP."""

from __future__ import annotations

import random
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from nearcopy.archive import Archive
from nearcopy.doctor import examine
from nearcopy.document import Document
from tests.conftest import Server
from tests.contract.serving import Service
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph
from tests.integration.rebuilding import articles, written
from tests.integration.stepping import Point, Stepping

POINTS: list[Point] = [
    ("sign", 1), ("number", 0), ("dedupe", 1), ("place", 1), ("pack", 3), ("send", 0), ("audit", 0),
    ("audit", 2), ("publish", 0), ("retire", 0),
]
PILLAR = Document("pillar", "\n\n".join(paragraph(50_000 + n, 40) for n in range(3)))
"""Stored and in every archive: each check must find it, whatever is killed."""

STRANGER = paragraph(60_000, 60)
"""In no archive: no check may find it."""


class Caller(ABC, threading.Thread):
    """Calls the service until it is told to end, and again where it was not answered."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.client = httpx.Client(base_url=address, timeout=30)
        self.halt = threading.Event()
        self.wrong: list[str] = []
        self.answers = 0

    def run(self) -> None:
        try:
            while not self.halt.is_set():
                self.step()
        except Exception as error:  # noqa: BLE001 - the test reports it
            self.wrong.append(repr(error))

    @abstractmethod
    def step(self) -> None:
        """A call or two."""

    def answered(self, method: str, path: str, body: object = None) -> httpx.Response:
        """The answer, once there is one that does not say that something is away."""
        while True:
            try:
                answer = self.client.request(method, path, json=body)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code != 503:
                self.answers += 1
                return answer
            time.sleep(0.02)


class Writer(Caller):
    """Puts, replaces and deletes documents of its own, and knows what was acknowledged."""

    def __init__(self, address: str, number: int) -> None:
        super().__init__(address)
        self.draw = random.Random(number)
        self.ids = [f"d{n}" for n in range(number, 60, 3)] + [f"new{number}-{n}" for n in range(8)]
        self.expected: dict[str, Document | None] = {}

    def step(self) -> None:
        id = self.draw.choice(self.ids)
        # One that is not there is not deleted: the archive may still bring it
        if self.draw.random() < 0.3 and self.expected.get(id) is not None:
            answer = self.answered("DELETE", f"/v1/documents/{id}")
            # One whose answer was lost has been done, and the second finds nothing
            assert answer.status_code in (204, 404), answer.text
            self.expected[id] = None
        else:
            numbers = self.draw.sample(range(180), self.draw.randint(1, 4))
            one = document(id, numbers, title=str(self.draw.random()))
            answer = self.answered("PUT", f"/v1/documents/{id}", {"text": one.text, "title": one.title})
            assert answer.status_code in (200, 201), answer.text
            self.expected[id] = one
        time.sleep(0.005)


class Checker(Caller):
    """Checks what must always be found, and what never may."""

    def step(self) -> None:
        found = self.answered("POST", "/v1/check", {"text": PILLAR.text}).json()
        if [source["document"] for source in found["sources"]] != ["pillar"] or found["verdict"] != "copy":
            self.wrong.append(str(found))
        found = self.answered("POST", "/v1/check", {"text": STRANGER}).json()
        if found["sources"] or found["verdict"] != "unique":
            self.wrong.append(str(found))
        time.sleep(0.01)


class Scene:
    """A Redis of its own, the service over it, writers and a checker at work, and an archive to rebuild."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder / "work"
        self.archive = articles(60)
        self.path = written(folder / "a.jsonl", [PILLAR, *self.archive])
        self.service = Service(server.url, "main", workers="2").__enter__()
        with Archive.open(server.url) as archive:
            archive.put(PILLAR)
        address = self.service.address
        self.writers = [Writer(address, number) for number in range(3)]
        self.callers: list[Caller] = [*self.writers, Checker(address)]

    def rebuild(self, points: list[Point]) -> Stepping:
        return Stepping(self.server.url, "main", self.path, self.folder, points)

    def kill_service(self) -> None:
        """All its processes at once; a new one takes its place."""
        process = psutil.Process(self.service.process.pid)
        for one in [*process.children(recursive=True), process]:
            one.send_signal(signal.SIGKILL)
        self.service.process.wait()
        self.service = self.service.again().__enter__()

    def kill_redis(self) -> None:
        self.server.kill()
        time.sleep(0.1)
        self.server.start()

    def finish(self) -> None:
        """End the callers, and compare what is stored with what was acknowledged."""
        for caller in self.callers:
            caller.halt.set()
        for caller in self.callers:
            caller.join(timeout=120)
            assert not caller.is_alive(), "it is not answered any more"
            caller.client.close()
            assert not caller.wrong, caller.wrong
            assert caller.answers > 20
        expected: dict[str, Document | None] = {one.id: one for one in [PILLAR, *self.archive]}
        for writer in self.writers:
            expected |= writer.expected
        with Archive.open(self.server.url) as archive:
            audit(archive, {id: one for id, one in expected.items() if one is not None})
            diagnosis = examine(archive.store, rebuilds=[self.folder])
            assert not diagnosis.findings + diagnosis.notes
        assert sorted(one.name for one in self.folder.iterdir()) == ["lock", "rejects.jsonl"]


@pytest.fixture
def scene(new_server: Callable[[], Server], tmp_path: Path) -> Iterator[Scene]:
    made = Scene(new_server(), tmp_path)
    yield made
    for caller in made.callers:
        caller.halt.set()
    made.service.__exit__(None, None, None)


def through(scene: Scene, act: Callable[[Stepping, Point], None]) -> set[Point]:
    """Rebuild until it is done, and act at every point once; a rebuild that ended early is started again."""
    left = list(POINTS)
    for _ in range(2 * len(POINTS)):
        running = scene.rebuild(left)
        while (point := running.reached()) is not None:
            left.remove(point)
            if point == POINTS[0]:
                for caller in scene.callers:
                    caller.start()
            act(running, point)
            if running.process.poll() is None:
                running.go()
        code, complaint = running.end()
        if code == 0:
            return set(POINTS) - set(left)
        last = complaint.splitlines()[-1:]
        assert code == -signal.SIGKILL or "BrokenProcessPool" in complaint or "Unavailable" in complaint, last
    raise AssertionError(f"it never ended; left: {left}")


def test_the_rebuild_is_killed_in_every_stage(scene: Scene) -> None:
    assert through(scene, lambda running, _: running.kill()) == set(POINTS)
    scene.finish()


def test_a_process_of_the_pool_is_killed_in_every_stage(scene: Scene) -> None:
    killed = []

    def kill(running: Stepping, point: Point) -> None:
        for one in running.pool()[:1]:
            one.kill()
            killed.append(point)

    through(scene, kill)
    assert len(killed) > 3
    scene.finish()


def test_redis_is_killed_in_every_stage(scene: Scene) -> None:
    assert through(scene, lambda *_: scene.kill_redis()) == set(POINTS)
    scene.finish()


def test_the_service_is_killed_in_every_stage(scene: Scene) -> None:
    def kill(_: Stepping, point: Point) -> None:
        # A new service takes seconds: every other point is enough to meet each side of each change
        if POINTS.index(point) % 2:
            scene.kill_service()

    assert through(scene, kill) == set(POINTS)
    scene.finish()
