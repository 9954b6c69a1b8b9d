"""One way to get the pairs of an archive, in a process of its own, to be measured: `main` with its arguments.

Each reads a file of JSON lines and ends with pairs of numbers of documents, resemblance 0.7 by 5 words. Ours
are verified, written as a table and joined to clusters; of the others each makes signatures by its own means,
of the words that it takes, and what shares a band and has 0.7 equal values is a pair (gaoya has an index of
its own for that). It tells a line when it begins, and another at the end: seconds, and ``processor`` seconds.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

THRESHOLD, SHINGLE = 0.7, 5
BANDS, ROWS = 25, 5
"""Of all others: 125 values, which find 99% of the pairs at the threshold."""

TOGETHER = 1000

Pairs = np.ndarray[Any, np.dtype[np.int64]]
"""int64[n, 2]"""


def ours(path: str, cores: int) -> Callable[[], Callable[[], Pairs]]:
    """`nearcopy clusters`, from the file to its tables."""
    from nearcopy.archive import warm_up
    from nearcopy.jobs.commands import Place
    from nearcopy.jobs.search import Output, Search
    from nearcopy.jobs.task import Task
    from worker.commands import clustering

    warm_up()
    search = Search(Task(archives=(path,), threshold=THRESHOLD, shingle=SHINGLE))
    folder = tempfile.TemporaryDirectory()

    def read() -> Pairs:
        rows = [orjson.loads(line) for line in Path(folder.name, "pairs.jsonl").read_bytes().splitlines()]
        return np.array([[int(row["a"]), int(row["b"])] for row in rows], dtype=np.int64)

    def run() -> Callable[[], Pairs]:
        clustering(search, Place(None, None, cores), Output(Path(folder.name)), Quiet())
        return read

    return run


class Quiet:
    """A watcher whom nothing is told."""

    def goes(self, status: object) -> None:
        """Nothing."""

    def say(self, line: str) -> None:
        """Nothing."""


def daft(path: str, cores: int) -> Callable[[], Pairs]:  # noqa: ARG001
    """daft reads, normalises and makes the signatures, on as many threads as there are cores."""
    import daft as peer

    def run() -> Pairs:
        text = peer.col("text").normalize(remove_punct=True, lowercase=True, white_space=True)
        hashed = text.minhash(num_hashes=BANDS * ROWS, ngram_size=SHINGLE, hash_function="xxhash")
        column = peer.read_json(path).select(peer.col("id"), hashed.alias("signature")).to_arrow()
        found = column.column("signature").combine_chunks()
        rows = np.array(found.flatten().to_numpy(zero_copy_only=False)).reshape(-1, BANDS * ROWS)
        numbers = np.array(column.column("id").to_pylist(), dtype=np.int64)
        return np.sort(numbers[paired(rows)], axis=1)

    return run


def gaoya(path: str, cores: int) -> Callable[[], Pairs]:
    """gaoya's own index and tokeniser, on as many threads as there are cores."""
    os.environ["RAYON_NUM_THREADS"] = str(cores)
    from gaoya.minhash import MinHashStringIndex

    def run() -> Pairs:
        index = MinHashStringIndex(32, THRESHOLD, BANDS, ROWS, None, "word", True, (SHINGLE, SHINGLE), "vec")
        texts = [record["text"] for record in records(path)]
        index.par_bulk_insert_docs(list(range(len(texts))), texts)
        found = index.par_bulk_query(texts)
        pairs = [(a, b) for a, others in enumerate(found) for b in others if a < b]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    return run


def rensa(path: str, cores: int) -> Callable[[], Pairs]:  # noqa: ARG001
    """rensa's fastest call; it has no tokeniser, so Python makes the shingles."""
    from rensa import RMinHash

    def run() -> Pairs:
        parts = [
            np.array(RMinHash.digest_matrix_from_token_sets(part, BANDS * ROWS, 1).to_rows(), dtype=np.uint32)
            for part in shingled(path)
        ]
        return paired(np.concatenate(parts))

    return run


def datasketch(path: str, cores: int) -> Callable[[], Pairs]:  # noqa: ARG001
    """datasketch's vectorised update; it has no tokeniser, so Python makes the shingles."""
    from datasketch import MinHash

    empty = MinHash(num_perm=BANDS * ROWS, seed=1, scheme="affine32")

    def one(shingles: list[str]) -> Any:
        sketch = empty.copy()
        sketch.update_batch([shingle.encode() for shingle in shingles])
        return sketch.hashvalues

    def run() -> Pairs:
        return paired(np.array([one(shingles) for part in shingled(path) for shingles in part]))

    return run


WAYS: dict[str, Callable[[str, int], Callable[[], Any]]] = {
    "nearcopy": ours, "daft": daft, "gaoya": gaoya, "rensa": rensa, "datasketch": datasketch,
}


def records(path: str) -> Iterator[dict[str, Any]]:
    """The lines of the file."""
    with open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)


def shingled(path: str) -> Iterator[list[list[str]]]:
    """The shingles of each text, some texts at a time."""
    from bench.common import plain_words

    part: list[list[str]] = []
    for record in records(path):
        words = plain_words(record["text"])
        count = max(len(words) - SHINGLE + 1, 1)
        part.append([" ".join(words[k : k + SHINGLE]) for k in range(count)])
        if len(part) == TOGETHER:
            yield part
            part = []
    yield part


def paired(signatures: np.ndarray[Any, Any]) -> Pairs:
    """What shares a band and has enough equal values: by the code that our own candidates come from."""
    from nearcopy.clusters.meeting import halves, meetings
    from nearcopy.kernel.sign import band_hashes
    from nearcopy.lsh import DOCUMENT_SALT

    hashes = np.empty((len(signatures), BANDS), dtype=np.uint64)
    band_hashes(np.ascontiguousarray(signatures, dtype=np.uint32), BANDS, ROWS, DOCUMENT_SALT, hashes)
    numbers = np.arange(len(signatures), dtype=np.int64)
    met = [meetings(np.ascontiguousarray(hashes[:, band]), numbers)[0] for band in range(BANDS)]
    a, b = halves(np.unique(np.concatenate(met)))
    equal = np.concatenate([
        (signatures[a[k : k + TOGETHER]] == signatures[b[k : k + TOGETHER]]).mean(axis=1)
        for k in range(0, len(a), TOGETHER)
    ] or [np.empty(0)])
    return np.stack([a, b], axis=1)[equal >= THRESHOLD]


def processor() -> float:
    """Seconds of processor time of this process and those that it started and that have ended."""
    mine, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + others.ru_utime + others.ru_stime


def main(name: str, path: str, cores: str, out: str) -> None:
    """Run one way on so many cores, and keep its pairs in a file."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    run = WAYS[name](path, int(cores))
    print("begun", flush=True)
    started, used = time.perf_counter(), processor()
    found = run()
    told = {"seconds": time.perf_counter() - started, "processor": processor() - used}
    np.save(out, found() if callable(found) else found)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
