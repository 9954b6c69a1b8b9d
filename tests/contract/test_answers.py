"""What each call answers when all is well: the shapes of the contract, to the last name."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from nearcopy.archive import Archive
from nearcopy.document import Document
from service.app import create_app
from service.archives import Archives
from service.problems import ALL
from tests.contract.described import Described
from tests.contract.texts import DOCUMENT, TEXT

# fmt: off
REPORT = {
    "verdict", "words", "coverage", "candidates", "verified", "sources_found", "bounded", "sources",
    "paragraphs", "detection", "generation", "took_ms",
}
SOURCE = {
    "document", "title", "publisher", "url", "published_at", "containment", "contained", "resemblance",
    "matched_words", "earliest", "passages",
}
PASSAGE = {"start", "end", "source_start", "source_end", "words", "similarity"}
PARAGRAPH = {"index", "start", "end", "words", "status", "repeats", "documents", "matches"}
MATCH = {"document", "start", "end", "resemblance", "containment"}
DETECTION = {"threshold", "probability", "bands", "rows", "shingle", "verbatim_words"}
COMPARISON = {
    "words_a", "words_b", "resemblance", "containment_a", "containment_b", "matched_words_a",
    "matched_words_b", "passages",
}
# fmt: on

FIRST = TEXT.partition("\n\n")[0]


@pytest.fixture
def archive(archives: Archives) -> Archive:
    """The same collection, through the engine."""
    return archives.get()


def without_time(report: dict[str, Any]) -> dict[str, Any]:
    """A report but for how long it took."""
    return {name: value for name, value in report.items() if name != "took_ms"}


def test_a_report_has_the_names_of_the_contract(call: Described) -> None:
    report = call("POST", "/v1/check", json={"text": f"Read this first.\n\n{FIRST}"}).get_json()
    [source], [short, matched] = report["sources"], report["paragraphs"]
    [passage], [match] = source["passages"], matched["matches"]
    assert set(report) == REPORT
    assert (set(source), set(passage)) == (SOURCE, PASSAGE)
    assert (set(short), set(matched), set(match)) == (PARAGRAPH, PARAGRAPH, MATCH)
    assert set(report["detection"]) == DETECTION
    assert (short["status"], matched["status"], matched["documents"]) == ("short", "matched", 1)
    assert (passage["start"], passage["end"]) == (18, 18 + len(FIRST) - 1)
    assert (passage["source_start"], passage["source_end"]) == (0, len(FIRST) - 1)
    assert {name: source[name] for name in ("document", "title", "publisher", "url", "published_at")} == {
        name: DOCUMENT["id" if name == "document" else name]
        for name in ("document", "title", "publisher", "url", "published_at")
    }


def test_check_answers_what_the_engine_answers(call: Described, archive: Archive) -> None:
    archive.put(Document.checked({"id": "b", "text": FIRST, "publisher": "B"}))
    text = f"{FIRST}\n\nWords of our own, which nobody has printed so far, end this."
    without_b: list[dict[str, Any]] = [{"exclude_documents": ["b"]}, {"exclude_publishers": ["B"]}]
    for options in ({}, *without_b, {"limit": 1}, {"threshold": 0.9}, {"min_words": 5}):
        report = call("POST", "/v1/check", json={"text": text} | options).get_json()
        assert without_time(report) == without_time(plain(archive.check(text, **options).to_dict()))
        assert report["sources_found"] == (1 if options in without_b else 2)
        assert len(report["sources"]) == min(report["sources_found"], options.get("limit", 10))


def plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def test_who_hands_a_text_in_is_accepted_and_excludes_nobody(call: Described) -> None:
    metadata = {name: DOCUMENT[name] for name in ("title", "publisher", "published_at")}
    report = call("POST", "/v1/check", json={"text": TEXT} | metadata).get_json()
    assert (report["verdict"], report["sources_found"]) == ("copy", 1)


def test_null_is_as_good_as_left_out(call: Described) -> None:
    nothing = dict.fromkeys(("title", "publisher", "published_at", "threshold"))
    assert call("POST", "/v1/check", json={"text": TEXT} | nothing).get_json()["verdict"] == "copy"


def test_compare_answers_what_the_engine_answers(call: Described, archive: Archive) -> None:
    answer = call("POST", "/v1/compare", json={"a": TEXT, "b": FIRST, "min_words": 4}).get_json()
    assert answer == plain(archive.compare(TEXT, FIRST, min_words=4).to_dict())
    assert answer["containment_b"] == 1.0 > answer["containment_a"] > 0.4
    assert set(answer) == COMPARISON
    assert [set(passage) for passage in answer["passages"]] == [PASSAGE]


def test_a_document_comes_back_as_it_was_put(call: Described) -> None:
    whole = {name: value for name, value in DOCUMENT.items() if name != "id"}
    # Free fields that are named like others stay free fields
    whole["fields"] = {
        "title": 5,
        "id": "other",
        "text": None,
        "meta": {"a": [1.5, True, "é🚢", 2**63]},
        "": {},
    }
    answer = call("PUT", "/v1/documents/{id}", id="d", json=whole)
    assert (answer.status_code, answer.get_json()) == (201, {"id": "d", "outcome": "created"})
    assert call("GET", "/v1/documents/{id}", id="d").get_json() == {"id": "d"} | whole
    bare = call("PUT", "/v1/documents/{id}", id="d", json={"text": TEXT, "title": None})
    assert (bare.status_code, bare.get_json()["outcome"]) == (200, "replaced")
    assert call("GET", "/v1/documents/{id}", id="d").get_json() == {"id": "d", "text": TEXT, "fields": {}}
    again = call("PUT", "/v1/documents/{id}", id="d", json={"text": TEXT})
    assert (again.status_code, again.get_json()["outcome"]) == (200, "unchanged")


def test_fields_may_be_nested_as_deep_as_is_said(call: Described) -> None:
    fields: Any = 1
    for _ in range(250):
        fields = {"a": fields}
    assert call("PUT", "/v1/documents/{id}", id="d", json={"text": TEXT, "fields": fields}).status_code == 201
    assert call("GET", "/v1/documents/{id}", id="d").get_json()["fields"] == fields


def test_a_deleted_document_is_gone_from_every_answer(call: Described) -> None:
    answer = call("DELETE", "/v1/documents/{id}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert call("DELETE", "/v1/documents/{id}").status_code == 404
    assert call("GET", "/v1/documents/{id}").status_code == 404
    assert call("GET", "/v1/documents/{id}/copies").status_code == 404
    assert call("POST", "/v1/check", json={"text": TEXT}).get_json()["sources"] == []


def test_copies_are_of_others(call: Described, archive: Archive) -> None:
    assert call("GET", "/v1/documents/{id}/copies").get_json()["sources"] == []
    for id, publisher in (("b", "B & Söhne"), ("c", "C")):
        archive.put(Document.checked({"id": id, "text": FIRST, "publisher": publisher}))
    report = call("GET", "/v1/documents/{id}/copies").get_json()
    assert report.pop("cluster") is None
    assert without_time(report) == without_time(plain(archive.copies("tna-1").to_dict()))
    assert {source["document"] for source in report["sources"]} == {"b", "c"}
    few = call(
        "GET", "/v1/documents/{id}/copies", query={"exclude_publishers": ["B & Söhne", "D"], "limit": 5}
    )
    assert [source["document"] for source in few.get_json()["sources"]] == ["c"]
    none = call("GET", "/v1/documents/{id}/copies", query={"min_words": 1000, "threshold": 1})
    assert none.get_json()["sources"] == []


def test_an_id_that_ends_in_copies_can_be_read(call: Described) -> None:
    call.client.put("/v1/documents/tna-1/copies", json={"text": "A text of its own."})
    assert call("GET", "/v1/documents/{id}/copies").get_json()["sources"] == []
    stored = call("GET", "/v1/documents/{id}/copies", query={"view": "document"}).get_json()
    assert (stored["id"], stored["text"]) == ("tna-1/copies", "A text of its own.")
    assert call.client.delete("/v1/documents/tna-1/copies").status_code == 204
    assert call("GET", "/v1/documents/{id}").get_json()["text"] == TEXT


def test_the_index_tells_its_state(call: Described, archive: Archive) -> None:
    state = call("GET", "/v1/index").get_json()
    assert (state["collection"], state["documents"], state["paragraphs"]) == (archive.store.collection, 1, 2)
    assert (state["digest"], state["generation"]) == (archive.parameters.digest, archive.store.generation())
    assert state["bytes"] > 100_000
    assert state["parameters"]["bands"] == archive.parameters.bands
    curve = {point["resemblance"]: point["probability"] for point in state["detection"]}
    assert list(curve) == [step / 20 for step in range(1, 21)]
    assert curve[0.5] == archive.parameters.probability
    assert curve[1] == 1


def test_health_and_readiness(call: Described) -> None:
    assert call("GET", "/healthz").get_json() == {"status": "alive"}
    assert call("GET", "/readyz").get_json() == {"status": "ready"}


def test_a_fresh_redis_is_ready_at_once(redis_url: str, collection: str) -> None:
    fresh = create_app(Archives(redis_url, f"{collection}-fresh")).test_client()
    assert fresh.get("/readyz").status_code == 200
    assert fresh.get("/v1/index").get_json()["documents"] == 0


def test_the_list_of_calls_is_the_description_of_calls(call: Described) -> None:
    listed = call("GET", "/").get_json()["calls"]
    assert [(item["method"], item["path"]) for item in listed] == call.operations()
    assert all(item["summary"] for item in listed)


def test_the_description_is_openapi_3_1(call: Described) -> None:
    answer = call("GET", "/openapi.json").get_json()
    OpenAPIV31SpecValidator(answer).validate()
    assert answer["openapi"] == "3.1.0"
    assert answer["info"]["version"]


def test_the_description_explains_every_call_field_and_problem(call: Described) -> None:
    for method, path in call.operations():
        operation = call.description["paths"][path][method.lower()]
        assert operation["summary"]
        assert all(parameter["description"] for parameter in operation["parameters"])
    schemas = call.description["components"]["schemas"]
    assert all(schema["description"] for schema in schemas.values())
    for name in ("Submission", "DocumentBody"):
        undescribed = {
            field for field, schema in schemas[name]["properties"].items() if "description" not in str(schema)
        }
        assert undescribed == set()
    described = set().union(*(call.problems(*operation) for operation in call.operations()))
    assert described == {problem.type for problem in ALL} - {
        "urn:nearcopy:problem:no-such-path",
        "urn:nearcopy:problem:wrong-method",
    }
