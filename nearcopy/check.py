"""The read path: submission -> report. Nothing is stored.

Segment, sign, look up (one round trip, and one for the documents of the paragraphs found), fetch the best
candidates (one more), align word by word, report.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from nearcopy import align, resemblance
from nearcopy.document import Document, checked_text
from nearcopy.errors import InputError, NoWords
from nearcopy.index.reading import Found, fetch, look_up
from nearcopy.index.store import Store
from nearcopy.judge import Judged, Submission, report
from nearcopy.lsh import buckets_of
from nearcopy.parameters import Parameters
from nearcopy.report import Comparison, Report
from nearcopy.text.scanning import Scanned, scan_texts

SAMPLE = 12
"""Documents looked at to decide whether a paragraph that stands in many is boilerplate."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a check may be asked to do; the defaults are the contract's.

    ``verify``: candidates aligned, the best first. ``common_documents``: how many documents a paragraph
    stands in before it may be boilerplate. ``copy_from``, ``unique_below``: the verdict's bounds.
    """

    threshold: float | None = None
    min_words: int = 8
    exclude_documents: Collection[str] = ()
    exclude_publishers: Collection[str] = ()
    limit: int = 10
    verify: int = 50
    common_documents: int = 12
    copy_from: float = 0.8
    unique_below: float = 0.05


def check(store: Store, text: str, options: Options | None = None) -> Report:
    """Check a submission against the collection; raises `InputError`, `NoWords`, `StorageUnavailable`."""
    started = time.perf_counter()
    options = options or Options()
    submission = read_submission(text, store.parameters, options)
    found = look_up(store, submission.buckets, submission.indexed_words(), submission.words)
    documents, gone = _candidates(store, found, options)
    aligned, others = _aligned(submission, documents, options)
    judged = Judged(documents, others, aligned, _copies(found, submission), gone)
    return report(submission, judged, found, store, options, started)


def compare(a: str, b: str, parameters: Parameters, min_words: int = 8) -> Comparison:
    """Two texts word by word; raises `InputError`, and `NoWords` where one of them has none."""
    _check_least(min_words)
    scanned = [_scanned(checked_text(text, name), name) for text, name in ((a, "a"), (b, "b"))]
    aligned = align.align(scanned[0], 0, scanned[1], min_words)
    words_a, words_b = (len(one.hashes) for one in scanned)
    shared_a, shared_b = int(aligned.covered[0].sum()), int(aligned.contained[0])
    return Comparison(
        words_a=words_a,
        words_b=words_b,
        resemblance=float(resemblance.of_texts(scanned[0], scanned[1], [0], parameters.shingle)[0]),
        containment_a=shared_a / words_a,
        containment_b=shared_b / words_b,
        matched_words_a=shared_a,
        matched_words_b=shared_b,
        passages=align.passages(aligned, scanned[0], 0, scanned[1], 0),
    )


def read_submission(text: str, parameters: Parameters, options: Options) -> Submission:
    """Segment and sign a submission, and refuse what cannot be checked."""
    threshold = parameters.threshold if options.threshold is None else options.threshold
    if not parameters.threshold <= threshold <= 1:
        raise InputError(
            f"the threshold must lie between {parameters.threshold}, which the index was built for, and 1",
            "threshold",
        )
    _check_least(options.min_words)
    if options.limit < 1:
        raise InputError("limit must be at least 1", "limit")
    scanned = _scanned(checked_text(text), "text")
    return Submission(scanned, buckets_of(scanned, parameters), threshold, options.min_words)


def _check_least(min_words: int) -> None:
    if min_words < 1:
        raise InputError("min_words must be at least 1", "min_words")


def _scanned(text: str, name: str) -> Scanned:
    scanned = scan_texts([text])
    if not len(scanned.hashes):
        raise NoWords(f"{name} holds no word: send letters or digits in any script", name)
    return scanned


def _candidates(
    store: Store, found: list[Found], options: Options
) -> tuple[dict[tuple[int, int], Document], set[tuple[int, int]]]:
    """The documents to align, by (partition, number): the best, and samples of those that hold a paragraph
    which many hold. Also those that were asked for and are removed or excluded.

    Excluded ones make room for the next, so that as many are verified as there would be without them."""
    order = _ranked(found)
    place = options.verify + len(options.exclude_documents)
    wanted = dict.fromkeys(_samples(found, options) + order[:place])
    documents: dict[tuple[int, int], Document] = {}
    gone: set[tuple[int, int]] = set()
    while wanted:
        for key, document in _fetched(store, list(wanted)).items():
            if document is None or _excluded(document, options):
                gone.add(key)
            else:
                documents[key] = document
        missing = min(options.verify, len(order)) - len(documents)
        wanted = dict.fromkeys(order[place : place + missing] if missing > 0 else [])
        place += len(wanted)
    return documents, gone


def _ranked(found: list[Found]) -> list[tuple[int, int]]:
    keys = [(p, int(n)) for p, part in enumerate(found) for n in part.documents]
    if len(found) == 1:
        return keys
    weights = np.concatenate([part.words for part in found])
    return [keys[k] for k in np.argsort(-weights, kind="stable")]


def _samples(found: list[Found], options: Options) -> list[tuple[int, int]]:
    """Evenly chosen documents of each paragraph that stands in many."""
    chosen: dict[tuple[int, int], None] = {}
    for paragraph in range(len(found[0].copies)):
        keys = [(p, int(n)) for p, part in enumerate(found) for n in part.copies[paragraph]]
        if len(keys) >= options.common_documents:
            places = np.linspace(0, len(keys) - 1, SAMPLE).astype(int)
            chosen |= dict.fromkeys(keys[place] for place in places)
    return list(chosen)


def _fetched(store: Store, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], Document | None]:
    by_partition = {p: [n for q, n in wanted if q == p] for p in {p for p, _ in wanted}}

    def one(partition: int) -> dict[tuple[int, int], Document | None]:
        numbers = by_partition.get(partition, [])
        stored = fetch(store, partition, np.array(numbers, dtype=np.int64))
        return {(partition, n): document for n, document in zip(numbers, stored, strict=True)}

    return {key: document for part in store.each_partition(one) for key, document in part.items()}


def _excluded(document: Document, options: Options) -> bool:
    return document.id in options.exclude_documents or (
        document.publisher is not None and document.publisher in options.exclude_publishers
    )


def _aligned(
    submission: Submission, documents: dict[tuple[int, int], Document], options: Options
) -> tuple[align.Aligned, Scanned]:
    others = scan_texts([document.text for document in documents.values()])
    return align.align(submission.scanned, 0, others, options.min_words), others


def _copies(found: list[Found], submission: Submission) -> dict[int, set[tuple[int, int]]]:
    """For each indexed paragraph, by its place in the submission, the documents that hold it."""
    return {
        int(paragraph): {(p, int(n)) for p, part in enumerate(found) for n in part.copies[index]}
        for index, paragraph in enumerate(submission.buckets.paragraphs)
    }


