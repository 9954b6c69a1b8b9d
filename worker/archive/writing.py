"""Tables out: JSON lines, CSV or Parquet, some rows at a time, whole or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

Format = Literal["jsonl", "csv", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

Kinds = Mapping[str, type]
"""Of each column str, int or float; a value may be None."""

Columns = Mapping[str, Sequence[Any]]
"""Equally long lists by the names of the columns, in their order."""

Put = Callable[[Columns], None]


@contextmanager
def table(folder: Path, name: str, format: Format, kinds: Kinds) -> Iterator[Put]:
    """A file ``name.format`` in the folder with columns of these ``kinds``, whose rows are put some at a
    time; it appears under its name once all are written. Raises `OSError`."""
    path = folder / f"{name}.{format}"
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _WRITERS[format](partial, kinds) as put:
            yield put
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _jsonl(path: Path, kinds: Kinds) -> Iterator[Put]:
    names = list(kinds)
    row = b"{" + b",".join(orjson.dumps(name).replace(b"%", b"%%") + b":%b" for name in names) + b"}\n"
    with open(path, "wb") as file:
        def put(columns: Columns) -> None:
            cells = (_cells(columns[name]) for name in names)
            file.writelines(row % one for one in zip(*cells, strict=True))

        yield put


def _cells(column: Sequence[Any]) -> list[bytes]:
    """The JSON of each value. All are written in one call, a line each: no value holds a newline."""
    told = orjson.dumps(column, option=orjson.OPT_INDENT_2)
    return told.removeprefix(b"[\n  ").removesuffix(b"\n]").split(b",\n  ") if column else []


@contextmanager
def _csv(path: Path, kinds: Kinds) -> Iterator[Put]:
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(kinds)

        def put(columns: Columns) -> None:
            rows.writerows(zip(*(columns[name] for name in kinds), strict=True))

        yield put


@contextmanager
def _parquet(path: Path, kinds: Kinds) -> Iterator[Put]:
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in kinds.items()])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        def put(columns: Columns) -> None:
            writer.write_table(pyarrow.table(dict(columns), schema=schema))

        yield put


_WRITERS = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
