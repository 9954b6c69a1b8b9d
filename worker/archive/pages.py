"""Folders of .txt and .html: a document a file, its id the path in the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nearcopy.document import Document
from nearcopy.errors import InputError
from worker.archive.block import LONGEST, Block, Reject, reject
from worker.archive.kinds import suffix
from worker.archive.source import Source, pages_in
from worker.archive.unpacking import Stream, packing


def cut(source: Source, block_bytes: int) -> Iterator[Block]:
    """Blocks of the fewest files that have ``block_bytes`` on disk."""
    root, prefix, files = source.path, source.name, pages_in(source.path)
    if not os.path.isdir(root):
        (root, file), prefix = os.path.split(root), os.path.dirname(prefix)
        files = iter([file])
    held, size, read, first = list[str](), 0, 0, 1
    for file in files:
        held.append(file)
        size += _size(os.path.join(root, file))
        if size >= block_bytes:
            read += size
            yield Block("pages", prefix, first, path=root, files=tuple(held), read=read)
            first, held, size = first + len(held), [], 0
    if held:
        yield Block("pages", prefix, first, path=root, files=tuple(held), read=read + size)


def documents(block: Block) -> Iterator[Document | Reject]:
    """The documents of a block. A file that is gone or unreadable is a reject."""
    for file in block.files:
        place, path = os.path.join(block.source, file), os.path.join(block.path, file)
        try:
            yield Document.checked({"id": file.replace(os.sep, "/"), **_fields(path)})
        except OSError as error:
            yield reject(place, error.strerror or error)
        except UnicodeDecodeError as error:
            yield reject(place, f"not UTF-8 at byte {error.start}", error.object)
        except InputError as error:
            yield reject(place, error)


def _fields(path: str) -> dict[str, object]:
    data = _unpacked(path)
    if suffix(path) == ".txt":
        return {"text": data.decode("utf-8-sig")}
    from worker.archive.html import article  # loads resiliparse, which plain text needs not

    return article(data)


def _unpacked(path: str) -> bytes:
    with open(path, "rb") as file:
        kind = packing(file.read(16))
    with Stream(open(path, "rb"), kind) as stream:
        data = bytearray()
        while len(data) <= LONGEST and (chunk := stream.read(LONGEST)):
            data += chunk
        if stream.damage:
            raise InputError(stream.damage)
    if len(data) > LONGEST:
        raise InputError(f"the file has more than {LONGEST >> 20} MB")
    return bytes(data)


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
