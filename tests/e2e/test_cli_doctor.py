"""`nearcopy doctor`, as a person and a program meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nearcopy.archive import Archive
from nearcopy.index.keys import id_digest
from nearcopy.parameters import Parameters
from service.cli.exits import Exit
from tests.e2e.running import run, run_on_terminal
from tests.integration.making import document


@pytest.fixture
def variables(redis_url: str, collection: str, tmp_path: Path) -> dict[str, str]:
    """Those that name a collection of five documents."""
    # Few bands, and so few pages: they are looked at four times
    with Archive.open(redis_url, collection, parameters=Parameters(bands=4)) as archive:
        list(archive.put_many(document(f"d{n}", [n, n + 1]) for n in range(5)))
    return {
        "NEARCOPY_REDIS_URL": redis_url, "NEARCOPY_COLLECTION": collection, "NEARCOPY_DATA_DIR": str(tmp_path)
    }


def test_find_mend_and_find_nothing(variables: dict[str, str], archive: Archive, tmp_path: Path) -> None:
    part = archive.store.refresh(0)
    bucket = part.keys.id_bucket(part.generation, id_digest("d3"))
    number = int.from_bytes(archive.store.client.hget(bucket, id_digest("d3"))[:3], "big")
    archive.store.client.delete(part.keys.text(part.generation, number))
    left = tmp_path / "rebuilds" / "somewhere" / variables["NEARCOPY_COLLECTION"]
    given = tmp_path / "given"
    for folder in (left, given):
        folder.mkdir(parents=True)
        (folder / "numbers.part").touch()

    found = run("doctor", "--folder", str(given), **variables)
    assert found.code == Exit.DAMAGED
    assert "partition 0, generation 1: documents whose text is missing or damaged, " in found.out
    assert "lost with it: 1 (d3)\n" in found.out
    for folder in (left, given):
        assert f"{folder}: files of a rebuild that is over: 1\n" in found.out
    assert found.out.endswith(": `nearcopy doctor --repair` mends what is off\n")

    mended = json.loads(run("doctor", "--repair", "--json", "--folder", str(given), **variables).out)
    assert mended["healthy"]
    assert [(one["kind"], one["repaired"]) for one in mended["findings"]] == [
        ("texts", True), ("files", True), ("files", True)
    ]
    assert mended["checked"]["documents"] == 4
    again = run_on_terminal("doctor", "--repair", "--folder", str(given), **variables)
    assert again.code == Exit.DONE
    assert "checked 1 generation, 4 documents, " in again.out
    assert ": nothing is off" in again.out
    assert not archive.delete("d3")
