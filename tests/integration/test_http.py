"""Calls to the real server: reports, offsets, documents and their ids."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from tests.contract.serving import Service

STORY = (
    "𝔗he 🚢 ferry company said on Monday that its last wooden boat will sail for the island at noon.\n\n"
    "Тысячи жителей пришли на пристань, чтобы проводить паром 👩‍👩‍👧 в последний путь через пролив.\n\n"
    "渡し船は四十年の間、島の人々を運び続けてきた。新しい桟橋は来年の春に開く予定だ。\n\n"
    "No date has been set for the auction of the boat, which the council 🏛 hopes will stay in the harbour."
)

IDS = [
    "plain", "a/b", "/", "//", "a//b/", "x/copies", "copies", "/copies", "copies/copies", "a b", " ", "a+b",
    "a%20b", "%", "%2F", "%00", "a?b=c", "a#b", "a&b;c", "../../etc", "a/../b", "./a", "日本語", "é",
    "e\u0301", "🚢𝔗", "\u200b", "\u202e", "\\", '"quoted"', "<b>", "{id}", "a\u00a0b", "\u0085", "x" * 512,
    "é" * 256, "🚢" * 128,
]  # fmt: skip


def address(id: str) -> str:
    """Where a document is."""
    return f"/v1/documents/{quote(id, safe='')}"


def without_time(report: dict[str, Any]) -> dict[str, Any]:
    """A report but for how long it took."""
    return {name: value for name, value in report.items() if name != "took_ms"}


def test_a_check_answers_what_the_engine_answers(http: httpx.Client, archive: Archive) -> None:
    for id, text in (
        ("whole", STORY),
        ("first", STORY.split("\n\n")[0]),
        ("other", "Nothing of the kind here."),
    ):
        archive.put(Document.checked({"id": id, "text": text, "published_at": "2026-11-20"}))
    submission = "🚢🚢 Our own report.\n\n" + STORY.upper()
    report = http.post("/v1/check", json={"text": submission}).json()
    told = archive.check(submission).to_dict()
    assert without_time(report) == without_time(httpx.Response(200, json=told).json())
    assert [source["document"] for source in report["sources"]] == ["whole", "first"]


def test_offsets_are_code_points_of_both_texts(http: httpx.Client) -> None:
    assert http.put(address("s"), json={"text": STORY}).status_code == 201
    submission = "🚢 Ours first, in words that were never printed: 𝔞𝔟𝔠.\n\n" + STORY.replace("\n\n", " ⛵ ")
    [source] = http.post("/v1/check", json={"text": submission}).json()["sources"]
    for passage in source["passages"]:
        mine = submission[passage["start"] : passage["end"]].replace(" ⛵ ", "\n\n")
        assert mine == STORY[passage["source_start"] : passage["source_end"]]
    # All but the full stop
    assert (
        sum(passage["source_end"] - passage["source_start"] for passage in source["passages"])
        == len(STORY) - 1
    )


def test_put_tells_what_it_did_and_delete_whether_there_was_anything(http: httpx.Client) -> None:
    put = [
        http.put(address("d"), json={"text": text})
        for text in ("One text.", "One text.", "Another.", "One text.")
    ]
    assert [answer.status_code for answer in put] == [201, 200, 200, 200]
    assert [answer.json()["outcome"] for answer in put] == ["created", "unchanged", "replaced", "replaced"]
    deleted = [http.delete(address("d")) for _ in range(2)]
    assert [answer.status_code for answer in deleted] == [204, 404]
    assert (deleted[0].content, deleted[0].headers.get("Content-Type")) == (b"", None)
    assert http.put(address("d"), json={"text": "One text."}).status_code == 201


@pytest.mark.parametrize("id", IDS)
def test_an_id_is_any_text_percent_encoded(http: httpx.Client, id: str) -> None:
    other = f"Quite another text, numbered {IDS.index(id)}."
    assert http.put(address("other"), json={"text": other}).json() == {"id": "other", "outcome": "created"}
    assert http.put(address(id), json={"text": STORY}).json() == {"id": id, "outcome": "created"}
    stored = http.get(address(id), params={"view": "document"} if id.endswith("/copies") else {}).json()
    assert (stored["id"], stored["text"]) == (id, STORY)
    found = http.post("/v1/check", json={"text": STORY}).json()["sources"]
    assert [source["document"] for source in found] == [id]
    excluded = http.post("/v1/check", json={"text": STORY, "exclude_documents": [id]}).json()
    assert excluded["sources"] == []
    copies = http.get(f"{address(id)}/copies")
    assert (copies.status_code, copies.json()["sources"]) == (200, [])
    assert http.delete(address(id)).status_code == 204
    assert http.get("/v1/index").json()["documents"] == 1


@pytest.mark.parametrize("id", [".", ".."])
def test_a_client_that_leaves_dots_alone_may_have_them_as_ids(
    service: Service, collection: str, id: str
) -> None:
    target = f"/v1/documents/{id}?collection={collection}".encode()
    with httpx.Client(base_url=service.address) as client:
        put = client.put("/", json={"text": STORY}, extensions={"target": target})
        assert put.json() == {"id": id, "outcome": "created"}
        assert client.get("/", extensions={"target": target}).json()["id"] == id


def test_composed_and_decomposed_ids_are_two(http: httpx.Client) -> None:
    assert http.put(address("é"), json={"text": "Composed."}).status_code == 201
    assert http.put(address("e\u0301"), json={"text": "Decomposed."}).status_code == 201
    assert http.get(address("é")).json()["text"] == "Composed."


@pytest.mark.parametrize("path", ["/v1/documents/%FF", "/v1/documents/%C3%28/copies", "/v1/%ED%A0%80"])
def test_bytes_that_are_no_utf8_are_refused(http: httpx.Client, path: str) -> None:
    assert http.get(path).json()["type"] == "urn:nearcopy:problem:not-utf-8"


def test_writers_of_one_id_end_with_one_whole_document(http: httpx.Client) -> None:
    words = [[f"writer{n}word{w}" for w in range(400)] for n in range(16)]
    texts = ["\n\n".join(" ".join(mine[k : k + 25]) for k in range(0, 400, 25)) for mine in words]

    def write(number: int) -> list[str]:
        body = {"text": texts[number], "publisher": f"P{number}"}
        return [http.put(address("contended"), json=body).json()["outcome"] for _ in range(5)]

    with ThreadPoolExecutor(16) as writers:
        outcomes = [outcome for done in writers.map(write, range(16)) for outcome in done]
    assert outcomes.count("created") == 1
    stored = http.get(address("contended")).json()
    winner = texts.index(stored["text"])
    assert stored["publisher"] == f"P{winner}"
    assert http.get("/v1/index").json()["documents"] == 1
    for number, text in enumerate(texts):
        report = http.post("/v1/check", json={"text": text}).json()
        expected = ("copy", 1, 1.0) if number == winner else ("unique", 0, 0.0)
        assert (report["verdict"], report["sources_found"], report["coverage"]) == expected
        held = {paragraph["documents"] for paragraph in report["paragraphs"]}
        assert held == {1 if number == winner else 0}
    assert http.delete(address("contended")).status_code == 204
    assert http.post("/v1/check", json={"text": texts[winner]}).json()["candidates"] == 0


def test_the_server_describes_what_the_application_does(http: httpx.Client) -> None:
    description = httpx.get(f"{http.base_url}/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    assert set(description["paths"]) >= {
        "/v1/check",
        "/v1/compare",
        "/v1/documents/{id}",
        "/v1/index",
        "/readyz",
    }
