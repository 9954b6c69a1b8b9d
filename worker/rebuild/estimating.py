"""From a sample of documents to what all of them would take in Redis.

What the sample leaves in the index is put on pages as a rebuild would do it, weighed, and scaled up. Distinct
paragraphs grow more slowly than the archive. How much more slowly, the two halves of the sample tell: for n
paragraphs of which D(n) are distinct, the power law through D(n/2) and D(n) (what is repeated stands
everywhere) gives more, the parabola through them (what is repeated stands twice) less; the estimate lies in
the middle, and the same holds for documents by their ids.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearcopy.document import Document
from nearcopy.errors import InputError
from nearcopy.index import documents, keys, memory
from nearcopy.index.shape import BUCKET_CAP, RECORDS_A_PAGE
from nearcopy.index.store import Store
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.text.scanning import scan_texts
from worker.rebuild.sampling import Sample

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]

BANDS = 4
"""Bands that are put on pages; all have equally many postings."""

WIDTHS = {"p": 5, "d": 5, "f": 7, "x": 9, "o": 4}
"""Bytes of a record of each kind."""

SPARE = 2.0
"""Standard errors of the sample that its error stands for."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the D documents of a sample, in B blocks, leave; ``blocks`` int64[D]: whose each is.

    - ``ids`` uint64[D], ``texts`` int64[D]: bytes stored of each; ``document_bands`` uint64[D, BANDS]
    - ``runs`` uint64[P], ``bands`` uint64[P, BANDS], ``owners`` int64[P]: paragraphs, and whose they are
    - ``prints`` uint64[F]: fingerprints as they stand
    """

    blocks: Ints
    ids: Hashes
    texts: Ints
    document_bands: Hashes
    runs: Hashes
    bands: Hashes
    owners: Ints
    prints: Hashes


def _signed(sample: Sample, parameters: Parameters, names: list[str]) -> Signed:
    """Sign a sample block by block; ``names`` gets the ids."""
    gathered: dict[str, list[Any]] = {field.name: [] for field in fields(Signed)}
    count = 0
    for number, found in enumerate(chain(sample.blocks, [[]])):  # there may be no other
        blobs = [(one, blob) for one in found if (blob := _packed(one))]
        buckets = buckets_of(scan_texts([one.text for one, _ in blobs]), parameters)
        for name, values in {
            "blocks": np.full(len(blobs), number),
            "ids": np.frombuffer(b"".join(keys.id_digest(one.id)[:8] for one, _ in blobs), dtype=np.uint64),
            "texts": np.array([len(blob) for _, blob in blobs], dtype=np.int64),
            "document_bands": buckets.document_bands[:, :BANDS],
            "runs": buckets.runs,
            "bands": buckets.bands[:, :BANDS],
            "owners": np.repeat(np.arange(len(blobs)), np.diff(buckets.bounds)) + count,
            "prints": buckets.fingerprints,
        }.items():
            gathered[name].append(values.copy())
        count += len(blobs)
        names += [one.id for one, _ in blobs]
    return Signed(**{name: np.concatenate(parts) for name, parts in gathered.items()})


def _packed(document: Document) -> bytes:
    """As it would be stored; nothing where it would be rejected."""
    try:
        return documents.packed(document)[0]
    except InputError:
        return b""


class Estimate:
    """What one sample says of the whole that it was taken from: ``documents``, distinct ``paragraphs``,
    ``bytes`` by kind, ``keys``, and the share by which that may be off (``error``). ``names``: the ids in the
    sample."""

    def __init__(self, sample: Sample, parameters: Parameters, store: Store) -> None:
        self.bytes: dict[str, int] = {}
        self.documents = self.paragraphs = self.keys = 0
        self.error = 0.0
        self.names: list[str] = []
        self._parameters, self._partitions = parameters, len(store.partitions)
        part = store.partitions[-1]
        self._key_bytes = len(part.keys.prefix) + len(part.generation)
        self._allocator = memory.servers(store)[0].allocator
        signed = _signed(sample, parameters, self.names)
        if len(signed.ids):
            self._scale(signed, sample.times)

    def shrink(self, share: float) -> None:
        """Count only that share of it."""
        self.documents, self.paragraphs = round(self.documents * share), round(self.paragraphs * share)
        self.bytes = {name: round(size * share) for name, size in self.bytes.items()}
        self.keys = round(self.keys * share)

    def _scale(self, signed: Signed, times: float) -> None:
        documents, doubt = _grown(signed.ids, signed.blocks, times)
        times = documents / len(signed.ids)
        paragraphs, more_doubt = _grown(signed.runs, signed.blocks[signed.owners], times)
        self.documents, self.paragraphs = round(documents), round(paragraphs)
        self._strings("texts", 4, signed.texts, times)
        self._ids()
        self._pages(signed, times, paragraphs)
        self.error = _sampling_error(signed, times) + doubt / documents + more_doubt / max(paragraphs, 1)

    def _ids(self) -> None:
        each = -(-self.documents // self._partitions)
        key_bytes = self._key_bytes + 3
        self.bytes["ids"] = self._partitions * memory.ids_bytes(each, key_bytes, self._allocator)
        self.keys += min(self.documents, self._partitions * keys.ID_BUCKETS)

    def _pages(self, signed: Signed, times: float, paragraphs: float) -> None:
        runs, first, which = np.unique(signed.runs, return_index=True, return_inverse=True)
        more, bands = paragraphs / max(len(runs), 1), self._parameters.bands
        for kind, name, hashes, scale in (
            ("p", "paragraph bands", signed.bands[first], more),
            ("d", "document bands", signed.document_bands, times),
        ):
            for column in hashes.T:
                self._net(kind, name, column, scale, bands / hashes.shape[1])
        self._net("f", "fingerprints", signed.prints, times)
        self._net("x", "exact paragraphs", runs, more)
        held = np.bincount(np.unique(which.astype(np.int64) << 32 | signed.owners) >> 32, minlength=len(runs))
        total = np.minimum(held * (times / more), BUCKET_CAP)
        pages = np.add.reduceat(total, np.arange(0, len(runs), 64)) if len(runs) else total
        self._strings("documents of paragraphs", 5, (pages * WIDTHS["o"]).astype(np.int64), more)

    def _net(self, kind: str, name: str, hashes: Hashes, scale: float, bands: float = 1.0) -> None:
        """One band of a net: what buckets cannot hold is left out."""
        if not len(hashes):
            return
        pages = max(len(hashes) // RECORDS_A_PAGE, 1)
        page = keys.page_numbers(hashes, pages)
        _, held = np.unique(page << np.uint64(16) | hashes & np.uint64(0xFFFF), return_counts=True)
        share = np.minimum(held * scale, BUCKET_CAP).sum() / (len(hashes) * scale)
        lengths = np.bincount(page.astype(np.int64)) * WIDTHS[kind] * share
        self._strings(name, 5, lengths[lengths > 0].astype(np.int64), scale * bands)

    def _strings(self, name: str, suffix: int, lengths: Ints, times: float) -> None:
        """Strings with keys of some bytes more than a generation's have in common."""
        taken = memory.strings_bytes(self._key_bytes + suffix, lengths, self._allocator) * times
        self.bytes[name] = self.bytes.get(name, 0) + round(taken)
        self.keys += round(len(lengths) * times)


