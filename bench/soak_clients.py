"""The clients of a soak. Each has documents of its own and knows what was acknowledged, so that what each of
its answers must be is known too; an answer may only fail while something is away."""

from __future__ import annotations

import json
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

import httpx

from bench.soak_scene import Scene
from nearcopy.document import Document
from nearcopy.index.documents import digest_of

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
IDS = 8
"""Documents of a client: fewer than make a paragraph common."""

PARAGRAPHS = 24
"""Of which they are made."""

SECONDS = 60.0
"""A request waits for Redis for 15 seconds at most; one that takes longer hangs."""

BATCH = "/v1/documents/batch"


def paragraph(number: int, words: int = 12) -> str:
    """Words that stand in no paragraph of another number."""
    draw = random.Random(f"paragraph {number}")  # of -1 and 1 it would draw the same
    return " ".join("".join(draw.choices("abcdefghijklmnoprstuvw", k=8)) for _ in range(words))


def text_of(numbers: Iterable[int]) -> str:
    """A text of those paragraphs."""
    return "\n\n".join(map(paragraph, numbers))


PILLAR = Document("pillar", text_of(range(-5, 0)), publisher="archive")
"""Stored and in the archive of every rebuild: each check must find it."""

STRANGER = text_of(range(-15, -10))
"""Stored nowhere: no check may find it."""

OTHER = {"collection": "other"}
"""A collection that holds the archive and nothing else."""

MALFORMED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/v1/check", {"content": b'{"text": "half', "headers": JSON}, 400, "invalid-json"),
    ("POST", "/v1/check", {"json": {"text": "some words", "colour": 1}}, 422, "invalid-field"),
    ("POST", "/v1/check", {"json": {"text": "... --- !!!"}}, 422, "no-words"),
    ("POST", "/v1/check", {"json": {"text": "some words", "threshold": 7}}, 422, "invalid-field"),
    ("POST", "/v1/check", {"content": b"some words", "headers": {"Content-Type": "text/css"}}, 415,
     "wrong-content-type"),
    ("POST", "/v1/check", {"json": {"text": "x " * 1_100_000}}, 413, "body-too-large"),
    ("POST", "/v1/check", {"json": {"text": "some words"}, "params": {"collection": "Not A Name"}}, 422,
     "invalid-parameter"),
    ("POST", "/v1/check", {"json": {"text": "some words"}, "params": {"collection": "nowhere"}}, 404,
     "not-found"),
    ("POST", "/v1/compare", {"json": {"a": "some words"}}, 422, "invalid-field"),
    ("PUT", "/v1/documents/" + "x" * 600, {"json": {"text": "some words"}}, 422, "invalid-parameter"),
    ("GET", "/v1/documents", {"params": {"cursor": "made-up"}}, 422, "invalid-parameter"),
    ("POST", "/v1/documents/delete", {"json": {}}, 422, "invalid-field"),
    ("POST", BATCH, {"json": [1]}, 415, "wrong-content-type"),
    ("POST", "/v1/rebuilds", {"json": {"archives": ["../secret"]}}, 422, "invalid-field"),
    ("GET", "/v1/rebuilds/none", {}, 404, "not-found"),
    ("GET", "/v1/generations", {"params": {"colour": 1}}, 422, "invalid-parameter"),
    ("GET", "/nowhere", {}, 404, "no-such-path"),
    ("PATCH", "/v1/check", {}, 405, "wrong-method"),
]
"""Each with the answer that it must get."""


class Wrong(Exception):
    """Raised where an answer is not what it must be."""


