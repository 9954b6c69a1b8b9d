"""The index in Redis: bytes a distinct paragraph, ingest and look-up, beside datasketch's Redis storage.

Bytes: `used_memory` after less before, less `MEMORY USAGE` of the texts' keys; so ids, the log and Redis's
own table of keys count. The parts are listed apart, each the sum of `MEMORY USAGE` over its keys. Ours holds
three nets at 36x3; datasketch holds one, of paragraphs, at 25x5 (what it chooses for 0.5), without texts. It
is given signatures that are ready, and inserts them in one buffered session, on a sample of the paragraphs.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any

import redis
from datasketch import MinHash, MinHashLSH

from bench.common import (
    Figure,
    arguments,
    documents,
    drain,
    progress,
    quantile,
    report,
    round_trips,
    seconds,
    server,
    server_line,
    used_bytes,
)
from bench.signing import paragraphs, shingles
from nearcopy.archive import Archive, warm_up
from nearcopy.document import Document
from nearcopy.index.plan import Plan
from nearcopy.index.reading import Asked, look_up
from nearcopy.index.store import Store
from nearcopy.lsh import buckets_of
from nearcopy.text.scanning import scan_texts

PARTS = {
    b"t": "texts", b"i": "ids", b"l": "log", b"p": "paragraph bands", b"d": "document bands",
    b"f": "fingerprints", b"x": "exact paragraphs", b"o": "documents of paragraphs",
}
BANDS, ROWS = 25, 5
LOOKUPS = 200
SCAN_KEYS = 5000


def parts(client: Any, prefix: bytes) -> Counter[str]:
    """``MEMORY USAGE`` of one partition's keys, by what they hold."""
    out: Counter[str] = Counter()
    cursor = 0
    while True:
        cursor, names = client.scan(cursor, count=SCAN_KEYS)
        batch = client.pipeline(transaction=False)
        for name in names:
            batch.memory_usage(name, samples=0)
        for name, size in zip(names, batch.execute(), strict=True):
            rest = name.removeprefix(prefix)
            letter = rest[1:2].lower() if rest[:1].isdigit() else rest[:1]
            out[PARTS.get(letter, "other") if rest != name else "other"] += size
        if cursor == 0:
            return out


class Filled:
    """A collection on a server of its own, and what it has cost so far."""

    def __init__(self, url: str) -> None:
        self.archive = Archive.open(url)
        self.store: Store = self.archive.store
        self.before = used_bytes(self.store.client)

    def distinct(self) -> int:
        """Distinct paragraphs."""
        return int(self.store.counts()["paragraphs"])

    def sizes(self) -> tuple[float, Counter[str]]:
        """Bytes a distinct paragraph without texts, and its parts in bytes."""
        found = parts(self.store.client, self.store.partitions[0].keys.prefix)
        whole = used_bytes(self.store.client) - self.before - found["texts"]
        return whole / self.distinct(), found

    def size_figures(self, name: str, most: float) -> list[Figure]:
        """The index's bytes a paragraph and their parts."""
        size, found = self.sizes()
        count = self.distinct()
        return [
            Figure(f"index without texts, {name}", size, "B/par", most=most, note=f"{count:,} distinct"),
            *(Figure(f"  {part}", total / count, "B/par") for part, total in sorted(found.items())),
        ]


def bulk(store: Store, batch: Iterable[Document]) -> None:
    """Write base pages into an empty collection."""
    from nearcopy.index.bulk import load

    load(store, batch)


def units(batch: list[Document], store: Store) -> int:
    """Paragraphs long enough to be indexed."""
    scanned = scan_texts([document.text for document in batch])
    bounds = scanned.span_bounds()
    return int((bounds[:, 1] - bounds[:, 0] >= store.parameters.least_words).sum())


def look_ups(store: Store, blocks: list[str], size: int, dice: random.Random) -> tuple[list[float], int]:
    """Milliseconds of looking ``size`` paragraphs up, signed before, and round trips of the last one."""
    taken: list[float] = []
    for _ in range(LOOKUPS):
        scanned = scan_texts(["\n\n".join(dice.sample(blocks, size))])
        buckets = buckets_of(scanned, store.parameters)
        bounds = scanned.span_bounds()[buckets.paragraphs]
        words = bounds[:, 1] - bounds[:, 0]
        asked = Asked(lambda _: Plan.of(buckets), words, len(scanned.hashes))  # noqa: B023
        call = partial(look_up, store, [asked])
        with round_trips() as trips:
            taken.append(1000 * seconds(call))
    return taken, trips[0]


def look_up_figures(store: Store, blocks: list[str]) -> list[Figure]:
    """One paragraph, and thirty."""
    out, dice = [], random.Random(2)
    for size in (1, 30):
        look_ups(store, blocks, size, dice)
        taken, trips = look_ups(store, blocks, size, dice)
        out += timed(f"look-up of {size} paragraph{'s' * (size > 1)}", taken, trips)
    return out


