"""The lines of a batch against each other: as if each had been stored before the next was checked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import lines
from nearcopy.index.lines import Lines
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from tests.integration.making import paragraph
from tests.integration.test_streams import ndjson, send, slugs, without_place


def story(dice: random.Random, number: int) -> dict[str, Any]:
    """A text of paragraphs that others have too, whole, run together or with other words in between."""
    parts = [paragraph(n, dice.choice((9, 30))) for n in dice.sample(range(40), dice.choice((1, 2, 5)))]
    if dice.random() < 0.3:
        words = " ".join(parts).split()
        parts = [" ".join(word if dice.random() > 0.05 else f"x{dice.randrange(999)}" for word in words)]
    parts.append("Read our newsletter every day of the week now")
    return {
        "id": f"line-{number}", "text": "\n\n".join(parts),
        "publisher": f"P{number % 4}", "published_at": f"2026-11-{number % 28 + 1:02}",
        "exclude_publishers": dice.choice(([], [], ["P1"])),
    }


def one_after_another(archive: Archive, bodies: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The oracle: check, then store."""
    for body in bodies:
        report = archive.check(body["text"], exclude_publishers=body["exclude_publishers"])
        yield httpx.Response(200, json=report.to_dict()).json()
        named = {name: body.get(name) for name in ("id", "text", "publisher", "published_at")}
        archive.put(Document.checked(named))


def compared(told: dict[str, Any]) -> dict[str, Any]:
    """A report without what tells lines from documents."""
    told = {name: value for name, value in without_place(told).items() if name not in ("line", "id")}
    for item in [*told["sources"], *(match for one in told["paragraphs"] for match in one["matches"])]:
        item.pop("line", None)
    # Equals stand in the order of their names, and a line is not named as its sender calls it
    for one in told["paragraphs"]:
        one["matches"].sort(key=lambda m: (-m["resemblance"], -m["containment"], m["document"]))
    return told


def test_lines_are_found_as_if_they_had_been_stored(http: httpx.Client, archive: Archive) -> None:
    dice = random.Random(3)
    bodies = [story(dice, number) for number in range(1, 121)]
    answers = send(http, "/v1/check/batch", ndjson(*bodies), against="batch")
    assert http.get("/v1/index").json()["documents"] == 0
    for told, alone in zip(answers, one_after_another(archive, bodies), strict=True):
        for source in told["sources"]:
            assert source["document"] == f"line-{source['line']}"
            assert source["line"] < told["line"]
        assert compared(told) == compared(alone)
    assert set(slugs(answers)) == {"copy", "partial", "unique"}
    assert any(one["status"] == "common" for told in answers for one in told["paragraphs"])


def test_lines_stand_beside_the_archive(http: httpx.Client, archive: Archive) -> None:
    archive.put(Document("stored", paragraph(1, 30)))
    sent = [
        {"text": paragraph(1, 30)}, {"id": "two", "text": paragraph(2, 30)}, b"{",
        {"text": f"{paragraph(1, 30)}\n\n{paragraph(2, 30)}", "return_text": True},
    ]
    both = send(http, "/v1/check/batch", ndjson(*sent), against="archive,batch")
    found = [[(s["document"], s.get("line")) for s in one.get("sources", [])] for one in both]
    assert found[:3] == [[("stored", None)], [], []]
    assert sorted(found[3], key=str) == [("stored", None), ("two", 2), (None, 1)]
    assert both[3]["text"] == sent[3]["text"]  # type: ignore[index]
    # Lines that are not answered again are sources all the same
    assert send(http, "/v1/check/batch", ndjson(*sent), against="archive,batch", **{"from": 4}) == [
        both[3] | {"took_ms": pytest.approx(both[3]["took_ms"], abs=1e4)}
    ]
    refused = http.post("/v1/check/batch", params={"against": "nothing"})
    assert refused.json()["errors"][0]["parameter"] == "against"


def test_a_batch_holds_so_much_and_says_so(http: httpx.Client, archive: Archive) -> None:
    large = [{"text": f"{paragraph(1, 30)}{'.' * 1_900_000}"}] * (lines.MOST_CHARACTERS // 1_900_000 + 1)
    answers = send(http, "/v1/check/batch", ndjson(*large, {"text": paragraph(1)}), against="batch")
    assert slugs(answers) == ["unique"] + ["copy"] * (len(large) - 1) + ["body-too-large"]
    assert "as another batch" in answers[-1]["detail"]
    assert archive.stats()["documents"] == 0


def test_a_line_that_is_tried_again_is_kept_once() -> None:
    parameters = Parameters()
    kept = Lines(parameters)
    scanned = scan_texts([paragraph(1, 30), paragraph(2, 30)])
    buckets = [buckets_of(scanned, parameters).one(t, int(scanned.text_spans[t])) for t in range(2)]
    documents = [Document("\n1", paragraph(1, 30)), Document("\n2", paragraph(2, 30))]
    assert kept.add(documents[:1], buckets[:1]) == [1]
    assert kept.add(documents, buckets) == kept.add(documents, buckets) == [1, 2]
    assert kept.document(2) is documents[1]