class Caller(ABC, threading.Thread):
    """Takes one step after another until it is told to end."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(daemon=True)
        self.scene = scene
        self.client = httpx.Client(base_url=scene.address, timeout=SECONDS)
        self.halt = threading.Event()
        self.wrong: list[str] = []
        self.calls: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()

    @abstractmethod
    def step(self) -> None:
        """A call or a few, and a look at the answers."""

    def run(self) -> None:
        """Step by step. What is wrong is noted; a client that cannot go on says so and ends."""
        while not self.halt.is_set():
            try:
                self.step()
            except Wrong as error:
                self.wrong.append(str(error))
            except Exception as error:  # noqa: BLE001 - it is what the soak looks for
                self.wrong.append(f"{type(self).__name__} ended: {error!r}")
                return

    def ask(self, name: str, method: str, path: str, **given: Any) -> tuple[httpx.Response, bool]:
        """The answer, and whether that was done which was asked, once: where something is away, a request may
        have been done whose answer was lost, here or between the service and Redis, and is asked again."""
        first = True
        while True:
            began = time.monotonic()
            try:
                answer, excuse = self.client.request(method, path, **given), ""
                answer.read()
            except httpx.TransportError as error:
                excuse = type(error).__name__
            else:
                excuse = excuse_of(answer)
                if not excuse:
                    self.calls[name] += 1
                    return answer, first and not self.scene.was_away(began, time.monotonic())
            first = False
            self.excused[excuse] += 1
            if not self.scene.was_away(began, time.monotonic()):
                self.wrong.append(f"{name}: {excuse} while nothing was away")
            time.sleep(0.05)

    def must(self, name: str, true: bool, answer: httpx.Response) -> None:
        """Raise `Wrong` with the answer unless something is true of it."""
        if not true:
            sent = answer.request
            raise Wrong(f"{name}: {sent.method} {sent.url}: {answer.status_code} {answer.text[:4000]}")


def excuse_of(answer: httpx.Response) -> str:
    """Why an answer says to try again; empty where it does not. That of a stream stands on its last line."""
    if answer.status_code == 200 and answer.headers["Content-Type"] == NDJSON["Content-Type"]:
        told = json.loads(answer.text.splitlines()[-1])
        return str(told["type"]) if "from" in told else ""
    return str(answer.json()["type"]) if answer.status_code == 503 else ""


class Client(Caller):
    """Reads, writes and checks; what it writes nobody else does."""

    def __init__(self, scene: Scene, number: int) -> None:
        super().__init__(scene)
        self.draw = random.Random(number)
        self.publisher = f"client {number}"
        self.ids = [f"c{number}/{n} ü" for n in range(IDS)]
        self.numbers = range(1000 * (number + 1), 1000 * (number + 1) + PARAGRAPHS)
        self.own: dict[str, Document] = {}
        self.steps: list[tuple[Callable[[], None], int]] = [
            (self.put, 8), (self.replace, 4), (self.delete, 3), (self.put_batch, 3), (self.delete_some, 1),
            (self.get, 6), (self.check, 10), (self.check_page, 1), (self.check_batch, 4), (self.copies, 3),
            (self.compare, 2), (self.list, 2), (self.look, 3), (self.send_rubbish, 5), (self.check_other, 2),
        ]

    def step(self) -> None:
        """One of all, the frequent ones more often."""
        steps, weights = zip(*self.steps, strict=True)
        self.draw.choices(steps, weights)[0]()

    def put(self) -> None:
        one = self._made(self.draw.choice(self.ids))
        answer, sure = self.ask("put", "PUT", path_of(one.id), json=body_of(one))
        known = one.id in self.own
        self.must("put", answer.status_code in ({200 if known else 201} if sure else {200, 201}), answer)
        self.must("put", answer.headers["ETag"] == tag_of(one), answer)
        self.own[one.id] = one

    def replace(self) -> None:
        """Under a condition: the ETag of what is stored, or that of something else."""
        one = self._made(self.draw.choice(self.ids))
        old, fresh = self.own.get(one.id), self.draw.random() < 0.7
        asked = {"If-Match": tag_of(old)} if old and fresh else {"If-None-Match": "*"}
        answer, sure = self.ask("put if", "PUT", path_of(one.id), json=body_of(one), headers=asked)
        if not sure:
            # It was done, or refused, or is done by now: the ETag tells
            self._settle(one.id, one)
        elif old and not fresh:
            self.must("put if", answer.status_code == 412, answer)
        else:
            self.must("put if", answer.status_code == (200 if old else 201), answer)
            self.own[one.id] = one

    def delete(self) -> None:
        id = self.draw.choice(self.ids)
        old, bound = self.own.get(id), self.draw.random() < 0.5
        asked = {"If-Match": tag_of(old)} if old and bound else {}
        answer, sure = self.ask("delete", "DELETE", path_of(id), headers=asked)
        if sure:
            self.must("delete", answer.status_code == (204 if old else 404), answer)
            self.own.pop(id, None)
        else:
            self._settle(id, None)

    def put_batch(self) -> None:
        """Some documents, and a line between them that is none."""
        made = [self._made(id) for id in self.draw.sample(self.ids, 4)]
        lines: list[Any] = [{"id": one.id, **body_of(one)} for one in made]
        lines.insert(2, {"id": "bad", "text": "?!"})
        answer, sure = self.ask("documents/batch", "POST", BATCH, content=lines_of(lines), headers=NDJSON)
        told = [json.loads(line) for line in answer.text.splitlines()]
        self.must("documents/batch", [line["line"] for line in told] == [1, 2, 3, 4, 5], answer)
        self.must("documents/batch", told.pop(2)["type"].endswith("no-words"), answer)
        for one, line in zip(made, told, strict=True):
            known = {"replaced", "unchanged"} if one.id in self.own else {"created"}
            right = line.get("outcome") in (known if sure else {"created", "replaced", "unchanged"})
            self.must("documents/batch", right, answer)
            self.own[one.id] = one

    def delete_some(self) -> None:
        ids = self.draw.sample(self.ids, 2)
        asked = {"publisher": self.publisher, "ids": [*ids, PILLAR.id]}
        answer, sure = self.ask("documents/delete", "POST", "/v1/documents/delete", json=asked)
        known = len([id for id in ids if id in self.own])
        right = answer.status_code == 200 and (not sure or answer.json()["deleted"] == known)
        self.must("documents/delete", right, answer)
        for id in ids:
            self.own.pop(id, None)

    def get(self) -> None:
        id = self.draw.choice(self.ids)
        one, known = self.own.get(id), self.draw.random() < 0.3
        asked = {"If-None-Match": tag_of(one)} if one and known else {}
        answer, _ = self.ask("get", "GET", path_of(id), headers=asked)
        self.must("get", answer.status_code == ((304 if known else 200) if one else 404), answer)
        if one and not known:
            self.must("get", answer.json() == one.to_dict(), answer)

    def check(self) -> None:
        one = self._made(self.draw.choice(self.ids)) if self.draw.random() < 0.3 else self._one()
        answer, _ = self.ask("check", "POST", "/v1/check", json={"text": one.text, "limit": 50})
        self._must_find("check", one, answer, answer.json())

    def check_page(self) -> None:
        one = self._one()
        page = "".join(f"<p>{part}</p>" for part in one.text.split("\n\n"))
        page = f"<html><body><article>{page}</article></body></html>"
        asked = {"text": page, "format": "html", "limit": 50}
        answer, _ = self.ask("check page", "POST", "/v1/check", json=asked)
        self._must_find("check page", one, answer, answer.json())

    def check_batch(self) -> None:
        """An own one, a line that is none, the pillar, and a text twice that the batch alone has."""
        one = self._made("")
        lines = [{"text": one.text, "limit": 50}, {"text": 7}, {"text": PILLAR.text}, {"text": STRANGER},
                 {"text": STRANGER}]
        among = {"against": "archive,batch"}
        answer, _ = self.ask(
            "check/batch", "POST", "/v1/check/batch", content=lines_of(lines), headers=NDJSON, params=among
        )
        told = [json.loads(line) for line in answer.text.splitlines()]
        self.must("check/batch", [line["line"] for line in told] == [1, 2, 3, 4, 5], answer)
        mine, bad, pillar, stranger, again = told
        self._must_find("check/batch", one, answer, mine)
        self.must("check/batch", bad["type"].endswith("invalid-field"), answer)
        self.must("check/batch", [s["document"] for s in pillar["sources"]] == [PILLAR.id], answer)
        self.must("check/batch", stranger["verdict"] == "unique" and not stranger["sources"], answer)
        self.must("check/batch", [s["line"] for s in again["sources"]] == [4], answer)

    def copies(self) -> None:
        id = self.draw.choice(self.ids)
        one = self.own.get(id)
        answer, _ = self.ask("copies", "GET", path_of(id) + "/copies", params={"limit": 50})
        if one is None:
            self.must("copies", answer.status_code == 404, answer)
        else:
            self.must("copies", answer.status_code == 200, answer)
            self._must_list("copies", one.text, {id}, answer, answer.json())

    def compare(self) -> None:
        a, b = self._made(""), self._made("")
        answer, _ = self.ask("compare", "POST", "/v1/compare", json={"a": a.text, "b": b.text})
        self.must("compare", answer.status_code == 200, answer)
        told, shared = answer.json(), len(parts_of(a.text) & parts_of(b.text))
        for side, text in (("a", a.text), ("b", b.text)):
            share = shared / len(parts_of(text))
            self.must("compare", abs(told[f"containment_{side}"] - share) < 1e-6, answer)

    def list(self) -> None:
        listed: list[dict[str, Any]] = []
        asked: dict[str, Any] = {"publisher": self.publisher, "texts": True, "limit": 5}
        while True:
            answer, _ = self.ask("list", "GET", "/v1/documents", params=asked)
            self.must("list", answer.status_code == 200, answer)
            told = answer.json()
            listed += told["documents"]
            if told["cursor"] is None:
                break
            asked["cursor"] = told["cursor"]
        found = {one["id"]: one for one in listed}
        wanted = {id: {**one.to_dict(), "digest": digest_of(one).hex()} for id, one in self.own.items()}
        self.must("list", len(found) == len(listed) and found == wanted, answer)

    def look(self) -> None:
        """What the service says of itself."""
        path, part = self.draw.choice([
            ("/healthz", "alive"), ("/readyz", "ready"), ("/metrics", "nearcopy_requests_total"),
            ("/v1/index", '"generation"'), ("/v1/generations", '"live"'), ("/v1/rebuilds", '"rebuilds"'),
            ("/v1/collections", '"other"'), ("/openapi.json", '"openapi"'),
        ])
        answer, _ = self.ask(path, "GET", path)
        self.must(path, answer.status_code == 200 and part in answer.text, answer)

    def check_other(self) -> None:
        """The other collection has the archive, and nothing of this client."""
        answer, _ = self.ask("check other", "POST", "/v1/check", json={"text": PILLAR.text}, params=OTHER)
        self.must("check other", [s["document"] for s in answer.json()["sources"]] == [PILLAR.id], answer)
        mine = self.draw.choice(list(self.own.values()) or [self._made("")])
        answer, _ = self.ask("check other", "POST", "/v1/check", json={"text": mine.text}, params=OTHER)
        self.must("check other", answer.json()["verdict"] == "unique", answer)

    def send_rubbish(self) -> None:
        method, path, given, status, kind = self.draw.choice(MALFORMED)
        answer, _ = self.ask("malformed", method, path, **given)
        right = answer.status_code == status and answer.json()["type"].endswith(f":{kind}")
        self.must("malformed", right, answer)

    def _made(self, id: str) -> Document:
        numbers = self.draw.sample(self.numbers, self.draw.randint(1, 4))
        return Document(id, text_of(numbers), str(self.draw.random()), self.publisher)

    def _one(self) -> Document:
        """One that is stored, or the pillar."""
        return self.draw.choice([*self.own.values(), PILLAR])

    def _settle(self, id: str, done: Document | None) -> None:
        """After a write whose answer was lost: it was done whole, or not at all."""
        answer, _ = self.ask("get", "GET", path_of(id))
        stored = answer.json() if answer.status_code == 200 else None
        known = [one.to_dict() if one else None for one in (done, self.own.get(id))]
        self.must("after a lost answer", answer.status_code in (200, 404) and stored in known, answer)
        if stored is None:
            self.own.pop(id, None)
        elif done is not None and stored == done.to_dict():
            self.own[id] = done

    def _must_find(self, name: str, one: Document, answer: httpx.Response, told: dict[str, Any]) -> None:
        """The report of a text lists whoever shares a paragraph with it, and nobody else."""
        self.must(name, answer.status_code == 200 and "verdict" in told, answer)
        self._must_list(name, one.text, set(), answer, told)
        if self.own.get(one.id) == one or one is PILLAR:
            itself = [s for s in told["sources"] if s["document"] == one.id]
            self.must(name, told["verdict"] == "copy" and itself[0]["containment"] == 1.0, answer)

    def _must_list(
        self, name: str, text: str, but: set[str], answer: httpx.Response, told: dict[str, Any]
    ) -> None:
        stored = [*self.own.values(), PILLAR]
        wanted = {one.id for one in stored if parts_of(one.text) & parts_of(text)} - but
        self.must(name, {one["document"] for one in told["sources"]} == wanted, answer)


def path_of(id: str) -> str:
    """Where a document is."""
    return "/v1/documents/" + quote(id, safe="")


def body_of(one: Document) -> dict[str, Any]:
    """What to send to store it."""
    return {"text": one.text, "title": one.title, "publisher": one.publisher}


def tag_of(one: Document) -> str:
    """Its ETag."""
    return f'"{digest_of(one).hex()}"'


def lines_of(values: Iterable[Any]) -> bytes:
    """A body of lines."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def parts_of(text: str) -> set[str]:
    """Its paragraphs."""
    return set(text.split("\n\n"))
