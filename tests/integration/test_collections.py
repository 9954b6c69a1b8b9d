"""Collections are apart, know their parameters, and notice when another generation is live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

import pytest

from nearcopy.archive import Archive
from nearcopy.errors import InputError, NotFound, ParametersMismatch
from nearcopy.index import bulk, keys
from nearcopy.parameters import Parameters
from tests.conftest import Server
from tests.integration.auditor import audit
from tests.integration.making import document, holders, paragraph

OTHER = Parameters(bands=20, rows=6)


def test_two_collections_never_see_each_other(redis_url: str, collection: str) -> None:
    with Archive.open(redis_url, collection) as one, Archive.open(redis_url, f"{collection}-0") as two:
        one.put(document("a", [1, 2]))
        two.put(document("a", [2, 3]))
        two.put(document("b", [1]))
        assert (holders(one, 1), holders(one, 3), holders(two, 1)) == ({"a"}, set(), {"b"})
        two.delete("a")
        audit(one, {"a": document("a", [1, 2])})
        audit(two, {"b": document("b", [1])})
        names = one.store.client.smembers(keys.COLLECTIONS)
        assert {collection.encode(), f"{collection}-0".encode()} <= names


@pytest.mark.parametrize(
    "name", ["", "Main", "a b", "a/0", "{a}", "é", "-a", "_a", "a\n", "x" * 65, "*", "a.b"]
)
def test_a_name_that_could_reach_another_collection_is_refused(redis_url: str, name: str) -> None:
    with pytest.raises(InputError, match="1 to 64") as raised:
        Archive.open(redis_url, name)
    assert raised.value.field == "collection"


def test_a_missing_collection_is_not_made_by_looking(redis_url: str, collection: str) -> None:
    with pytest.raises(NotFound, match=collection):
        Archive.open(redis_url, collection, create=False)
    with pytest.raises(NotFound, match=collection):
        Archive.open(redis_url, collection, create=False)


def test_other_parameters_are_an_error_that_names_both(redis_url: str, collection: str) -> None:
    with Archive.open(redis_url, collection, parameters=OTHER) as archive:
        archive.put(document("a", [1]))
    with Archive.open(redis_url, collection) as archive:
        assert archive.parameters == OTHER
        assert holders(archive, 1) == {"a"}
        audit(archive, {"a": document("a", [1])})
    with pytest.raises(ParametersMismatch) as raised:
        Archive.open(redis_url, collection, parameters=Parameters())
    for part in (OTHER.digest, Parameters().digest, "bands 20, rows 6", "bands 36, rows 3"):
        assert part in str(raised.value)


@pytest.mark.parametrize("change", ["digest", "unknown", "missing"])
def test_an_index_of_another_version_is_refused(archive: Archive, redis_url: str, change: str) -> None:
    part = archive.store.partitions[0]
    name = part.keys.shape(part.generation)
    header = json.loads(archive.store.client.get(name))
    if change == "digest":
        header["digest"] = "0123456789ab"
    elif change == "unknown":
        header |= {"parameters": {**header["parameters"], "colour": "red"}, "digest": "0123456789ab"}
    else:
        del header["parameters"]["rows"]
        header["digest"] = "0123456789ab"
    archive.store.client.set(name, json.dumps(header))
    with pytest.raises(ParametersMismatch, match="0123456789ab") as raised:
        Archive.open(redis_url, archive.store.collection)
    assert Parameters().digest in str(raised.value)


def test_many_who_create_one_collection_at_once_share_it(redis_url: str, collection: str) -> None:
    def create(number: int) -> Archive:
        parameters = OTHER if number % 2 else Parameters()
        return Archive.open(redis_url, collection, parameters=parameters, partitions=1 + number % 3)

    with ThreadPoolExecutor(8) as pool:
        tried = [pool.submit(create, number) for number in range(8)]
    opened = [one.result() for one in tried if not one.exception()]
    assert opened
    assert {type(one.exception()) for one in tried if one.exception()} <= {ParametersMismatch}
    assert len({(one.parameters, len(one.store.partitions)) for one in opened}) == 1
    opened[0].put(document("a", [1]))
    assert holders(opened[-1], 1) == {"a"}
    audit(opened[-1], {"a": document("a", [1])})
    for one in opened:
        one.close()


def test_a_generation_says_what_it_is_built_with(archive: Archive) -> None:
    part = archive.store.partitions[0]
    kept = json.loads(archive.store.client.get(part.keys.shape(part.generation)))
    assert (kept["parameters"], kept["digest"]) == (asdict(Parameters()), Parameters().digest)


@pytest.fixture
def stale(any_server: Server, collection: str) -> Iterator[Archive]:
    """An archive whose generation another client has replaced: it still takes the old one for live."""
    url = any_server.url
    with Archive.open(url, collection) as archive, Archive.open(url, collection) as loader:
        bulk.load(loader.store, [document("a", [1, 2]), document("b", [2, 3])])
        assert archive.store.partitions[0].generation != loader.store.partitions[0].generation
        yield archive


def test_a_reader_follows_the_pointer(stale: Archive) -> None:
    assert holders(stale, 2) == {"a", "b"}
    assert stale.stats()["documents"] == 2
    assert stale.check(paragraph(1)).generation == "2"


def test_counts_are_those_of_the_live_generation(stale: Archive) -> None:
    stats = stale.stats()
    assert (stats["generation"], stats["documents"], stats["paragraphs"]) == ("2", 2, 3)


def test_every_writer_follows_the_pointer(stale: Archive) -> None:
    assert list(stale.put_many([document("a", [4]), document("c", [2])])) == ["replaced", "created"]
    audit(stale, {"a": document("a", [4]), "b": document("b", [2, 3]), "c": document("c", [2])})


def test_a_remover_follows_the_pointer(stale: Archive) -> None:
    assert stale.delete("b")
    audit(stale, {"a": document("a", [1, 2])})


def test_a_large_document_follows_the_pointer(stale: Archive) -> None:
    stale.put(document("large", range(300)))
    audit(stale, {id: document(id, n) for id, n in (("a", [1, 2]), ("b", [2, 3]), ("large", range(300)))})


def test_every_put_and_delete_is_logged_in_order(archive: Archive) -> None:
    archive.put(document("a", [1]))
    archive.put(document("a", [1]))
    archive.put(document("a", [1], title="t"))
    archive.put(document("é", range(300)))
    archive.delete("a")
    archive.delete("a")
    entries = archive.store.client.xrange(archive.store.partitions[0].keys.log)
    changes = [(kind.decode(), id.decode()) for _, fields in entries for kind, id in fields.items()]
    assert changes == [("p", "a"), ("p", "a"), ("p", "a"), ("p", "é"), ("d", "a")]
