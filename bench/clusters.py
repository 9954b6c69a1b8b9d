"""Pairs and clusters of a whole archive, from JSON lines to verified pairs, beside others that only guess.

The archive is the press releases; the pairs are those with resemblance 0.7 by 5 words. Each way runs in a
process of its own (`bench.clustering`). On one core the speed is that of its processor seconds, on two that
of the clock, which needs a quiet machine. Precision and recall are of `exact_pairs`; as four fifths of these
lie in five families of templates, recall is also the mean over the true components. Of ours besides: an
archive five times as large, of the same texts in five alphabets; and the clusters of `versioned_docs`, pages
over releases, at the best threshold of one half of the pages, measured on the other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from math import comb
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import orjson

from bench.clustering import THRESHOLD, WAYS, Quiet
from bench.common import Figure, arguments, documents, progress, report, truth
from bench.rebuild import megabytes
from nearcopy.clusters.group import group
from nearcopy.document import Document
from nearcopy.jobs.commands import Place
from nearcopy.jobs.search import Search
from nearcopy.jobs.task import Task
from worker.commands.clustering import Telling, searched

SPEED = {1: 45.0, 2: 80.0}
"""MB/s of ours, by cores."""

TIMES_A_PEER = 2.5
"""Of the fastest of them."""

ROUNDS = 3

MEMORY = 1024.0
TIMES, TIMES_AS_LONG = 5, 5.5
SAMPLE_SECONDS = 0.1

BY = "abcdefghijklmnopqrstuvwxyz"
THRESHOLDS = [round(0.2 + 0.05 * step, 2) for step in range(15)]

Pair = tuple[int, int]

Told = dict[int, dict[str, float]]
"""What a way took, by cores."""

MINE = "nearcopy"
COUNTS = {1: "processor", 2: "seconds"}
"""By which of its seconds a way is as fast as it is, by cores."""


def written(path: Path, archive: Iterable[Document], times: int = 1) -> tuple[list[str], float]:
    """An archive with numbers for ids, several times in as many alphabets; the ids, and its megabytes."""
    ids = []
    with open(path, "wb") as file:
        for one in archive:
            ids.append(one.id)
            for copy in range(times):
                text = one.text.translate(shifted(copy)) if copy else one.text
                record = {"id": str(len(ids) - 1 + copy * 10**6), "text": text, "publisher": one.publisher}
                file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    return ids, path.stat().st_size / 1e6


def shifted(by: int) -> dict[int, str]:
    """Another alphabet: words of one share none with those of another, but by chance."""
    turned = BY[by:] + BY[:by]
    return str.maketrans(BY + BY.upper(), turned + turned.upper())


def ran(name: str, path: Path, cores: int, folder: Path) -> tuple[dict[str, float], set[Pair]]:
    """What one way took, with the most megabytes, and its pairs."""
    out = folder / "pairs.npy"
    command = [sys.executable, "-m", "bench.clustering", name, str(path), str(cores), str(out)]
    progress(f"{name}, {cores} cores")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    most = 0.0
    while process.poll() is None:
        most = max(most, megabytes(process.pid))
        time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    told: dict[str, float] = json.loads(process.stdout.read())
    return told | {"memory": most}, {(a, b) for a, b in np.load(out).tolist()}


def measured(
    ways: list[str], path: Path, folder: Path, rounds: int
) -> tuple[dict[str, Told], dict[str, set[Pair]]]:
    """What each way took at its fastest, by cores, and its pairs."""
    told: dict[str, Told] = {way: {} for way in ways}
    found = {}
    for _ in range(rounds):
        for way in ways:
            for cores in SPEED:
                one, found[way] = ran(way, path, cores, folder)
                best = told[way].get(cores, one)
                memory = max(one["memory"], best["memory"])
                told[way][cores] = min(one, best, key=lambda told: told[COUNTS[cores]]) | {"memory": memory}
    return told, found


def ratios(told: dict[str, Told]) -> list[Figure]:
    """How many times as fast as the fastest peer."""
    out = []
    for cores, counts in COUNTS.items():
        peers = {way: one[cores][counts] for way, one in told.items() if way != MINE}
        fastest = min(peers, key=lambda way: peers[way])
        ratio = peers[fastest] / told[MINE][cores][counts]
        out.append(Figure(f"times the fastest peer, cores: {cores}", ratio, "x", TIMES_A_PEER, note=fastest))
    return out


def longer(path: Path, many: Path, as_large: float, folder: Path) -> Figure:
    """How many times as long a larger archive takes; in turns, for the machine is not always as fast."""
    both = [[ran(MINE, one, 1, folder)[0] for one in (path, many)] for _ in range(ROUNDS)]
    small, large = (min(runs[place]["processor"] for runs in both) for place in (0, 1))
    return Figure(f"{TIMES} times the archive, as long", large / small * as_large, "x", most=TIMES_AS_LONG,
                  note=f"{max(runs[1]['memory'] for runs in both):.0f} MB of memory")


def listed(ids: list[str]) -> set[Pair]:
    """The pairs of the truth among the documents of these ids."""
    numbers = {id: number for number, id in enumerate(ids)}
    rows = truth("press_releases", "exact_pairs.tsv")
    both = (
        (numbers[a], numbers[b]) for a, b, resemblance, *_ in rows
        if float(resemblance) >= THRESHOLD and a in numbers and b in numbers
    )
    return {(min(pair), max(pair)) for pair in both}


def components(pairs: Iterable[Pair]) -> dict[int, int]:
    """The connected component of each document, by its least number found."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = parent[above] = parent.setdefault(above, above)
            one = parent[above]
        return one

    for a, b in pairs:
        parent[root(a)] = root(b)
    return {one: root(one) for one in list(parent)}


