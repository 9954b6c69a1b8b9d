"""Archives cut short or with flipped bits: what came before is kept, one reject says so, nothing stops."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from archived import (
    MAKERS,
    PACKERS,
    crawl,
    documents,
    jsonl,
    page,
    parquet,
    read,
    rejects,
    table,
    web,
    written,
)

from nearcopy.document import Document
from nearcopy.errors import InputError
from worker.archive import LONGEST, Mapping, Reject, blocks, parse, sources

RECORDS = [
    {"id": str(n), "text": f"{n} " + " ".join(random.Random(n).choices(["alpha", "beta", "gamma"], k=60))}
    for n in range(400)
]
WHOLE = [Document.checked(record) for record in RECORDS]

packed_formats = pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
packers = pytest.mark.parametrize("packer", [name for name in PACKERS if name])


def read_as_named(*paths: str) -> list[Document | Reject]:
    """Read without guessing from what may be damaged."""
    return [result for block in blocks(sources(paths)) for result in parse(block, Mapping())]


def is_beginning(found: list[Document], whole: list[Document]) -> bool:
    return found == whole[: len(found)]


@packers
@packed_formats
def test_a_packed_file_cut_anywhere_keeps_what_came_before(tmp_path: Path, suffix: str, packer: str) -> None:
    packed = PACKERS[packer](MAKERS[suffix](RECORDS))
    for cut in random.Random(packer).sample(range(20, len(packed)), 25):
        for block_bytes in (700, 4 << 20):
            path = written(tmp_path, f"a{suffix}{packer}", packed[:cut])
            results = read(path, block_bytes=block_bytes)
            (damage,) = rejects(results)
            assert damage is results[-1]
            assert damage.reason == f"the {packer[1:]} data ends too early; what came before was read"
            assert is_beginning(documents(results), WHOLE)
            header = suffix == ".csv" and bool(documents(results))
            assert damage.place == f"{path}:{len(documents(results)) + header + 1}"


def test_a_gzip_without_its_last_bytes_keeps_every_record(tmp_path: Path) -> None:
    for data in (jsonl(RECORDS), jsonl(RECORDS).rstrip(b"\n")):
        results = read(written(tmp_path, "a.jsonl.gz", PACKERS[".gz"](data)[:-8]))
        assert documents(results) == WHOLE
        assert len(rejects(results)) == 1


def test_a_row_cut_short_is_no_document_though_it_looks_like_one(tmp_path: Path) -> None:
    whole = b'id,text\na,"one"\nb,two words'
    results = read(written(tmp_path, "a.csv.gz", PACKERS[".gz"](whole)[:-8]))
    assert [d.id for d in documents(results)] == ["a"]
    assert [r.place for r in rejects(results)] == [str(tmp_path / "a.csv.gz") + ":3"]


@packers
@packed_formats
def test_a_flipped_byte_stops_nothing(tmp_path: Path, suffix: str, packer: str) -> None:
    good = written(tmp_path, f"b{suffix}", MAKERS[suffix](RECORDS[:1]))
    packed = PACKERS[packer](MAKERS[suffix](RECORDS))
    for at in random.Random(packer).sample(range(len(packed) // 3, len(packed)), 25):
        bad = bytearray(packed)
        bad[at] ^= 0x55
        path = written(tmp_path, f"a{suffix}{packer}", bytes(bad))
        results = read_as_named(path, good)
        assert results[-1] == WHOLE[0]
        noticed = any(f"the {packer[1:]} data" in reject.reason for reject in rejects(results))
        assert noticed or documents(results)[:-1] == WHOLE


@packers
def test_a_crawl_cut_anywhere(tmp_path: Path, packer: str) -> None:
    packed = PACKERS[packer](crawl(40))
    whole = documents(read(written(tmp_path, "whole.warc", crawl(40))))
    assert len(whole) == 40
    for cut in random.Random(packer).sample(range(20, len(packed)), 20):
        results = read(written(tmp_path, f"a.warc{packer}", packed[:cut]), block_bytes=2000)
        assert is_beginning(documents(results), whole)
        assert [r.reason for r in rejects(results)] == [
            f"the {packer[1:]} data ends too early; what came before was read"
        ]


def test_a_plain_crawl_cut_anywhere(tmp_path: Path) -> None:
    data = crawl(40)
    whole = documents(read(written(tmp_path, "whole.warc", data)))
    starts = [at for at in range(len(data)) if data.startswith(b"WARC/1.0", at)]
    for cut in random.Random(1).sample(range(20, len(data)), 40):
        results = read(written(tmp_path, "a.warc", data[:cut]), block_bytes=2000)
        assert is_beginning(documents(results), whole)
        begun = sum(start < cut for start in starts)
        assert len(documents(results)) >= begun - 1
        assert len(documents(results)) + len(rejects(results)) == begun


def test_a_crawl_goes_on_behind_a_damaged_record(tmp_path: Path) -> None:
    records = [web(f"https://news.example/{n}", page(n)) for n in range(1, 31)]
    for n in (1, 2, 15, 29, 30):
        damaged = [*records]
        damaged[n - 1] = damaged[n - 1].replace(b"WARC/1.0", b"W\0RC/1.0", 1)
        for block_bytes in (1, 3000, 4 << 20):
            path = written(tmp_path, "a.warc", b"".join(damaged))
            if n == 1:
                with pytest.raises(InputError, match="named like a warc"):
                    read(path)
                continue
            results = read(path, block_bytes=block_bytes)
            assert [d.id for d in documents(results)] == [
                f"https://news.example/{other}" for other in range(1, 31) if other != n
            ]
            assert [r.place for r in rejects(results)] == [f"{path} record {n}"]


def test_random_damage_to_a_crawl_stops_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    good = written(tmp_path, "b.jsonl", jsonl(RECORDS[:1]))
    for _ in range(150):
        data = bytearray(crawl(12))
        for _ in range(chance.choice([1, 5, 50])):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        path = written(tmp_path, "a.warc", bytes(data))
        whole = read(path, good)
        assert whole[-1] == WHOLE[0]
        assert read(path, good, block_bytes=1000) == whole
        assert all(isinstance(result, Document | Reject) for result in whole)


def test_a_row_group_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    data = bytearray(parquet(RECORDS, row_group_size=100, write_page_checksum=True, compression="none"))
    at = data.index(b"150 ")
    data[at : at + 3] = b"999"
    results = read(written(tmp_path, "a.parquet", bytes(data)))
    assert [d.id for d in documents(results)] == [d.id for d in WHOLE[:100] + WHOLE[200:]]
    (reject,) = rejects(results)
    assert reject.place == f"{tmp_path / 'a.parquet'} row 101"
    assert reject.reason.startswith("rows 101 to 200 cannot be read: ")


def test_random_damage_to_parquet_stops_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)
    packed = parquet(RECORDS, row_group_size=50, write_page_checksum=True)
    good = written(tmp_path, "b.jsonl", jsonl(RECORDS[:1]))
    body = len(packed) - int.from_bytes(packed[-8:-4], "little") - 8
    for _ in range(60):
        data = bytearray(packed)
        data[chance.randrange(4, body)] ^= 1 << chance.randrange(8)
        results = read(written(tmp_path, "a.parquet", bytes(data)), good)
        assert results[-1] == WHOLE[0]
        assert len(documents(results)) + 50 * len(rejects(results)) >= len(WHOLE)


def test_parquet_without_its_end_is_refused_before_anything_starts(tmp_path: Path) -> None:
    packed = parquet(RECORDS)
    for data in (packed[: len(packed) // 2], PACKERS[".gz"](packed)[:-3000]):
        with pytest.raises(InputError, match="no whole Parquet file"):
            read(written(tmp_path, "a.parquet", data))


@pytest.mark.parametrize("packer", ["", ".gz"])
def test_a_line_of_any_length_is_a_reject(tmp_path: Path, packer: str) -> None:
    first, second = jsonl([{"id": "a", "text": "first"}]), jsonl([{"id": "b", "text": "second"}])
    for length, reason in ((LONGEST, "not JSON: "), (LONGEST + 1, "the line is longer than 64 MB")):
        data = first + b"x" * length + b"\n" + second
        path = written(tmp_path, f"a.jsonl{packer}", PACKERS[packer](data))
        for block_bytes in (1, 4 << 20, 80 << 20):
            results = read(path, block_bytes=block_bytes)
            assert [d.text for d in documents(results)] == ["first", "second"]
            (reject,) = rejects(results)
            assert reject.place == f"{path}:2"
            assert reject.reason.startswith(reason)
            assert reject.sample == "x" * 200


def test_a_row_of_any_length_is_a_reject(tmp_path: Path) -> None:
    for start in (b"x", b'c,"x\ny'):
        data = b"id,text\na,first\n" + start + b"x" * (LONGEST + 1) + b"\nb,second\n"
        results = read(written(tmp_path, "a.csv", data))
        assert documents(results)[0].text == "first"
        assert rejects(results)[0].place == f"{tmp_path / 'a.csv'}:3"
        assert rejects(results)[0].reason == "the line is longer than 64 MB"
    assert [d.text for d in documents(results)] == ["first", "second"]


def test_a_quote_that_is_never_closed_is_one_reject(tmp_path: Path) -> None:
    data = table(RECORDS[:3]) + b'x,"never closed,,,,,\n' + table(RECORDS[3:])
    results = read(written(tmp_path, "a.csv", data))
    assert documents(results) == WHOLE[:3]
    assert [r.place for r in rejects(results)] == [f"{tmp_path / 'a.csv'}:5"]


def test_a_record_of_any_size_in_a_crawl_is_passed_over(tmp_path: Path) -> None:
    large = web("https://news.example/large", b"<p>" + b"x" * LONGEST)
    film = web("https://news.example/film", b"x" * LONGEST, kind="metadata")
    records = [web(f"https://news.example/{n}", page(n)) for n in range(4)]
    parts = [records[0], large, records[1], film, records[2], large, records[3]]
    path = written(tmp_path, "a.warc", b"".join(parts))
    for block_bytes in (1, 4 << 20):
        results = read(path, block_bytes=block_bytes)
        assert [d.id for d in documents(results)] == [f"https://news.example/{n}" for n in range(4)]
        assert [r.reason for r in rejects(results)] == ["the record is larger than 64 MB"] * 2
        assert [r.place for r in rejects(results)] == [f"{path} record {n}" for n in (2, 6)]


def test_a_file_that_goes_or_is_damaged_in_a_folder(tmp_path: Path) -> None:
    written(tmp_path, "a.txt.gz", PACKERS[".gz"](b"A text. " * 500)[:-10])
    written(tmp_path, "b.txt", b"Text b.")
    (tmp_path / "c.txt").symlink_to(tmp_path / "nowhere.txt")
    results = read(str(tmp_path))
    assert [d.id for d in documents(results)] == ["b.txt"]
    assert [(r.place, r.reason) for r in rejects(results)] == [
        (str(tmp_path / "a.txt.gz"), "the gz data ends too early"),
        (str(tmp_path / "c.txt"), "No such file or directory"),
    ]
