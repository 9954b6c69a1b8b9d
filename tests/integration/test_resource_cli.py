"""Collections and retention from the command line, run in this process."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from nearcopy.archive import Archive
from nearcopy.errors import Exists, InputError, NearcopyError, NotFound
from nearcopy.index import header
from nearcopy.parameters import Parameters
from service.cli.exits import Exit, code_of
from service.cli.program import program
from tests.integration.making import document

Run = Callable[..., str]


@pytest.fixture
def cli(redis_url: str) -> Run:
    """Runs a command on the Redis of the tests and returns what it prints."""

    def run(*arguments: str, typed: str = "") -> str:
        given = [*arguments, "--redis-url", redis_url]
        done = CliRunner().invoke(program, given, input=typed, standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return done.stdout

    return run


def test_a_collection_from_its_creation_to_its_end(cli: Run, redis_url: str, collection: str) -> None:
    chosen = ("--threshold", "0.7", "--shingle", "4", "--partitions", "2", "--keep", "30d")
    assert f"created {collection}" in cli("collections", "create", collection, *chosen)
    with pytest.raises(Exists, match="take another name") as raised:
        cli("collections", "create", collection)
    assert code_of(raised.value) == Exit.USAGE
    [listed] = [one for one in json.loads(cli("collections", "list", "--json")) if one["name"] == collection]
    assert (listed["partitions"], listed["keep"], listed["documents"]) == (2, "30d", 0)
    assert listed["parameters"]["bands"] == Parameters.for_threshold(0.7).bands
    assert collection in cli("collections", "list")

    assert "for ever" in cli("collections", "keep", collection, "forever")
    assert json.loads(cli("collections", "keep", collection, "7d", "--json"))["keep"] == "7d"
    with Archive.open(redis_url, collection) as archive:
        list(archive.put_many([document("old", [1], published_at="2020-01-01"), document("new", [2])]))
        told = cli("expire", "--collection", collection)
        assert "removed 1 of 2 documents" in told
        assert "1 have no date" in told
        assert archive.get("new") == document("new", [2])
        header.change_keep(archive.store.client, collection, None)
        assert "keeps documents for ever" in cli("expire", "--collection", collection)

    with pytest.raises(InputError, match="nothing was dropped"):
        cli("collections", "drop", collection, typed=f"{collection}x\n")
    with pytest.raises(InputError, match="nothing was dropped"):
        cli("collections", "drop", collection, "--confirm", "y")
    with pytest.raises(click.Abort):
        cli("collections", "drop", collection)
    assert f"dropped {collection}" in cli("collections", "drop", collection, typed=f"{collection}\n")
    for again in (("drop", collection, "--confirm", collection), ("keep", collection, "1d")):
        with pytest.raises(NotFound, match=collection):
            cli("collections", *again)
    cli("collections", "create", collection)
    assert json.loads(cli("collections", "drop", collection, "--confirm", collection, "--json")) == {
        "dropped": collection
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "A"), "begins with a letter or digit"),
        (("create", "a", "--threshold", "1"), "must lie between 0 and 1"),
        (("create", "a", "--shingle", "9"), "shingle must be 1 to 8"),
        (("create", "a", "--partitions", "0"), "partitions must be 1 to 64"),
        (("create", "a", "--keep", "1y"), "such as 365d"),
        (("keep", "a", "never"), "such as 365d"),
        (("drop", "a/b", "--confirm", "a/b"), "begins with a letter or digit"),
    ],
)
def test_a_mistake_is_told_what_to_change(cli: Run, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(NearcopyError, match=told):
        cli("collections", *arguments)