def _grown(values: Hashes, blocks: Ints, times: float) -> tuple[float, float]:
    """How many distinct values there are in ``times`` as much, and by how much that may be off."""
    whole = len(np.unique(values))
    if times <= 1 or not whole:
        return float(whole), 0.0
    halves = [len(np.unique(values[blocks % 2 == parity])) for parity in (0, 1)]
    half = min(max(sum(halves) / 2, whole / 2), whole)
    power = whole * times ** np.log2(whole / half)
    bend = max(2 * (2 * half - whole), 1e-9)
    top = min(times, (whole + bend) / (2 * bend))
    parabola = max((whole + bend) * top - bend * top**2, whole)
    return float(power + parabola) / 2, float(power - parabola) / 2


def _sampling_error(signed: Signed, times: float) -> float:
    """Of the sum of all blocks, by how differently those of the sample weigh: a share of it."""
    paragraphs = np.bincount(signed.owners, minlength=len(signed.ids)) * WIDTHS["p"] * 36
    weights = np.bincount(signed.blocks, (signed.texts + paragraphs).astype(np.float64))
    if times <= 1 or len(weights) < 2:
        return 0.0 if times <= 1 else 1.0
    deviation = weights.std(ddof=1) / weights.mean()
    return float(SPARE * deviation * np.sqrt((1 - 1 / times) / len(weights)))
