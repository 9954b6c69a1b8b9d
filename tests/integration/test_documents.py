"""Documents put, replaced, read, found and removed, on every kind of server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nearcopy.archive import Archive
from nearcopy.document import MAX_ID_BYTES, Document
from nearcopy.errors import InputError, NotFound, NoWords
from nearcopy.index import bulk
from tests.conftest import Server
from tests.integration.auditor import audit
from tests.integration.making import copies, document, holders, paragraph


@pytest.fixture
def archive(any_server: Server, collection: str) -> Iterator[Archive]:
    """A fresh archive on each kind of server."""
    with Archive.open(any_server.url, collection) as opened:
        yield opened


def test_a_document_comes_back_as_it_was_put(archive: Archive) -> None:
    fields: dict[str, Any] = {
        "n": -(2**63), "u": 2**64 - 1, "pi": 3.141592653589793, "tiny": 5e-324, "no": None, "yes": True,
        "deep": {"a": [1, [2, {"b": "ü\u0000\u2028😀"}]]}, "Z": 1, "a": 1.0, "": "",
    }
    text = "Ein Tëxt 😀\r\n\r\nwith two\tparagraphs "
    one = Document("é/ 1", text, "T", "P", "https://x.example/?a=b", "2026-11-23", fields)
    assert archive.put(one) == "created"
    assert archive.get(one.id) == one
    assert repr(archive.get(one.id).fields["a"]) == "1.0"
    audit(archive, {one.id: one})


@pytest.mark.parametrize(
    "id", ["a", "x" * MAX_ID_BYTES, "東" * (MAX_ID_BYTES // 3), "a b/c?d#e%20{main/0}", "e\u0301", "é"]
)
def test_every_id_that_is_allowed_names_its_own_document(archive: Archive, id: str) -> None:
    archive.put(document("other", [1]))
    archive.put(document(id, [2]))
    assert holders(archive, 2) == {id}
    assert archive.get(id).id == id
    assert archive.delete(id)
    assert archive.get("other") == document("other", [1])


@pytest.mark.parametrize(
    "bad", [{"n": 2**70}, {"n": [2] * 3, "o": {1: 2}}, {"s": "\ud800"}], ids=["integer", "key", "surrogate"]
)
def test_fields_that_json_cannot_give_back_are_refused(archive: Archive, bad: dict[str, Any]) -> None:
    with pytest.raises(InputError) as raised:
        archive.put(Document("a", paragraph(1), fields=bad))
    assert raised.value.field == "fields"
    audit(archive, {})


def test_a_new_text_replaces_the_old_one(archive: Archive) -> None:
    archive.put(document("a", [1, 2, 3]))
    archive.put(document("b", [3, 4]))
    assert archive.put(document("a", [3, 5])) == "replaced"
    assert [holders(archive, n) for n in (1, 2, 3, 4, 5)] == [set(), set(), {"a", "b"}, {"b"}, {"a"}]
    assert [copies(archive, n) for n in (1, 2, 3, 4, 5)] == [0, 0, 2, 1, 1]
    assert archive.stats()["documents"] == 2
    audit(archive, {"a": document("a", [3, 5]), "b": document("b", [3, 4])})


def test_a_removed_document_is_in_no_answer(archive: Archive) -> None:
    archive.put(document("a", [1, 2]))
    archive.put(document("b", [2]))
    assert archive.delete("a")
    assert not archive.delete("a")
    with pytest.raises(NotFound, match="'a'"):
        archive.get("a")
    with pytest.raises(NotFound, match="'a'"):
        archive.copies("a")
    assert [holders(archive, n) for n in (1, 2)] == [set(), {"b"}]
    assert [copies(archive, n) for n in (1, 2)] == [0, 1]
    assert archive.stats()["documents"] == 1
    audit(archive, {"b": document("b", [2])})


def test_equal_content_is_unchanged_and_new_metadata_is_not(archive: Archive) -> None:
    archive.put(document("a", [1, 2], title="one"))
    before = archive.store.client.dbsize()
    assert archive.put(document("a", [1, 2], title="one")) == "unchanged"
    assert archive.put(document("a", [1, 2], title="two")) == "replaced"
    assert archive.store.client.dbsize() == before
    assert archive.get("a").title == "two"
    assert archive.check(paragraph(1)).sources[0].title == "two"
    audit(archive, {"a": document("a", [1, 2], title="two")})


def test_a_paragraph_that_stands_twice_in_a_document_counts_once(archive: Archive) -> None:
    archive.put(document("a", [1, 2, 1, 1]))
    assert copies(archive, 1) == 1
    audit(archive, {"a": document("a", [1, 2, 1, 1])})
    archive.put(document("a", [1]))
    audit(archive, {"a": document("a", [1])})
    archive.delete("a")
    audit(archive, {})


def test_one_batch_may_hold_an_id_twice(archive: Archive) -> None:
    first, second = document("a", [1]), document("a", [3])
    batch = [first, document("b", [2]), second, second, document("b", [2])]
    assert list(archive.put_many(batch)) == ["created", "created", "replaced", "unchanged", "unchanged"]
    audit(archive, {"a": second, "b": document("b", [2])})


def test_a_text_without_a_long_paragraph_is_kept_and_one_without_a_word_refused(archive: Archive) -> None:
    short = Document("short", "seven words are not enough for it")
    assert archive.put(short) == "created"
    with pytest.raises(NoWords):
        archive.put(Document("none", "* * *"))
    audit(archive, {"short": short})
    assert archive.check(short.text, min_words=3).sources[0].document == "short"
    assert archive.delete("short")
    audit(archive, {})


def test_a_paragraph_of_two_mebibytes_comes_back_and_is_found(archive: Archive) -> None:
    text = paragraph(1, words=300_000)
    assert len(text) > 2 * 1024 * 1024 - 1
    archive.put(Document("long", text))
    assert archive.get("long").text == text
    assert archive.check(text[1_000_000:1_000_400]).sources[0].document == "long"
    audit(archive, {"long": Document("long", text)})
    assert archive.delete("long")
    audit(archive, {})


def test_a_document_of_many_paragraphs_is_written_replaced_and_removed_whole(archive: Archive) -> None:
    first, second = document("big", range(300)), document("big", range(290, 600))
    archive.put(document("small", [1, 295, 500]))
    assert archive.put(first) == "created"
    assert archive.put(first) == "unchanged"
    kept = {"small": document("small", [1, 295, 500])}
    audit(archive, {**kept, "big": first})
    assert archive.put(second) == "replaced"
    assert [copies(archive, n) for n in (1, 200, 295, 400, 500)] == [1, 0, 2, 1, 2]
    audit(archive, {**kept, "big": second})
    assert archive.put(document("big", [*range(290, 600), 1])) == "replaced"
    assert archive.delete("big")
    assert [copies(archive, n) for n in (1, 295, 400)] == [1, 1, 0]
    audit(archive, kept)


def test_bulk_loaded_documents_are_replaced_and_removed_like_others(archive: Archive) -> None:
    stored = {f"d{k}": document(f"d{k}", range(k, k + 5)) for k in range(100)}
    bulk.load(archive.store, stored.values())
    audit(archive, stored)
    for changed in (document("d7", [8, 9, 5000]), document("d8", [5000]), document("new", [11, 5001, 11])):
        archive.put(changed)
        stored[changed.id] = changed
    for gone in ("d9", "d10"):
        assert archive.delete(gone)
        del stored[gone]
    audit(archive, stored)
    assert holders(archive, 5000) == {"d7", "d8"}
    assert holders(archive, 9) == {"d5", "d6", "d7"}
    assert copies(archive, 11) == sum(paragraph(11) in one.text for one in stored.values())
    for id in stored:
        assert archive.delete(id)
    audit(archive, {})
