"""What a record may be, what becomes of it, and why one cannot be used."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archived import PACKERS, documents, jsonl, read, rejects, written

from nearcopy.document import Document
from nearcopy.errors import InputError
from worker.archive import Mapping, Reject, blocks, parse, sources
from worker.archive.dates import iso

BROKEN = [
    (b'{"id": "a", "text": ', "not JSON: Expecting value at column 21"),
    (b"nonsense", "not JSON: Expecting value at column 1"),
    (b'["a", "b"]', "the line must be a JSON object"),
    (b'"text"', "the line must be a JSON object"),
    (b"null", "the line must be a JSON object"),
    (b'{"id": "a", "text": "caf\xe9"}', "not UTF-8 at byte 24 of the line"),
    (b'{"id": "a"}', "no text: the field text is missing or null"),
    (b'{"id": "a", "text": null}', "no text: the field text is missing or null"),
    (b'{"id": "a", "text": ""}', "text is empty: send the text itself"),
    (b'{"id": "a", "text": "..."}', "text holds no word: send letters or digits in any script"),
    (b'{"id": "a", "text": ["b"]}', "text must be a string"),
    (b'{"id": "a", "text": 7}', "text must be a string"),
    (b'{"text": "no id"}', "no id: there is no field id"),
    (b'{"id": "", "text": "b"}', "the id must be a string of at least one character"),
    (b'{"id": {"x": 1}, "text": "b"}', "the id must be a string of at least one character"),
    (b'{"id": true, "text": "b"}', "the id must be a string of at least one character"),
    (b'{"id": "a\\n", "text": "b"}', "the id holds a control character: remove it"),
    (b'{"id": "a", "text": "b\\u0000"}', "text holds a NUL character at 1: remove it"),
    (b'{"id": "a", "text": "b \\ud800"}', "text holds a lone surrogate at character 2: "),
    (b'{"id": "a", "text": "b", "x": "\\ud800"}', "fields holds a lone surrogate"),
    (b'{"id": "a", "text": "b", "x": NaN}', "the free fields are not JSON"),
    (b'{"id": "a", "text": "b", "title": ["c"]}', "title must be a string"),
    (b'{"id": "a", "text": "b", "published_at": "soon"}', "published_at is no date: 'soon'"),
    (b'{"id": "a", "text": "b", "published_at": [1]}', "published_at is no date: '[1]'"),
    (b'{"id": "a", "text": "b", "x": ' + b"[" * 10**5 + b"]" * 10**5 + b"}", "not JSON that can be read: "),
    (b'{"id": "a", "text": "b", "x": ' + b"9" * 5000 + b"}", "not JSON that can be read: "),
    (b'{"id": "' + b"a" * 513 + b'", "text": "b"}', "the id is longer than 512 bytes"),
]


@pytest.mark.parametrize(("line", "reason"), BROKEN, ids=[reason[:30] for _, reason in BROKEN])
def test_a_record_that_cannot_be_used(tmp_path: Path, line: bytes, reason: str) -> None:
    good = jsonl([{"id": "good", "text": "good"}])
    results = read(written(tmp_path, "a.jsonl", good + line + b"\n\n" + good))
    assert [type(result) for result in results] == [Document, Reject, Document]
    (reject,) = rejects(results)
    assert reject.place == f"{tmp_path / 'a.jsonl'}:2"
    assert reject.reason.startswith(reason)
    assert reject.sample == line.decode(errors="backslashreplace")[:200]


def test_every_reject_can_be_written_down(tmp_path: Path) -> None:
    more = [b"\xff\xfe\x00{", b'{"id": "\\udfff\\ud800", "text": "a"}']
    lines = b"\n".join([*(line for line, _ in BROKEN), *more])
    results = read(written(tmp_path, "a\udcff.jsonl", jsonl([{"id": "a", "text": "b"}]) + lines), id="id")
    assert len(rejects(results)) == len(BROKEN) + 2
    for reject in rejects(results):
        json.dumps([reject.place, reject.reason, reject.sample], ensure_ascii=False).encode()


def test_mixed_encodings_are_sorted_line_by_line(tmp_path: Path) -> None:
    lines = [f'{{"id": "{n}", "text": "grün {n}"}}' for n in range(6)]
    encodings = ["utf-8", "latin-1", "utf-8", "cp1252", "utf-8", "utf-16-le"]
    mixed = b"\n".join(line.encode(code) for line, code in zip(lines, encodings, strict=True))
    results = read(written(tmp_path, "a.jsonl", mixed))
    assert [d.id for d in documents(results)] == ["0", "2", "4"]
    rows = [f'{n},"grün\n{n}"\n'.encode(code) for n, code in enumerate(encodings[:5])]
    results = read(written(tmp_path, "a.csv", b"id,text\n" + b"".join(rows)))
    assert [d.id for d in documents(results)] == ["0", "2", "4"]
    assert [(r.place[-2:], r.reason) for r in rejects(results)] == [(":4", "not UTF-8"), (":8", "not UTF-8")]


def test_rows_that_are_none(tmp_path: Path) -> None:
    rows = 'id,text\na,one\n\nb,"two"x\nc\nd,three,more\n,no id\ne,\nf,"last\nline"\n'
    results = read(written(tmp_path, "a.csv", rows.encode()))
    assert [d.text for d in documents(results)] == ["one", "last\nline"]
    assert [(r.place.rpartition(":")[2], r.reason) for r in rejects(results)] == [
        ("4", "not CSV: ',' expected after '\"'"),
        ("5", "1 fields where the header has 2"),
        ("6", "3 fields where the header has 2"),
        ("7", "no id: there is no field id"),
        ("8", "no text: the field text is missing or null"),
    ]


def one(line: dict[str, Any], **paths: str) -> Document:
    """The document of one record, by a mapping."""
    (result,) = [
        result
        for block in blocks(sources(["-"], io.BytesIO(jsonl([line]))))
        for result in parse(block, Mapping(**paths))
    ]
    assert isinstance(result, Document), result
    return result


def test_dotted_paths_reach_into_records() -> None:
    content = {"body": "text", "head": {"line": "Title"}, "lang": "en"}
    line = {"key": 7, "content": content, "meta": {"source": "S"}}
    found = one(line, id="key", text="content.body", title="content.head.line", publisher="meta.source")
    assert found == Document(
        "7", "text", title="Title", publisher="S", fields={"content": {"head": {}, "lang": "en"}}
    )


def test_a_name_with_dots_goes_before_a_path() -> None:
    assert one({"id": "a", "x.body": "flat", "x": {"body": "deep"}}, text="x.body").text == "flat"


def test_a_path_through_what_is_no_record_leads_nowhere() -> None:
    found = one({"id": "a", "text": "b", "meta": {"source": ["x"]}}, publisher="meta.source.name")
    assert (found.publisher, found.fields) == (None, {"source": ["x"]})


def test_free_fields_are_kept_whatever_their_names() -> None:
    line = {
        "id": "a", "body": "b", "text": "teaser", "headline": "H", "title": "T", "meta": "m", "fields": [1]
    }
    found = one(line, text="body", title="headline")
    assert (found.text, found.title) == ("b", "H")
    assert list(found.fields.items()) == [  # in this order in every process
        ("fields_", [1]), ("meta_", "m"), ("text_", "teaser"), ("title_", "T")
    ]


def test_what_the_service_would_store_is_the_same_document() -> None:
    line = {"id": "a", "text": "b", "meta": {"title": "T", "x": 1}, "fields": {"url": "u"}, "y": None}
    assert one(line) == Document.checked(line)
    assert one(Document.checked(line).to_dict()) == Document.checked(line)


def test_whole_numbers_may_be_ids_and_names() -> None:
    found = one({"id": 12, "text": "b", "title": 1984, "publisher": 7})
    assert (found.id, found.title, found.publisher) == ("12", "1984", "7")


def test_missing_ids_come_from_the_content(tmp_path: Path) -> None:
    lines = [
        {"text": "same"}, {"text": "same"}, {"text": "other"}, {"text": "same", "title": "T"},
        {"text": "same", "lang": "en"}, {"id": None, "text": "same"}, {"title": "T", "text": "same"},
    ]
    found = documents(read(written(tmp_path, "a.jsonl", jsonl(lines))))
    ids = [document.id for document in found]
    assert ids[0] == ids[1] == ids[5]
    assert ids[3] == ids[6]
    assert len(set(ids)) == 4
    assert ids == [d.id for d in documents(read("-", stdin=PACKERS[".gz"](jsonl(lines)), block_bytes=1))]
    assert ids[0] == one({"text": "same"}).id
    assert all(len(id) == 32 and set(id) <= set("0123456789abcdef") for id in ids)


def test_an_id_that_is_null_among_others_comes_from_the_content(tmp_path: Path) -> None:
    lines = jsonl([{"id": "a", "text": "b"}, {"id": None, "text": "c"}])
    found = documents(read(written(tmp_path, "a.jsonl", lines)))
    assert [found[0].id, found[1].id] == ["a", one({"text": "c"}).id]


DATES = [
    ("2026-11-24", "2026-11-24"),
    ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
    (" 2026-11-24 10:00 ", "2026-11-24 10:00"),
    ("2026-11-24T10:00:00.5+01:00", "2026-11-24T10:00:00.5+01:00"),
    ("20261124", "2026-11-24"),
    (20261124, "2026-11-24"),
    (1_795_514_400, "2026-11-24T10:00:00Z"),
    ("1795514400", "2026-11-24T10:00:00Z"),
    (1_795_514_400_250, "2026-11-24T10:00:00.250000Z"),
    (1_795_514_400.25, "2026-11-24T10:00:00.250000Z"),
    ("1795514400.25", "2026-11-24T10:00:00.250000Z"),
    (-1_000_000_000, "1938-04-24T22:13:20Z"),
    ("Tue, 24 Nov 2026 10:00:00 GMT", "2026-11-24T10:00:00Z"),
    ("24 Nov 2026 10:00:00 +0100", "2026-11-24T10:00:00+01:00"),
    ("Tue, 24 Nov 2026 10:00:00 -0000", "2026-11-24T10:00:00"),
    (None, None), ("", None), ("  ", None),
]
NO_DATES = [
    "soon", "2026", "2026-13-01", "2026-11", "24.11.2026", "11/24/2026", 2026, 0, "0", 20261324, True, [], {},
    1e300, float("nan"), float("inf"), 10**17, "9" * 5000, "Tue, 99 Nov 2026 10:00:00 GMT", "20 Nov", "-",
    "--5", "²",
]


@pytest.mark.parametrize(("given", "written_as"), DATES)
def test_a_date(given: object, written_as: str | None) -> None:
    assert iso(given) == written_as


@pytest.mark.parametrize("given", NO_DATES, ids=lambda given: str(given)[:20])
def test_no_date(given: object) -> None:
    with pytest.raises(InputError, match="published_at is no date"):
        iso(given)


def test_every_date_is_one_that_documents_may_have() -> None:
    for given, _ in DATES:
        assert one({"id": "a", "text": "b", "when": given}, published_at="when").published_at == iso(given)


def test_values_of_parquet(tmp_path: Path) -> None:
    utc = dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC)
    columns = pa.table({
        "id": pa.array([1, 2, None], pa.int64()),
        "text": pa.array([b"gr\xc3\xbcn", b"caf\xe9", b"third"], pa.binary()),
        "when": pa.array([1_795_514_400_000_000_001] * 3, pa.timestamp("ns", "UTC")),
        "day": pa.array([dt.date(2026, 11, 24)] * 3),
        "price": pa.array([Decimal("1.50")] * 3),
        "score": pa.array([0.5, float("nan"), float("nan")]),
        "meta": pa.array([{"source": "S", "seen": [utc]}] * 3),
        "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
    })
    pq.write_table(columns, tmp_path / "a.parquet")
    results = read(str(tmp_path / "a.parquet"), published_at="when", publisher="meta.source")
    first, last = documents(results)
    assert first == Document(
        "1", "grün", publisher="S", published_at="2026-11-24T10:00:00Z",
        fields={
            "day": "2026-11-24", "price": "1.50", "score": 0.5, "kind": "a", "seen": ["2026-11-24T10:00:00Z"],
        },
    )
    assert (last.text, last.fields["score"], len(last.id)) == ("third", None, 32)
    (reject,) = rejects(results)
    assert reject.place == f"{tmp_path / 'a.parquet'} row 2"
    assert "utf-8" in reject.reason


def test_dates_of_parquet_are_dates(tmp_path: Path) -> None:
    for value, stored in [
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.datetime(2026, 11, 24, 10), "2026-11-24T10:00:00"),
        (dt.datetime(2026, 11, 24, 10, tzinfo=dt.UTC), "2026-11-24T10:00:00Z"),
    ]:
        pq.write_table(pa.table({"text": ["a text"], "published": [value]}), tmp_path / "a.parquet")
        (found,) = documents(read(str(tmp_path / "a.parquet")))
        assert found.published_at == stored


def test_strings_of_parquet_that_are_no_utf_8_are_rejects(tmp_path: Path) -> None:
    raw = pa.array([b"good", b"caf\xe9", b"good too"], pa.binary())
    text = pa.StringArray.from_buffers(len(raw), *raw.buffers()[1:])
    pq.write_table(pa.table({"id": ["a", "b", "c"], "text": text}), tmp_path / "a.parquet")
    results = read(str(tmp_path / "a.parquet"))
    assert [d.id for d in documents(results)] == ["a", "c"]
    assert [r.place for r in rejects(results)] == [f"{tmp_path / 'a.parquet'} row 2"]