def quality(name: str, found: set[Pair], sought: set[Pair], *, promised: bool) -> list[Figure]:
    """Precision, recall, and the mean recall over components."""
    component = components(sought)
    every, hit = Counter(component[a] for a, _ in sought), Counter(component[a] for a, _ in sought & found)
    macro = sum(hit[one] / every[one] for one in every) / max(len(every), 1)
    least = (1.0, 0.99) if promised else (None, None)
    both = len(found & sought)
    return [
        Figure(f"precision, {name}", both / max(len(found), 1), least=least[0],
               note=f"{len(found) - both:,} of {len(found):,} are none"),
        Figure(f"recall, {name}", both / len(sought), least=least[1],
               note=f"{len(sought) - both:,} of {len(sought):,} missed"),
        Figure(f"recall, mean over components, {name}", macro, least=least[1],
               note=f"{len(every):,} components"),
    ]


def speeds(name: str, size: float, told: Told) -> list[Figure]:
    """MB/s on one core and on two, and memory."""
    mine = name == MINE
    rate = {cores: size / told[cores][counts] for cores, counts in COUNTS.items()}
    notes = {
        cores: f"{one['seconds']:.1f} s by the clock, {one['processor']:.1f} s of work"
        for cores, one in told.items()
    }
    return [
        *(Figure(f"{name}, cores: {cores}", rate[cores], "MB/s", SPEED[cores] if mine else None,
                 note=notes[cores]) for cores in rate),
        Figure(f"memory, {name}", max(one["memory"] for one in told.values()), "MB",
               most=MEMORY if mine else None),
    ]


def labelled(quick: bool, folder: Path) -> list[Figure]:
    """Clusters of pages over releases: pairwise F1 on the half that chose no threshold."""
    label = dict(row[:2] for row in truth("versioned_docs", "clusters.tsv"))
    path = folder / "pages.jsonl"
    ids, _ = written(path, islice(documents("versioned_docs"), 0, None, 4 if quick else 1))
    search = Search(Task(archives=(str(path),), threshold=THRESHOLDS[0]))
    halves: dict[bool, dict[float, float]] = {True: {}, False: {}}
    telling = Telling(search, Quiet())
    with searched(search, Place(None, None, 1), folder / "p", folder / "r", telling, texts=False) as found:
        names = [ids[int(id)] for id in found.members.ids]
        for threshold in THRESHOLDS:
            pairs = found.pairs.chosen(found.pairs.resemblance >= threshold)
            clusters = group(found.members, pairs, found.compare)
            of = {names[one]: place for place, each in enumerate(clusters) for one in each.members.tolist()}
            for half, scores in halves.items():
                mine = [one for one in names if bool(crc32(label[one].encode()) & 1) == half]
                scores[threshold] = pairwise_f1([(label[one], of.get(one, one)) for one in mine])
    out = []
    for half, scores in halves.items():
        best = max(scores, key=lambda one: scores[one])
        out.append(Figure(f"clusters of pages, F1, half {int(half) + 1}", halves[not half][best], least=0.97,
                          note=f"at {best}, chosen on the other half, where it is {scores[best]:.3f}"))
    return out


def pairwise_f1(labels: list[tuple[Any, Any]]) -> float:
    """Of pairs that have one label in truth (first) and in what was found (second)."""
    def pairs(of: Iterator[Any]) -> int:
        return sum(comb(count, 2) for count in Counter(of).values())

    true, found = pairs(a for a, _ in labels), pairs(b for _, b in labels)
    return 2 * pairs(iter(labels)) / max(true + found, 1)


def main() -> None:
    """Measure and print."""
    def peers(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("peers", nargs="*", help=f"of {', '.join(list(WAYS)[1:])}; all by default")

    asked = arguments(__doc__, peers)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="nearcopy-bench-") as name:
        folder = Path(name)
        path, many = folder / "archive.jsonl", folder / "many.jsonl"
        step = 12 if asked.quick else 1
        ids, size = written(path, islice(documents("press_releases"), 0, None, step))
        _, large = written(many, islice(documents("press_releases"), 0, None, step), TIMES)
        sought = listed(ids)
        ways = [MINE, *(asked.peers or list(WAYS)[1:])]
        told, found = measured(ways, path, folder, 1 if asked.quick else ROUNDS)
        for way in ways:
            figures += speeds(way, size, told[way]) + quality(way, found[way], sought, promised=way == MINE)
        figures += ratios(told)
        figures.append(longer(path, many, size * TIMES / large, folder))
        figures += labelled(asked.quick, folder)
    report(figures, asked.json)


if __name__ == "__main__":
    main()
