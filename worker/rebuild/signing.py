"""Sign: a block of the archive becomes a part with all that its documents leave in an index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index import documents, keys
from nearcopy.kernel.pack import first_of_each
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from worker.archive import Block, Mapping, Reject, parse
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.stored import Stored


def part_name(block: int) -> str:
    """The part of the block of that number."""
    return f"signed-{block:06}"


def counts(folder: Path, name: str) -> tuple[int, int, int]:
    """Documents, paragraphs and rejects of a part."""
    part = files.read(folder, name)
    return len(part["ids"]), len(part["runs"]), len(json.loads(part["rejects"].tobytes()))


def results(block: Block | Stored, mapping: Mapping) -> Iterator[Document | Reject]:
    """The documents of a block, and what of it cannot be used."""
    return block.documents() if isinstance(block, Stored) else parse(block, mapping)


def sign(
    folder: Path, block: Block | Stored, mapping: Mapping, parameters: Parameters, partitions: int
) -> str:
    """Write the part of a block; returns its checksum. Raises `OSError` where the archive has gone.

    D documents, P paragraphs, F fingerprints; bounds are int64[D + 1]:
    - ``ids`` uint8[D, 12], ``partitions`` uint16[D], ``texts`` uint8 with ``text_bounds``
    - ``bands`` uint64[bands, P], ``runs`` uint64[P], ``paragraph_bounds``
    - ``document_bands`` uint64[bands, D]
    - ``fingerprints`` uint64[F] with ``contexts`` uint16[F], each once a document, ``fingerprint_bounds``
    - ``source`` (empty for stored documents) and ``rejects``: uint8, JSON
    """
    found, blobs, rejects = [], [], []
    for result in results(block, mapping):
        if isinstance(result, Reject):
            rejects.append(result)
            continue
        try:
            blobs.append(documents.packed(result)[0])
            found.append(result)
        except InputError as error:
            rejects.append(Reject(f"{block.source}: {result.id}", str(error), result.text[:200]))
    arrays = {
        "ids": _bytes(b"".join(keys.id_digest(one.id) for one in found)).reshape(-1, 12),
        "partitions": np.array([keys.partition_of(one.id, partitions) for one in found], dtype=np.uint16),
        "texts": _bytes(b"".join(blobs)),
        "text_bounds": _bounds([len(blob) for blob in blobs]),
        **_postings(found, parameters),
        "source": _bytes(json.dumps(block.source).encode()),
        "rejects": _bytes(json.dumps([asdict(one) for one in rejects]).encode()),
    }
    return files.write(folder, part_name(block.number), arrays)


def _postings(found: Sequence[Document], parameters: Parameters) -> dict[str, Array]:
    buckets = buckets_of(scan_texts([one.text for one in found], passing=True), parameters)
    prints, contexts = buckets.fingerprints, buckets.contexts
    once = np.empty(len(prints), dtype=np.bool_)
    first_of_each(prints, contexts, buckets.fingerprint_bounds, once)
    return {
        "bands": buckets.bands.T,
        "runs": buckets.runs,
        "paragraph_bounds": buckets.bounds.astype(np.int64),
        "document_bands": buckets.document_bands.T,
        "fingerprints": prints[once],
        "contexts": contexts[once],
        "fingerprint_bounds": np.append(0, np.cumsum(once))[buckets.fingerprint_bounds].astype(np.int64),
    }


def _bytes(data: bytes) -> Array:
    return np.frombuffer(data, dtype=np.uint8)


def _bounds(lengths: Sequence[int]) -> Array:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
