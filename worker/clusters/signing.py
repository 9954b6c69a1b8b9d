"""Sign: a block of the archive becomes a part with all that is compared of its documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import orjson

from nearcopy.clusters.credit import credits_of
from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index import documents, keys
from nearcopy.kernel.pack import first_of_each
from nearcopy.kernel.sign import run_hashes
from nearcopy.lsh import document_bands, fingerprints_of, paragraph_bands
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import Scanned, scan_texts
from worker.archive import Block, Mapping, Reject
from worker.rebuild import files
from worker.rebuild.files import Array
from worker.rebuild.signing import part_name, results
from worker.rebuild.stored import Stored


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of each document beside its words and bands: its text; what finds an ``excerpt`` of it,
    the bands of its paragraphs and its fingerprints."""

    texts: bool = False
    excerpts: bool = False


TOLD = ("id", "publisher", "published_at", "title", "credit")
"""What is kept of a document beside its text; ``credit``: when that says that it was first published."""


def sign(
    folder: Path, block: Block | Stored, mapping: Mapping, parameters: Parameters, kept: Kept
) -> str:
    """Write the part of a block; returns its checksum. Raises `OSError` where the archive has gone.

    D documents, W words:
    - ``ids`` uint8[D, 12], their digests
    - ``words`` uint64[W], of document d from ``word_bounds[d]`` on, int64[D + 1]
    - ``bands`` uint64[bands, D]
    - ``runs`` uint64[P] of the paragraphs that are long enough, the hash of their words; ``spans``
      int64[P, 2]: their first and end word in the document; ``paragraph_bounds``
    - ``counts`` int64[3]: documents, paragraphs, rejects
    - ``told`` (a list for each of `TOLD`), ``source`` and ``rejects``: uint8, JSON
    - as ``kept`` says: the documents as they are stored, ``texts`` uint8 with ``text_bounds``; of the same
      paragraphs the ``paragraph_bands`` uint64[bands, P]; and the ``fingerprints`` uint64[F] with
      ``contexts`` uint16[F], each once a document, ``print_bounds``
    """
    found, blobs, rejects = [], [], []
    for result in results(block, mapping):
        if isinstance(result, Reject):
            rejects.append(result)
            continue
        try:
            if kept.texts:
                blobs.append(documents.packed(result)[0])
            found.append(result)
        except InputError as error:
            rejects.append(Reject(f"{block.source}: {result.id}", str(error), result.text[:200]))
    arrays, paragraphs = _signed(found, parameters, kept.excerpts)
    credits = credits_of([one.text for one in found], arrays["words"], arrays["word_bounds"])
    arrays |= {
        "counts": np.array([len(found), paragraphs, len(rejects)], dtype=np.int64),
        "told": _bytes(orjson.dumps([
            *([getattr(one, name) for one in found] for name in TOLD[:-1]),
            credits,
        ])),
        "source": _bytes(json.dumps(block.source).encode()),
        "rejects": _bytes(json.dumps([asdict(one) for one in rejects]).encode()),
    }
    if kept.texts:
        arrays |= {"texts": _bytes(b"".join(blobs)), "text_bounds": _bounds([len(blob) for blob in blobs])}
    return files.write(folder, part_name(block.number), arrays)


def _signed(
    found: Sequence[Document], parameters: Parameters, excerpts: bool
) -> tuple[dict[str, Array], int]:
    """The arrays of all documents, and how many paragraphs they have."""
    scanned = scan_texts([one.text for one in found], passing=True)
    return {
        "ids": keys.id_digests(one.id for one in found),
        "words": scanned.hashes,
        "word_bounds": scanned.text_words,
        "bands": document_bands(scanned, parameters).T,
        **_paragraphs(scanned, parameters, excerpts),
        **(_prints(scanned, parameters) if excerpts else {}),
    }, len(scanned.spans)


def _paragraphs(scanned: Scanned, parameters: Parameters, bands: bool) -> dict[str, Array]:
    """The paragraphs that are long enough, and where those of each document begin."""
    every = scanned.span_bounds()
    long = np.flatnonzero(every[:, 1] - every[:, 0] >= parameters.least_words)
    bounds = np.ascontiguousarray(every[long])
    of_text = np.searchsorted(scanned.text_spans, long, side="right") - 1
    runs = np.empty(len(long), dtype=np.uint64)
    run_hashes(scanned.hashes, bounds, runs)
    return {
        "runs": runs,
        "spans": bounds - scanned.text_words[of_text, None],
        "paragraph_bounds": np.searchsorted(long, scanned.text_spans).astype(np.int64),
        **({"paragraph_bands": paragraph_bands(scanned, bounds, parameters).T} if bands else {}),
    }


def _prints(scanned: Scanned, parameters: Parameters) -> dict[str, Array]:
    """Fingerprints, each once a document, and where those of each begin."""
    prints, contexts, bounds = fingerprints_of(scanned, parameters)
    once = np.empty(len(prints), dtype=np.bool_)
    first_of_each(prints, contexts, bounds, once)
    return {
        "fingerprints": prints[once],
        "contexts": contexts[once],
        "print_bounds": np.append(0, np.cumsum(once))[bounds].astype(np.int64),
    }


def _bytes(data: bytes) -> Array:
    return np.frombuffer(data, dtype=np.uint8)


def _bounds(lengths: Sequence[int] | Array) -> Array:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
