"""Pages and files in place of texts: read to their main text, which every offset refers to."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from io import BytesIO
from typing import Any

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from service import problems
from service.app import create_app
from service.archives import Archives
from service.settings import Settings
from service.streams import answering
from service.uploads.readers import Readers
from tests.contract.described import Described, assert_problem
from tests.contract.texts import TEXT
from tests.unit.extract.made import OTHER, WORDS, letter, pdf, scan

CHECK, COMPARE, PUT = ("POST", "/v1/check"), ("POST", "/v1/compare"), ("PUT", "/v1/documents/{id}")
FIRST, SECOND = TEXT.split("\n\n")
PAGE = (
    "<!doctype html><html><head><title>Ferry</title><script>var words = 'of no text';</script></head><body>"
    "<nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav>"
    f"<article><p>{FIRST}</p><p>{SECOND}</p><p>Grün ist die Fähre.</p></article>"
    "<footer>Copyright of the paper</footer></body></html>"
)
MAIN = f"{TEXT}\n\nGrün ist die Fähre."
HTML = "text/html"
UTF8 = "text/html; charset=utf-8"


@pytest.fixture
def archive(archives: Archives) -> Archive:
    """The same collection, through the engine."""
    return archives.get()


def plain(report: Any) -> dict[str, Any]:
    """A report as JSON has it, but for how long it took."""
    told: dict[str, Any] = json.loads(json.dumps(report if isinstance(report, dict) else report.to_dict()))
    return told | {"took_ms": 0}


def file(data: bytes, name: str = "a.txt", **fields: Any) -> dict[str, Any]:
    """A form as the client takes it."""
    return {"data": {"file": (BytesIO(data), name), **fields}}


def test_a_page_in_json_is_checked_as_its_main_text(call: Described, archive: Archive) -> None:
    body = {"text": PAGE, "format": "html", "return_text": True, "min_words": 4}
    report = call(*CHECK, json=body).get_json()
    assert report.pop("text") == MAIN
    assert plain(report) == plain(archive.check(MAIN, min_words=4))
    assert report["sources"][0]["passages"][-1]["end"] == len(TEXT) - 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PAGE.encode(), HTML),
        (PAGE.encode(), "application/xhtml+xml"),
        (PAGE.encode("latin-1", "xmlcharrefreplace"), "text/html; charset=iso-8859-1"),
        (PAGE.replace("<head>", "<head><meta charset=cp1252>").encode("cp1252", "xmlcharrefreplace"), HTML),
        (PAGE.encode("utf-16"), HTML),
        (PAGE.encode(), "TEXT/HTML; Charset=UTF-8"),
    ],
    ids=["UTF-8", "xhtml", "latin-1", "meta", "UTF-16", "capitals"],
)
def test_a_page_is_checked_in_whatever_encoding(call: Described, data: bytes, kind: str) -> None:
    report = call(*CHECK, query={"return_text": "true"}, data=data, content_type=kind).get_json()
    assert report["text"] == MAIN
    assert report["sources"][0]["document"] == "tna-1"


def test_the_query_of_a_page_says_what_json_would(call: Described, archive: Archive) -> None:
    archive.put(Document.checked({"id": "b", "text": FIRST, "publisher": "B"}))
    archive.put(Document.checked({"id": "c", "text": FIRST, "publisher": "C"}))
    asked = {"exclude_documents": ["tna-1", "x"], "exclude_publishers": ["B"], "limit": 5, "min_words": 9}
    query = asked | {"threshold": 0.6, "title": "T", "publisher": "P", "published_at": "2026-11-23"}
    report = call(*CHECK, query=query, data=PAGE, content_type=HTML).get_json()
    assert [source["document"] for source in report["sources"]] == ["c"]
    assert plain(report) == plain(archive.check(MAIN, threshold=0.6, **asked))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "name", "advice"),
    [
        ("limit=0", "limit", "must be greater than or equal to 1"),
        ("limit=1&limit=2", "limit", "is given 2 times: give it once"),
        ("return_text=perhaps", "return_text", "must be a valid boolean"),
        ("format=html", "format", "is unknown here: remove it"),
        ("title=" + "x" * 201, "title", "must have at most 200 characters"),
        ("&".join(["exclude_documents=a"] * 21), "exclude_documents", "must have at most 20 items"),
        ("published_at=now", "published_at", "is not an ISO 8601 date"),
    ],
)
def test_a_bad_option_of_a_page_is_named(call: Described, query: str, name: str, advice: str) -> None:
    response = call(*CHECK, query=query, data=PAGE, content_type=HTML)
    assert advice in assert_problem(response, problems.INVALID_PARAMETER, name)


def test_options_of_json_stand_in_its_body_alone(call: Described) -> None:
    response = call(*CHECK, query="limit=3", json={"text": TEXT})
    assert "is unknown here: remove it" in assert_problem(response, problems.INVALID_PARAMETER, "limit")


def test_pages_are_compared_as_their_main_texts(call: Described, archive: Archive) -> None:
    other = f"<p>{WORDS}</p><p>{FIRST}</p>"
    body = {"a": PAGE, "b": other, "format": "html", "return_text": True}
    answer = call(*COMPARE, json=body).get_json()
    assert (answer.pop("text_a"), answer.pop("text_b")) == (MAIN, f"{WORDS}\n\n{FIRST}")
    assert plain(answer) == plain(archive.compare(MAIN, f"{WORDS}\n\n{FIRST}"))
    response = call(*COMPARE, data=PAGE, content_type=HTML)
    assert "send Content-Type: application/json" in assert_problem(response, problems.WRONG_TYPE)


def test_texts_come_back_where_asked_for(call: Described) -> None:
    assert call(*CHECK, json={"text": TEXT, "return_text": True}).get_json()["text"] == TEXT
    assert call(*CHECK, json={"text": PAGE}).get_json()["words"] > 60  # tags and all
    assert "text" not in call(*CHECK, json={"text": PAGE, "format": "html"}).get_json()
    both = call(*COMPARE, json={"a": TEXT, "b": FIRST, "return_text": True}).get_json()
    assert (both["text_a"], both["text_b"]) == (TEXT, FIRST)


def test_a_page_is_stored_as_its_main_text(call: Described) -> None:
    about = {
        "title": "Ferry",
        "publisher": "B & Söhne",
        "url": "https://b.example/1",
        "published_at": "2026-11-21",
    }
    answer = call(*PUT, id="p", query=about, data=PAGE, content_type=HTML)
    assert (answer.status_code, answer.get_json()["outcome"]) == (201, "created")
    stored = {"id": "p", "text": MAIN, "fields": {}} | about
    assert call("GET", "/v1/documents/{id}", id="p").get_json() == stored
    # The same page the other way is the same document
    again = call(*PUT, id="p", json={"text": PAGE, "format": "html"} | about)
    assert (again.status_code, again.get_json()["outcome"]) == (200, "unchanged")
    response = call(*PUT, id="p", query="fields=x", data=PAGE, content_type=HTML)
    assert "is unknown here" in assert_problem(response, problems.INVALID_PARAMETER, "fields")


@pytest.mark.parametrize(
    ("where", "given", "places"),
    [
        (CHECK, {"json": {"text": "<p> </p>", "format": "html"}}, ["/text"]),
        (COMPARE, {"json": {"a": PAGE, "b": "<br>", "format": "html"}}, ["/b"]),
        (PUT, {"json": {"text": "<script>x()</script>", "format": "html"}}, ["/text"]),
        (CHECK, {"data": b"", "content_type": HTML}, []),
        (PUT, {"data": b"<html><body></body></html>", "content_type": UTF8}, []),
    ],
)
def test_a_page_without_text_is_named(
    call: Described, where: tuple[str, str], given: dict[str, Any], places: list[str]
) -> None:
    assert assert_problem(call(*where, **given), problems.UNREADABLE_FILE, *places) == "no text in the page"


def test_a_page_without_a_word_is_named(call: Described) -> None:
    assert_problem(call(*CHECK, data="<p>… !", content_type=HTML), problems.NO_WORDS, "/text")


def test_a_bad_format_is_named(call: Described) -> None:
    for where, body in ((CHECK, {"text": TEXT}), (COMPARE, {"a": TEXT, "b": TEXT}), (PUT, {"text": TEXT})):
        response = call(*where, json=body | {"format": "pdf"})
        assert "must be 'text' or 'html'" in assert_problem(response, problems.INVALID_FIELD, "/format")


FILES = [
    pytest.param(TEXT.encode("utf-16"), "a.txt", id="txt"),
    pytest.param(f"<html><p>{FIRST}</p><p>{SECOND}</p></html>".encode(), "a.html", id="html"),
    pytest.param(letter(FIRST, SECOND), "a.docx", id="docx"),
    pytest.param(pdf([[FIRST], [SECOND.replace(" 🚢", "")]]), "a.pdf", id="pdf"),
]


@pytest.mark.parametrize(("data", "name"), FILES)
def test_a_file_is_checked(call: Described, data: bytes, name: str) -> None:
    report = call(*CHECK, **file(data, name, return_text="true")).get_json()
    text = TEXT.replace(" 🚢", "") if name == "a.pdf" else TEXT
    assert (report["text"], report["verdict"], report["coverage"]) == (text, "copy", 1.0)
    assert report["sources"][0]["passages"][0]["start"] == 0


def test_the_fields_of_a_form_say_what_json_would(call: Described, archive: Archive) -> None:
    archive.put(Document.checked({"id": "b", "text": FIRST, "publisher": "B"}))
    archive.put(Document.checked({"id": "c", "text": FIRST, "publisher": "C"}))
    fields = {"title": "Fähre", "publisher": "", "published_at": "2026-11-23", "threshold": "0.6"}
    lists = {"exclude_documents": ["tna-1", "x"], "exclude_publishers": ["B"]}
    report = call(*CHECK, **file(TEXT.encode(), limit="5", min_words="9", **fields, **lists)).get_json()
    assert [source["document"] for source in report["sources"]] == ["c"]
    assert plain(report) == plain(archive.check(TEXT, threshold=0.6, limit=5, min_words=9, **lists))


def test_the_charset_of_a_part_is_that_of_its_file(call: Described) -> None:
    part = (BytesIO("Слова по-русски".encode("koi8-r")), "a.txt", "text/plain; charset=koi8-r")
    report = call(*CHECK, data={"file": part, "return_text": "1"}).get_json()
    assert report["text"] == "Слова по-русски"


@pytest.mark.parametrize(
    ("fields", "place", "advice"),
    [
        ({"limit": "3"}, "/file", "is missing: add it"),
        ({"file": "a text"}, "/file", "is no file: give this part a filename"),
        ({"file": [(BytesIO(b"a"), "a"), (BytesIO(b"b"), "b")]}, "/file", "is given 2 times: give it once"),
        ({"file": (BytesIO(b"a"), "a"), "limit": ["1", "2"]}, "/limit", "is given 2 times: give it once"),
        ({"file": (BytesIO(b"a"), "a"), "limit": "many"}, "/limit", "must be a valid integer"),
        ({"file": (BytesIO(b"a"), "a"), "text": "b"}, "/text", "is unknown here: remove it"),
        ({"file": (BytesIO(b"a"), "a"), "a/b": (BytesIO(b"b"), "b")}, "/a~1b", "is unknown here: remove it"),
        (
            {"file": (BytesIO(b"a"), "a"), "exclude_documents": ["ok", ""]},
            "/exclude_documents/1",
            "a string of at least",
        ),
    ],
)
def test_a_bad_field_of_a_form_is_named(
    call: Described, fields: dict[str, Any], place: str, advice: str
) -> None:
    response = call(*CHECK, data=fields, content_type="multipart/form-data")
    assert advice in assert_problem(response, problems.INVALID_FIELD, place)


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nA text\r\n'
END = b"--x--\r\n"


@pytest.mark.parametrize(
    ("data", "boundary"),
    [(PART, "x"), (PART + END, "y"), (PART + END, ""), (b"--x\r\n\r\nA\r\n--x--", "x")],
    ids=["cut", "other boundary", "no boundary", "no name"],
)
def test_a_form_that_cannot_be_read_says_so(call: Described, data: bytes, boundary: str) -> None:
    kind = f"multipart/form-data; boundary={boundary}" if boundary else "multipart/form-data"
    response = call(*CHECK, data=data, content_type=kind)
    assert assert_problem(response, problems.BAD_REQUEST).startswith("the form cannot be read: ")


def test_a_form_of_thousands_of_parts_is_refused(call: Described) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="exclude_documents"\r\n\r\na\r\n'
    kind = "multipart/form-data; boundary=x"
    response = call(*CHECK, data=part * 3000 + PART + END, content_type=kind)
    assert "a form has at most 2100 parts" in assert_problem(response, problems.TOO_LARGE)


@pytest.mark.parametrize(
    ("data", "name", "problem", "advice"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "a.txt", problems.UNKNOWN_FILE, "is neither text nor a document"),
        (scan(), "a.pdf", problems.UNREADABLE_FILE, "has 2 pages and no text: if scanned, recognise text"),
        (pdf([[WORDS]], password="x"), "a.pdf", problems.UNREADABLE_FILE, "is encrypted: save it without"),
        (letter(WORDS)[:300], "a.docx", problems.UNREADABLE_FILE, "is damaged (File is not a zip file)"),
        (b"", "a.txt", problems.UNREADABLE_FILE, "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    call: Described, data: bytes, name: str, problem: problems.Problem, advice: str
) -> None:
    detail = assert_problem(call(*CHECK, **file(data, name)), problem, "/file")
    assert detail.startswith(f"the file {advice}")


def test_files_have_a_limit_of_their_own_and_their_texts_that_of_bodies(archives: Archives) -> None:
    settings = Settings(body_limit=4096, file_limit=100_000)
    readers = Readers(settings)
    small = Described(create_app(archives, settings, readers))
    for kind, room in ((HTML, 100_000), (None, 99_000)):
        page = b"<html><p>%s</p><!--%s-->" % (OTHER.encode(), b"-" * 90_000)
        for size, status in ((room, 200), (100_001, 413)):
            given = {"data": page.ljust(size), "content_type": kind} if kind else file(page.ljust(size))
            answer = small(*CHECK, **given)
            assert answer.status_code == status
        detail = assert_problem(answer, problems.TOO_LARGE)
        assert detail == "send at most 100000 bytes, or raise NEARCOPY_FILE_LIMIT"
    response = small(*CHECK, **file(b"word " * 900))
    detail = assert_problem(response, problems.UNREADABLE_FILE, "/file")
    assert detail == "the file has more than 4096 bytes of text: send it in parts"
    readers.close()


def test_the_description_tells_of_pages_and_forms(call: Described) -> None:
    operations = {
        where: call.description["paths"][where[1]][where[0].lower()] for where in (CHECK, PUT, COMPARE)
    }
    bodies = {where: set(found["requestBody"]["content"]) for where, found in operations.items()}
    json_, form = "application/json", "multipart/form-data"
    assert bodies == {CHECK: {json_, HTML, form}, PUT: {json_, HTML}, COMPARE: {json_}}
    of_page = [item for item in operations[CHECK]["parameters"] if item["name"] != "collection"]
    assert {item["name"] for item in of_page} >= {"limit", "threshold", "return_text", "exclude_documents"}
    assert all(item["description"].startswith("With a body of text/html: ") for item in of_page)
    upload = call.description["components"]["schemas"]["Upload"]
    assert upload["required"] == ["file"]
    assert upload["properties"]["file"] | {"description": ""} == {
        "type": "string", "format": "binary", "title": "File", "description": "",
    }  # fmt: skip


def test_a_stream_waits_for_others_files_and_says_where_to_go_on(
    archives: Archives, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(extract_processes=1, in_flight=1)
    readers = Readers(settings)
    call = Described(create_app(archives, settings, readers))
    lines = [{"text": TEXT}, {"text": PAGE, "format": "html", "return_text": True}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)

    def told() -> list[dict[str, Any]]:
        sent = {"data": body, "content_type": "application/x-ndjson"}
        return [json.loads(line) for line in call("POST", "/v1/check/batch", **sent).data.splitlines()]

    place = ExitStack()
    place.enter_context(readers.place())
    leaving = threading.Timer(0.3, place.close)
    leaving.start()
    assert [one["line"] for one in told()] == [1, 2]
    leaving.join()
    monkeypatch.setattr(answering, "WAITS", (0.01,))
    with readers.place():
        [last] = told()
    assert (last["type"], last["from"]) == (problems.FILES_BUSY.type, 1)
    readers.close()
