"""What kind of archive a file is: by its bytes, and where they leave it open by its name."""

from __future__ import annotations

from pathlib import PurePath

from nearcopy.errors import InputError

PACKED = frozenset({".gz", ".zst", ".zstd", ".xz", ".bz2"})
KINDS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv",
    ".parquet": "parquet", ".pq": "parquet",
    ".warc": "warc", ".wet": "warc",
    ".txt": "pages", ".html": "pages", ".htm": "pages", ".xhtml": "pages",
}
MAGIC = {"parquet": b"PAR1", "warc": b"WARC/"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SUPPORTED = (
    "JSON lines, CSV and TSV with a header, Parquet and WARC can be read, plain or packed by gz, zst, xz or "
    "bz2, and folders of .txt and .html"
)


def suffix(name: str) -> str:
    """A name's suffix, in lower case; where a packer added one, that before it."""
    path = PurePath(name.lower())
    return PurePath(path.stem).suffix if path.suffix in PACKED else path.suffix


def kind_by_name(name: str) -> str:
    """The kind that a name's suffix says; nothing where it says none."""
    return KINDS.get(suffix(name), "")


def kind_of(name: str, head: bytes) -> str:
    """jsonl, csv, parquet, warc or pages, by the name and the first bytes, unpacked. Raises `InputError`."""
    for kind, magic in MAGIC.items():
        if head.startswith(magic):
            return kind
    kind = kind_by_name(name)
    if kind in MAGIC and head:
        raise InputError(f"{name} is named like a {kind} file and is none. {SUPPORTED}")
    if head.startswith(UTF_16) and kind != "pages":
        raise InputError(f"{name} is UTF-16: make it UTF-8, as by iconv -f UTF-16 -t UTF-8")
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if text.startswith(b"[") and (not kind or suffix(name) == ".json"):
        raise InputError(f"{name} is one JSON array: write an object a line, as by jq -c '.[]'")
    kind = kind or _kind_by_content(text)
    if not kind and head:
        raise InputError(f"{name} is no archive that can be read. {SUPPORTED}")
    return kind or "jsonl"


def _kind_by_content(text: bytes) -> str:
    if text.startswith(b"{"):
        return "jsonl"
    header = text.partition(b"\n")[0]
    return "csv" if b"\0" not in header and any(mark in header for mark in (b",", b"\t", b";")) else ""