def timed(name: str, taken: list[float], trips: int) -> list[Figure]:
    """The median of some milliseconds, and the round trips that one call takes."""
    note = f"p99 {quantile(taken, 0.99):.2f} ms"
    return [
        Figure(f"{name}, p50", statistics.median(taken), "ms", note=note),
        Figure(f"{name}, round trips", trips),
    ]


class Peer:
    """datasketch's LSH in Redis over some paragraphs."""

    def __init__(self, url: str, blocks: list[str]) -> None:
        path = url.removeprefix("unix://")
        self.client = redis.Redis(unix_socket_path=path)
        before = used_bytes(self.client)
        self.lsh = MinHashLSH(
            num_perm=BANDS * ROWS, params=(BANDS, ROWS),
            storage_config={"type": "redis", "basename": b"peer", "redis": {"unix_socket_path": path}},
        )
        self.sketches = [self.sketch(block) for block in blocks]
        self.insert_seconds = seconds(self._insert)
        self.bytes = (used_bytes(self.client) - before) / len(blocks)

    def sketch(self, block: str) -> MinHash:
        """The paragraph's signature."""
        sketch = MinHash(num_perm=BANDS * ROWS, seed=1, scheme="affine32")
        sketch.update_batch([shingle.encode() for shingle in shingles(block)])
        return sketch

    def _insert(self) -> None:
        with self.lsh.insertion_session() as session:
            for number, sketch in enumerate(self.sketches):
                session.insert(str(number), sketch, check_duplication=False)

    def figures(self, ours: Callable[[str], float]) -> list[Figure]:
        """Its figures, and ours beside them; ``ours`` gives the value of one of our figures."""
        count, dice = len(self.sketches), random.Random(3)
        out = [
            Figure("datasketch in Redis, 25x5", self.bytes, "B/par", note=f"{count:,} distinct paragraphs"),
            Figure("datasketch / index without texts", self.bytes / ours("index"), "x", least=25),
            Figure("datasketch, insert of ready signatures", count / self.insert_seconds, "par/s"),
        ]
        for size in (1, 30):
            taken = []
            for _ in range(LOOKUPS // size + 10):
                call = partial(self.query, dice.sample(self.sketches, size))
                with round_trips() as trips:
                    taken.append(1000 * seconds(call))
            out += timed(f"datasketch, query of {size} paragraph{'s' * (size > 1)}", taken, trips[0])
        return out

    def query(self, sketches: list[MinHash]) -> list[list[str]]:
        """What it holds that may be like each."""
        return [self.lsh.query(sketch) for sketch in sketches]


def ingest_figure(filled: Filled, batch: list[Document], name: str, least: float | None = None) -> Figure:
    """Paragraphs a second through the engine, one client, texts stored, append-only file on."""
    count = units(batch, filled.store)
    taken = seconds(lambda: drain(filled.archive.put_many(batch)))
    return Figure(f"ingest {name}", count / taken, "par/s", least=least,
                  note=f"{len(batch):,} documents, {count:,} paragraphs, {taken:.1f} s")


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    warm_up()
    everything = list(islice(documents("press_releases"), 0, None, 12 if asked.quick else 1))
    # Every eleventh document comes later: a tenth of those that are there
    later, first = everything[::11], [d for k, d in enumerate(everything) if k % 11]
    blocks = list(dict.fromkeys(paragraphs([d.text for d in first[:: 4 if asked.quick else 8]])))
    figures: list[Figure] = []
    with server(asked.redis) as url:
        filled = Filled(url)
        progress(f"{server_line(filled.store.client)}: writing {len(first):,} documents in bulk")
        taken = seconds(lambda: bulk(filled.store, first))
        count = units(first, filled.store)
        figures.append(Figure("bulk writing", count / taken, "par/s", note=server_line(filled.store.client)))
        figures += filled.size_figures("bulk-written", 330)
        figures += look_up_figures(filled.store, blocks)
        progress("ingesting a tenth on top")
        figures.append(ingest_figure(filled, later, "on top of it"))
        figures += filled.size_figures("with a tenth ingested on top", 360)
        figures += look_up_figures(filled.store, blocks)
    with server(asked.redis) as url:
        filled = Filled(url)
        progress("ingesting into an empty collection")
        part = first[:: 2 if asked.quick else 4]
        figures.append(ingest_figure(filled, part, "into an empty collection", 5000))
        figures.append(Figure("  all of it by ingest", filled.sizes()[0], "B/par"))
        one_by_one = later[:300]
        taken = seconds(lambda: [filled.archive.put(document) for document in one_by_one])
        count = units(one_by_one, filled.store)
        figures.append(Figure("ingest, one document a call", count / taken, "par/s"))
    with server(asked.redis) as url:
        progress("datasketch")
        peer = Peer(url, blocks[: 2000 if asked.quick else 30000])
        sizes = {"index": next(f.value for f in figures if f.name.endswith("bulk-written"))}
        figures += peer.figures(sizes.__getitem__)
    report(figures, asked.json)


if __name__ == "__main__":
    main()
