"""A part: a file of named arrays that a stage leaves, read by mapping it into memory.

Eight bytes with the length of a JSON header, which names each array's type and shape in order; then the
arrays, each from a multiple of 64 bytes on. Equal arrays give equal bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import orjson
from numpy.typing import NDArray

Array = NDArray[Any]
ALIGN = 64
CHUNK = 1 << 20
SUFFIX = ".part"


def path_of(folder: Path, name: str) -> Path:
    """Where the part of that name lies."""
    return folder / f"{name}{SUFFIX}"


def write(folder: Path, name: str, arrays: Mapping[str, Array]) -> str:
    """Write a part, whole or not at all; returns its checksum."""
    header = json.dumps([[key, array.dtype.str, array.shape] for key, array in arrays.items()]).encode()
    path, found = path_of(folder, name), 0
    # Two processes may do one part, where the first was given up for dead.
    partial = path.with_suffix(f".{secrets.token_hex(8)}.partial")
    with open(partial, "wb") as file:
        def put(data: bytes | memoryview) -> None:
            nonlocal found
            file.write(data)
            found = crc32(data, found)

        put(len(header).to_bytes(8, "little") + header)
        for array in arrays.values():
            put(bytes(-file.tell() % ALIGN))
            if array.size:
                put(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    os.replace(partial, path)
    return f"{found:08x}"


def read(folder: Path, name: str) -> dict[str, Array]:
    """The arrays of a part, mapped: only what is touched is read."""
    descriptor = os.open(path_of(folder, name), os.O_RDONLY)
    try:
        whole = mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    at = 8 + int.from_bytes(whole[:8], "little")
    arrays = {}
    for key, kind, shape in orjson.loads(whole[8:at]):
        at += -at % ALIGN
        arrays[key] = array = np.ndarray(shape, kind, whole, at) if prod(shape) else np.empty(shape, kind)
        at += array.nbytes
    return arrays


def checksum(path: Path) -> str | None:
    """Of a part as it lies there, against damage; None where it is missing."""
    found = 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                found = crc32(chunk, found)
    except FileNotFoundError:
        return None
    return f"{found:08x}"
