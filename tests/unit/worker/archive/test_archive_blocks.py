"""Blocks: the same archive, the same blocks; other blocks, the same documents."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest
from archived import MAKERS, PACKERS, crawl, documents, jsonl, page, parquet, read, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.archive import BLOCK_BYTES, Block, Mapping, blocks, guess, parse, sources

SIZES = [1, 7, 100, 1000, 65_536, 8 << 20]

letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(letters, max_size=60).map("{}x".format)
record = st.fixed_dictionaries(
    {"text": texts}, optional={"id": st.text("abc", min_size=1), "title": texts, "lang": texts}
)
thorough = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("packer", ["", ".gz"])
@pytest.mark.parametrize("suffix", MAKERS)
@thorough
@given(records=st.lists(record, max_size=12), size=st.integers(1, 500))
def test_documents_do_not_depend_on_blocks(
    tmp_path: Path, suffix: str, packer: str, records: list[dict[str, Any]], size: int
) -> None:
    path = written(tmp_path, f"a{suffix}", PACKERS[packer](MAKERS[suffix](records)))
    found = sources([path])
    mapping = Mapping()

    def results(block_bytes: int) -> list[Any]:
        return [r for b in blocks(found, block_bytes=block_bytes) for r in parse(b, mapping)]

    whole = results(BLOCK_BYTES)
    assert results(size) == results(1) == whole
    assert [d.text for d in documents(whole)] == [record["text"] for record in records]


@thorough
@given(data=st.binary(max_size=300), size=st.integers(1, 300), suffix=st.sampled_from([".jsonl", ".csv"]))
def test_rejects_do_not_depend_on_blocks(tmp_path: Path, data: bytes, size: int, suffix: str) -> None:
    lines = b"id,text,title\n" + data.replace(b"\xff\xfe", b"")
    path = written(tmp_path, f"a{suffix}", lines)
    found = sources([path])
    whole = [r for b in blocks(found) for r in parse(b, Mapping())]
    assert [r for b in blocks(found, block_bytes=size) for r in parse(b, Mapping())] == whole


@thorough
@given(text=st.text('ab",\n\r;\'', max_size=120), size=st.integers(1, 60))
def test_quotes_gone_astray_do_not_depend_on_blocks(tmp_path: Path, text: str, size: int) -> None:
    path = written(tmp_path, "a.csv", b"id,text\n" + text.encode())
    found = sources([path])
    whole = [r for b in blocks(found) for r in parse(b, Mapping())]
    assert [r for b in blocks(found, block_bytes=size) for r in parse(b, Mapping())] == whole


@pytest.mark.parametrize("size", SIZES)
def test_crawls_and_folders_do_not_depend_on_blocks(tmp_path: Path, size: int) -> None:
    written(tmp_path, "x.warc", crawl(30))
    for number in range(10):
        written(tmp_path, f"pages/{number % 3}/{number}.html", page(number))
        written(tmp_path, f"pages/{number}.txt", b"text " * (number + 1))
    paths = str(tmp_path / "pages"), str(tmp_path / "x.warc")
    results = read(*paths, block_bytes=size)
    assert results == read(*paths)
    assert len(documents(results)) == len(results) == 50


def test_blocks_have_about_the_bytes_asked_for(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": "word " * (n % 50 + 1)} for n in range(3000)]
    for suffix, make in MAKERS.items():
        path = written(tmp_path, f"a{suffix}", make(records))
        found = list(blocks(sources([path]), block_bytes=20_000))
        sizes = [len(block.data()) for block in found]
        assert len(found) > 5, suffix
        assert max(sizes) < 30_000, suffix
        if suffix != ".parquet":
            assert min(sizes[:-1]) >= 20_000, suffix


def test_one_row_group_is_many_blocks(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": f"text {n} " * 50} for n in range(1000)]
    path = written(tmp_path, "a.parquet", parquet(records, row_group_size=1000))
    found = list(blocks(sources([path]), block_bytes=20_000))
    assert len(found) > 15
    assert [block.first for block in found] == sorted({block.first for block in found})
    assert [d.id for d in documents(read(path, block_bytes=20_000))] == [r["id"] for r in records]


def test_repeated_values_in_a_dictionary_do_not_make_a_block_large(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": "the same long text " * 500} for n in range(2000)]
    path = written(tmp_path, "a.parquet", parquet(records, row_group_size=2000))
    assert (tmp_path / "a.parquet").stat().st_size < 100_000
    sizes = [len(block.data()) for block in blocks(sources([path]), block_bytes=100_000)]
    assert max(sizes) < 150_000
    assert len(documents(read(path, block_bytes=100_000))) == 2000


def test_a_block_can_be_sent_to_another_process(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": f"text {n}"} for n in range(50)]
    paths = [written(tmp_path, f"a{suffix}", make(records)) for suffix, make in MAKERS.items()]
    paths += [written(tmp_path, "b.jsonl.gz", PACKERS[".gz"](jsonl(records)))]
    paths += [written(tmp_path, "c.warc", crawl(3)), written(tmp_path, "d.txt", b"text")]
    found = sources(paths)
    mapping = guess(found)
    for block in blocks(found, block_bytes=200):
        sent, mapped = pickle.loads(pickle.dumps((block, mapping)))
        assert list(parse(sent, mapped)) == list(parse(block, mapping))


def test_only_what_is_plain_is_left_where_it_lies(tmp_path: Path) -> None:
    plain = written(tmp_path, "a.jsonl", jsonl([{"id": "a", "text": "b"}]))
    packed = written(tmp_path, "a.jsonl.gz", PACKERS[".gz"](jsonl([{"id": "a", "text": "b"}])))
    there, sent = blocks(sources([plain, packed]))
    assert (there.payload, there.path, there.length) == (None, plain, 25)
    assert sent.payload == jsonl([{"id": "a", "text": "b"}])


def test_a_file_that_has_become_shorter_is_no_archive_with_fewer_records(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", jsonl([{"id": "a", "text": "b"}] * 3))
    (block,) = blocks(sources([path]))
    written(tmp_path, "a.jsonl", jsonl([{"id": "a", "text": "b"}]))
    with pytest.raises(OSError, match="shorter"):
        list(parse(block, Mapping()))


def test_progress_reaches_the_size_of_the_source(tmp_path: Path) -> None:
    records = [{"id": str(n), "text": f"text {n}"} for n in range(2000)]
    for suffix, make in MAKERS.items():
        for packer, pack in PACKERS.items():
            (source,) = sources([written(tmp_path, f"a{suffix}{packer}", pack(make(records)))])
            read_to = [block.read for block in blocks([source], block_bytes=4000)]
            assert read_to == sorted(read_to)
            assert read_to[-1] == source.size, (suffix, packer)


def test_the_size_of_a_pipe_is_not_known_and_that_of_a_folder_is(tmp_path: Path) -> None:
    (pipe,) = sources(["-"], io.BytesIO(b'{"id": "a", "text": "b"}'))
    assert pipe.size is None
    written(tmp_path, "a.txt", b"1234")
    written(tmp_path, "b/c.txt", b"123")
    (folder,) = sources([str(tmp_path)])
    assert folder.size == 7


def test_a_sample_leaves_a_pipe_whole() -> None:
    lines = jsonl([{"id": str(n), "text": "word " * 1000} for n in range(1000)])
    found = sources(["-"], io.BytesIO(lines))
    mapping = guess(found)
    assert len([d for b in blocks(found) for d in parse(b, mapping)]) == 1000


def test_a_block_says_where_its_records_stand() -> None:
    assert Block("csv", "a.csv", 1).place(7) == "a.csv:7"
    assert Block("parquet", "a.parquet", 1).place(7) == "a.parquet row 7"
