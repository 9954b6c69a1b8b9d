"""Every format, packed in every way, named rightly or not, from a file, a folder or a pipe, is the same."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import zstandard
from archived import (
    MAKERS,
    PACKERS,
    RECORDS,
    crawl,
    documents,
    expected,
    jsonl,
    page,
    parquet,
    read,
    rejects,
    table,
    without_nulls,
    written,
)

from nearcopy.errors import InputError
from worker.archive import blocks, sources

every_packer = pytest.mark.parametrize("packer", PACKERS)
every_format = pytest.mark.parametrize("suffix", MAKERS)

NOBODY = 65534
"""Root reads everything."""


@every_packer
@every_format
def test_a_file(tmp_path: Path, suffix: str, packer: str) -> None:
    path = written(tmp_path, f"news{suffix}{packer}", PACKERS[packer](MAKERS[suffix](RECORDS)))
    assert without_nulls(documents(results := read(path))) == expected()
    assert not rejects(results)


@every_packer
@every_format
def test_a_file_whose_name_says_nothing(tmp_path: Path, suffix: str, packer: str) -> None:
    path = written(tmp_path, "news", PACKERS[packer](MAKERS[suffix](RECORDS)))
    assert without_nulls(documents(read(path))) == expected()


@every_packer
@every_format
def test_standard_input(suffix: str, packer: str) -> None:
    results = read("-", stdin=PACKERS[packer](MAKERS[suffix](RECORDS)))
    assert without_nulls(documents(results)) == expected()


@every_packer
def test_a_crawl(tmp_path: Path, packer: str) -> None:
    path = written(tmp_path, f"x.warc{packer}", PACKERS[packer](crawl(3)))
    found = documents(read(path))
    assert [document.id for document in found] == [f"https://news.example/{n}" for n in (1, 2, 3)]
    assert found == documents(read("-", stdin=PACKERS[packer](crawl(3))))


def test_a_wrong_packer_in_the_name_does_not_matter(tmp_path: Path) -> None:
    assert documents(read(written(tmp_path, "a.jsonl.gz", jsonl(RECORDS)))) == expected()
    assert documents(read(written(tmp_path, "b.jsonl", PACKERS[".xz"](jsonl(RECORDS))))) == expected()


@every_packer
def test_packed_data_in_several_members(tmp_path: Path, packer: str) -> None:
    half = len(jsonl(RECORDS)) // 2
    parts = [PACKERS[packer](part) for part in (jsonl(RECORDS)[:half], b"", jsonl(RECORDS)[half:])]
    results = read(written(tmp_path, "a.jsonl", b"".join(parts)))
    assert (documents(results), rejects(results)) == (expected(), [])


def test_zstd_with_a_skippable_frame_and_a_long_window(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compress(jsonl(RECORDS))
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    assert documents(read(written(tmp_path, "a.jsonl.zst", skippable + packed))) == expected()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    assert documents(read(written(tmp_path, "a.csv", table(RECORDS, delimiter)))) == expected()


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_byte_order_mark(tmp_path: Path, suffix: str) -> None:
    marked = b"\xef\xbb\xbf" + MAKERS[suffix](RECORDS)
    for block_bytes in (1, 4 << 20):
        assert documents(read(written(tmp_path, f"a{suffix}", marked), block_bytes=block_bytes)) == expected()


def test_carriage_returns(tmp_path: Path) -> None:
    windows = b"\r\n".join(jsonl(RECORDS).splitlines(keepends=False)) + b"\r\n\r\n"
    assert documents(read(written(tmp_path, "a.jsonl", windows))) == expected()
    mac = b'id,text\rx,"one\rtwo"\ry,three\r'
    assert [d.text for d in documents(read(written(tmp_path, "a.csv", mac)))] == ["one\rtwo", "three"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.warc", "a", "a.jsonl.gz", "a.txt.xz"])
def test_an_empty_file_has_no_documents(tmp_path: Path, name: str) -> None:
    assert documents(read(written(tmp_path, name, b""))) == []


@every_format
def test_an_archive_of_no_records(tmp_path: Path, suffix: str) -> None:
    if suffix != ".parquet":
        assert read(written(tmp_path, f"a{suffix}", MAKERS[suffix]([]))) == []


def test_a_folder_of_texts_pages_and_archives(tmp_path: Path) -> None:
    written(tmp_path, "b/2.txt", b"\xef\xbb\xbfText two.")
    written(tmp_path, "b/1.html", page(1))
    written(tmp_path, "a.txt", b"Text a.")
    written(tmp_path, "c.txt.gz", PACKERS[".gz"](b"Text c."))
    written(tmp_path, "news.jsonl", jsonl(RECORDS))
    written(tmp_path, ".hidden.txt", b"Not read.")
    written(tmp_path, "picture.png", b"\x89PNG")
    results = read(str(tmp_path))
    assert [d.id for d in documents(results)] == [
        "a.txt", "c.txt.gz", "b/1.html", "b/2.txt", *[d.id for d in expected()]
    ]
    assert documents(results)[3].text == "Text two."
    assert not rejects(results)


def test_a_single_text_is_an_archive(tmp_path: Path) -> None:
    (found,) = documents(read(written(tmp_path, "speech.txt", b"My friends.")))
    assert (found.id, found.text) == ("speech.txt", "My friends.")


def test_archives_of_several_kinds_are_numbered_together(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{n}{suffix}", MAKERS[suffix](RECORDS)) for n, suffix in enumerate(MAKERS)]
    numbers = [block.number for block in blocks(sources(paths), block_bytes=1)]
    assert numbers == list(range(len(numbers)))
    assert without_nulls(documents(read(*paths))) == expected() * len(MAKERS)


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(jsonl(RECORDS)))
    writer.start()
    assert documents(read(str(pipe))) == expected()
    writer.join()


@pytest.mark.parametrize("name", ["missing.jsonl", "missing/", "file/below.jsonl"])
def test_what_is_missing_is_said_before_anything_starts(tmp_path: Path, name: str) -> None:
    good = written(tmp_path, "file", jsonl(RECORDS))
    with pytest.raises(InputError, match=name):
        sources([good, str(tmp_path) + "/" + name])


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        ("a.pdf", b"%PDF-1.4\n", "JSON lines, CSV"),
        ("a.parquet", b"id,text\n", "named like a parquet file"),
        ("a.parquet", parquet(RECORDS)[:-20], "no whole Parquet file"),
        ("a.json", b'[\n{"id": "a"}]', "jq -c"),
        ("a.csv", "id,text\n".encode("utf-16"), "iconv"),
        ("a.zip", b"PK\x03\x04", "packed by gz"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path: Path, name: str, data: bytes, advice: str) -> None:
    with pytest.raises(InputError, match=advice):
        sources([written(tmp_path, name, data)])


def test_an_empty_folder_and_two_standard_inputs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to read"):
        sources([str(tmp_path)])
    with pytest.raises(InputError, match="once"):
        sources(["-", "-"])


def test_an_unreadable_file(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", jsonl(RECORDS))
    os.chmod(path, 0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            sources([path])
    finally:
        os.seteuid(user)
