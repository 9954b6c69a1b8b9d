"""The audit of a generation that is not live yet: nothing is published that does not pass.

`of_sent`, before anything is replayed, in each partition:

- what was sent is there: ids, texts, counters, and the bytes of all pages, kind by kind
- of a sample of documents every record of theirs is in its bucket; a bucket that is full may lack it
- copies of theirs, perturbed to some resemblances, are found as often as the detection curve says. Copy i
  has the exact resemblance s_i, and so is found with probability p_i = 1 - (1 - s_i**rows)**bands; the number
  found has the Poisson binomial distribution, and the audit fails where P(so few) < `ODDS`
- each excerpt of the words that are always found shares a fingerprint with its document

`of_answers`, after the replay: documents of another sample find themselves as any submission does.

The replay may empty full buckets again and so makes it impossible to say what they may lack; hence the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nearcopy.check import check_many
from nearcopy.document import Document
from nearcopy.index import counting
from nearcopy.index.store import Partition, Store
from nearcopy.judge.case import Options
from nearcopy.parameters import detection
from nearcopy.report import Report
from nearcopy.text.scanning import scan_texts
from worker.rebuild import files, sampled
from worker.rebuild.buckets import Buckets
from worker.rebuild.copies import chance_of_so_few
from worker.rebuild.packing import Pages
from worker.rebuild.probing import LONGEST, Level, Probe

ODDS = 1e-6
"""With which a sound generation fails one level; there are eight."""

NETS = {
    "p": "paragraph bands", "d": "document bands", "f": "fingerprints", "x": "exact paragraphs",
    "o": "documents of paragraphs",
}

OUTCOMES = "itself", "equals", "nothing", "too_long"

VERIFY = 20
"""Candidates of a document's own text that are compared with it, the best first."""

CHECKED_TOGETHER = 16

EQUAL = 0.999
"""Containment from which a document is found whole."""


@dataclass(slots=True)
class Audit:
    """``figures``: what was looked at and found, JSON; ``failures``: in words, none where all is right."""

    figures: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a partition was sent: documents, distinct paragraphs, and the parts of its pages in a folder."""

    documents: int
    paragraphs: int
    pages: list[Pages]
    folder: Path


def of_sent(store: Store, sent: list[Sent], size: int) -> Audit:
    """Of what each partition of a generation was sent (``store`` is opened at it), with ``size`` documents in
    the sample. Nothing may have been replayed yet."""
    found = Audit()
    there: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for part, one in zip(store.partitions, sent, strict=True):
        _count(store, part, one, there, expected)
    found.failures = [
        f"{name}: {there[name]:,} where {count:,} were sent"
        for name, count in expected.items() if there[name] != count
    ]
    found.figures = {"counted": dict(there), **_nets(store, [one.documents for one in sent], size, found)}
    return found


def of_answers(store: Store, size: int) -> Audit:
    """Check the texts of a sample of all documents that a generation has by now. Where others are just as
    equal they may crowd one out."""
    found = Audit()
    draw = np.random.default_rng([int(store.partitions[0].generation), 1])
    given = [counting.counters(store, part)["d"] for part in store.partitions]
    outcomes: Counter[str] = Counter()
    for part, wanted in zip(store.partitions, sampled.drawn(given, size, draw), strict=True):
        for batch in sampled.read(store, part, wanted):
            outcomes.update(_outcomes(store, list(batch.values())))
    found.figures = {"answers": {name: outcomes[name] for name in OUTCOMES}}
    if outcomes["nothing"]:
        found.failures.append(
            f"answers: {outcomes['nothing']} of {outcomes.total()} sampled documents do not find themselves"
        )
    return found


def _count(
    store: Store, part: Partition, sent: Sent, there: Counter[str], expected: Counter[str]
) -> None:
    counters = counting.counters(store, part)
    for name, count in {
        "ids": counting.ids(store, part), "texts": counting.texts(store, part, sent.documents),
        "documents": counters["c"], "last number of a document": counters["d"],
    }.items():
        there[name] += count
        expected[name] += sent.documents
    there["paragraphs"] += counters["p"]
    expected["paragraphs"] += sent.paragraphs
    for one in sent.pages:
        packed, name = files.read(sent.folder, one.name), f"bytes of {NETS[one.kind]}"
        names = part.keys.pages(part.generation, one.kind.encode(), packed["suffixes"])
        there[name] += counting.bytes_of(store, names)
        expected[name] += len(packed["blob"])


def _nets(store: Store, counted: list[int], size: int, found: Audit) -> dict[str, Any]:
    """The figures of the nets; their failures."""
    draw = np.random.default_rng(int(store.partitions[0].generation))
    probe = Probe(store.parameters, draw)
    for part, wanted in zip(store.partitions, sampled.drawn(counted, size, draw), strict=True):
        whole = 0
        for batch in sampled.read(store, part, wanted):
            documents = {number: document for number, document in batch.items() if document is not None}
            probe.look(Buckets(store, part), documents)
            whole += len(documents)
        probe.tally("sampled documents", np.arange(len(wanted)) < whole)
    found.failures += [
        f"{name}: {tally.missing} of {tally.records} are missing"
        for name, tally in probe.tallies.items() if tally.missing
    ]
    return {
        "records": {name: asdict(tally) for name, tally in probe.tallies.items()},
        "copies": [_level(probe, found, *key, level) for key, level in sorted(probe.levels.items())],
    }


def _level(probe: Probe, found: Audit, name: str, aimed: float, level: Level) -> dict[str, Any]:
    """The figures of one level; its failure."""
    parameters, alike = probe.parameters, np.array(level.resemblances)
    chances = np.asarray(detection(parameters.bands, parameters.rows, alike))
    if chance_of_so_few(chances.tolist(), level.found) < ODDS:
        found.failures.append(
            f"copies of {name} with resemblance {alike.mean():.2f}: {level.found} of {len(alike)} are found, "
            f"where the detection curve says {chances.sum():.1f}"
        )
    return {
        "of": name, "aimed": aimed, "resemblance": round(float(alike.mean()), 4) if len(alike) else None,
        "copies": len(alike), "found": level.found, "expected": round(float(chances.sum()), 2),
        "in_full_buckets": level.full,
    }


def _outcomes(store: Store, documents: list[Document | None]) -> Iterator[str]:
    """What checks of the documents' own texts find: "itself", only "equals" of it, or "nothing"."""
    for start in range(0, len(documents), CHECKED_TOGETHER):
        whole = [one for one in documents[start : start + CHECKED_TOGETHER] if one is not None]
        yield from ["nothing"] * (len(documents[start : start + CHECKED_TOGETHER]) - len(whole))
        words = np.diff(scan_texts([one.text for one in whole]).text_words).tolist()
        yield from ["too_long"] * sum(count > LONGEST for count in words)
        asked = [(one, count) for one, count in zip(whole, words, strict=True) if count <= LONGEST]
        reports = check_many(store, [(one.text, _options(count)) for one, count in asked])
        for (document, _), report in zip(asked, reports, strict=True):
            sources = report.sources if isinstance(report, Report) else []
            found = [one.document for one in sources if one.containment >= EQUAL]
            yield "itself" if document.id in found else "equals" if found else "nothing"


def _options(words: int) -> Options:
    """Texts that are short, or hold nothing but boilerplate, must be found too."""
    return Options(min_words=min(8, words), limit=VERIFY, verify=VERIFY, common_documents=1 << 30)
