"""A sample is spread over the archives, and says of how much it is a part."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from worker.archive import Mapping, sources
from worker.rebuild import Reading, sampling

MAPPING = Mapping("id", "text")
COUNT = 3000
LINES = [json.dumps({"id": str(number), "text": "some words " * 100}) + "\n" for number in range(COUNT)]


def reading(*paths: Path) -> Reading:
    return Reading(sources([str(path) for path in paths]), MAPPING)


def numbers(sample: sampling.Sample) -> list[int]:
    return [int(document.id) for block in sample.blocks for document in block]


@pytest.fixture(params=["a.jsonl", "a.jsonl.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    content = "".join(LINES).encode()
    (tmp_path / request.param).write_bytes(gzip.compress(content) if request.param[-1] == "z" else content)
    return tmp_path / request.param


def test_a_small_archive_is_read_whole(path: Path) -> None:
    sample = sampling.of_archives(reading(path), 100)
    assert sample.times == 1.0
    assert numbers(sample) == list(range(COUNT))


def test_a_sample_is_spread_over_all(path: Path) -> None:
    sample = sampling.of_archives(reading(path), 4)
    found = numbers(sample)
    assert len(found) * sample.times == pytest.approx(COUNT, rel=0.15)
    assert found == sorted(set(found))
    assert found[0] == 0
    assert found[-1] > 0.6 * COUNT
    assert sample.told.endswith("spread over all of the archives")


def test_a_plain_file_is_read_at_places_all_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text("".join(LINES))
    monkeypatch.setattr(sampling, "READ_BYTES", 1 << 20)
    sample = sampling.of_archives(reading(tmp_path / "a.jsonl"), 100)
    found = numbers(sample)
    assert len(found) < COUNT / 2
    assert found[-1] > 0.6 * COUNT
    assert len(found) * sample.times == pytest.approx(COUNT, rel=0.1)


def test_a_packed_file_is_read_from_its_front_as_far_as_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gzip.open(tmp_path / "a.jsonl.gz", "wb", compresslevel=0) as file:
        file.write("".join(LINES).encode())
    monkeypatch.setattr(sampling, "READ_BYTES", 1 << 20)
    sample = sampling.of_archives(reading(tmp_path / "a.jsonl.gz"), 100)
    found = numbers(sample)
    assert found == list(range(len(found)))
    assert len(found) < 0.6 * COUNT
    assert len(found) * sample.times == pytest.approx(COUNT, rel=0.2)
    assert "the first 31% of each other archive" in sample.told


def test_of_many_archives_some_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.jsonl").write_text("".join(LINES[100 * number : 100 * number + 100]))
    monkeypatch.setattr(sampling, "SOURCES", 6)
    sample = sampling.of_archives(reading(*sorted(tmp_path.iterdir())), 100)
    found = numbers(sample)
    assert len(found) == 600
    assert {0, 2999} <= set(found)
    assert len(found) * sample.times == pytest.approx(COUNT, rel=0.01)
