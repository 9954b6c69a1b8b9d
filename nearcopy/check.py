"""The read path: submission -> report. Nothing is stored.

Segment, sign, look up (one round trip, and one for the documents of the paragraphs found), fetch the best
candidates (one more), align word by word, report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from nearcopy import align, resemblance, watching
from nearcopy.document import Document, checked_text
from nearcopy.errors import InputError, NoWords
from nearcopy.index.lines import Lines
from nearcopy.index.plan import NUMBER, Plan
from nearcopy.index.reading import Asked, Found, fetch, look_up
from nearcopy.index.store import Store
from nearcopy.judge.case import Case, Key, Keys, Options, Submission, key_of, partition_of_key
from nearcopy.judge.verdict import report
from nearcopy.lsh import Buckets, buckets_of
from nearcopy.parameters import Parameters
from nearcopy.report import Comparison, Report
from nearcopy.text.scanning import Scanned, scan_texts
from nearcopy.watching import stage

BY_WORDS = 50
"""Candidates that are verified first, by the words they may share."""

CELLS = 40_000_000
"""Candidates times words of the submission: a bit of each says what is shared, in several arrays of bytes. A
text of 200,000 words is still aligned with 200."""

Seeker = Generator[list[Key], Any, "tuple[dict[Key, Document], set[Key]]"]
"""Wants documents by their keys, is sent them, and ends with those to align and those that are gone."""

SAMPLE = 12
"""Documents looked at to decide whether a paragraph that stands in many is boilerplate."""


def check(store: Store, text: str, options: Options | None = None) -> Report:
    """Check a submission against the collection; raises `InputError`, `NoWords`, `StorageUnavailable`."""
    [told] = check_many(store, [(text, options or Options())])
    if isinstance(told, InputError):
        raise told
    return told


@dataclass(frozen=True, slots=True)
class Among:
    """What a batch is compared with: the ``lines`` so far, which ``documents``, a document for each
    submission, are added to; and the archive."""

    lines: Lines
    documents: Sequence[Document]
    archive: bool = True


def check_many(
    store: Store, asked: Sequence[tuple[str, Options]], among: Among | None = None
) -> list[Report | InputError]:
    """The reports of many submissions, or what is wrong with them, in their order: those of single checks,
    signed at once and looked up in the round trips of one. Raises `StorageUnavailable`."""
    started = time.perf_counter()
    told = read_submissions(asked, store.parameters)
    good = [place for place, one in enumerate(told) if isinstance(one, Submission)]
    submissions = [one for one in told if isinstance(one, Submission)]
    questions = [_asked(one) for one in submissions]
    with stage("look_up"):
        founds = _found(store, questions, archive=among is None or among.archive)
    if among is not None:
        _add_lines(among, good, submissions, founds)
    seekers = [
        _candidates(found, one.options, one.words) for one, found in zip(submissions, founds, strict=True)
    ]
    with stage("fetch"):
        chosen = _sought(store, founds, seekers, among)
    together = (time.perf_counter() - started) / max(len(good), 1)
    reports = {}
    for place, submission, found, (documents, gone) in zip(good, submissions, founds, chosen, strict=True):
        begun = time.perf_counter() - together
        with stage("align"):
            case = _case(submission, found, documents, gone)
        with stage("judge"):
            done = report(case, found, begun)
        watching.checked(done.candidates, done.verified, done.sources_found)
        reports[place] = done
    return [one if isinstance(one, InputError) else reports[place] for place, one in enumerate(told)]


def _found(store: Store, questions: Sequence[Asked], *, archive: bool) -> list[list[Found]]:
    if archive:
        return look_up(store, questions) if questions else []
    return [[Found.nothing(p, len(one.paragraph_words)) for p in store.partitions] for one in questions]


def _add_lines(
    among: Among, good: Sequence[int], submissions: Sequence[Submission], founds: Sequence[list[Found]]
) -> None:
    """Keep the good lines, and give each what it has in common with those before: one more partition."""
    lines = among.lines
    buckets = [one.signed_with(lines.parameters) for one in submissions]
    numbers = lines.add([among.documents[place] for place in good], buckets)
    for number, one, found in zip(numbers, submissions, founds, strict=True):
        found.append(lines.found(number, _asked(one), found[0].generation))


def _case(
    submission: Submission, found: list[Found], documents: dict[Key, Document], gone: set[Key]
) -> Case:
    others = scan_texts([document.text for document in documents.values()])
    return Case(
        submission=submission,
        options=submission.options,
        documents=list(documents.values()),
        places={key: place for place, key in enumerate(documents)},
        others=others,
        aligned=align.align(submission.scanned, 0, others, submission.options.min_words),
        copies={int(p): _holders(found, index) for index, p in enumerate(submission.buckets.paragraphs)},
        gone=np.array(sorted(gone), dtype=np.int64),
        shingle=found[0].parameters.shingle,
    )


def compare(a: str, b: str, parameters: Parameters, min_words: int = 8) -> Comparison:
    """Two texts word by word, of which one may be shorter than ``min_words``; raises `InputError`, and
    `NoWords` where one has none."""
    _check_least(min_words)
    scanned = [_scanned(checked_text(text, name), name) for text, name in ((a, "a"), (b, "b"))]
    words_a, words_b = (len(one.hashes) for one in scanned)
    aligned = align.align(scanned[0], 0, scanned[1], min(min_words, words_a, words_b))
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


def read_submissions(
    asked: Sequence[tuple[str, Options]], parameters: Parameters
) -> list[Submission | InputError]:
    """Segment and sign submissions in one batch, and refuse what cannot be checked."""
    faults = [_fault(text, options, parameters) for text, options in asked]
    with stage("segment"):
        scanned = scan_texts([text for (text, _), fault in zip(asked, faults, strict=True) if fault is None])
    with stage("sign"):
        buckets = buckets_of(scanned, parameters)
    out: list[Submission | InputError] = []
    place = 0
    for (_, options), fault in zip(asked, faults, strict=True):
        out.append(fault or _submission(scanned, buckets, place, options, parameters))
        place += fault is None
    return out


def _fault(text: str, options: Options, parameters: Parameters) -> InputError | None:
    try:
        _check_options(options, parameters)
        checked_text(text)
    except InputError as fault:
        return fault
    return None


def _check_options(options: Options, parameters: Parameters) -> None:
    threshold = parameters.threshold if options.threshold is None else options.threshold
    if not parameters.threshold <= threshold <= 1:
        raise InputError(
            f"the threshold must lie between {parameters.threshold}, which the index was built for, and 1",
            "threshold",
        )
    _check_least(options.min_words)
    if options.limit < 1:
        raise InputError("limit must be at least 1", "limit")


def _submission(
    scanned: Scanned, buckets: Buckets, text: int, options: Options, parameters: Parameters
) -> Submission | InputError:
    one = scanned.one(text)
    if not len(one.hashes):
        return _no_words("text")
    return Submission(one, parameters, buckets.one(text, int(scanned.text_spans[text])), options)


def _asked(submission: Submission) -> Asked:
    return Asked(_plans(submission), submission.indexed_words(), submission.words)


def _plans(submission: Submission) -> Callable[[Parameters], Plan]:
    """The plan of a submission with the parameters that it was signed with, or with others."""
    return cache(lambda parameters: Plan.of(submission.signed_with(parameters)))


def _check_least(min_words: int) -> None:
    if min_words < 1:
        raise InputError("min_words must be at least 1", "min_words")


def _scanned(text: str, name: str) -> Scanned:
    scanned = scan_texts([text])
    if not len(scanned.hashes):
        raise _no_words(name)
    return scanned


def _no_words(name: str) -> NoWords:
    return NoWords(f"{name} holds no word: send letters or digits in any script", name)


def _sought(
    store: Store, founds: Sequence[list[Found]], seekers: Sequence[Seeker], among: Among | None
) -> list[tuple[dict[Key, Document], set[Key]]]:
    """What every seeker ends with; what they want at the same time is fetched together."""
    ends: dict[int, tuple[dict[Key, Document], set[Key]]] = {}
    answers: dict[int, dict[Key, Document | None] | None] = dict.fromkeys(range(len(seekers)))
    while answers:
        wants = {}
        for place, answer in answers.items():
            try:
                wants[place] = seekers[place].send(answer)
            except StopIteration as end:
                ends[place] = end.value
        every = dict.fromkeys(key for keys in wants.values() for key in keys)
        stored = _fetched(store, founds[0], list(every), among) if wants else {}
        answers = {place: {key: stored[key] for key in keys} for place, keys in wants.items()}
    return [ends[place] for place in range(len(seekers))]


def _candidates(found: list[Found], options: Options, words: int) -> Seeker:
    """The documents to align: the best, and samples of those that hold a paragraph which many hold. Also
    those that were asked for and are removed or excluded.

    Yields the keys that it wants and is sent their documents. Excluded ones make room for the next, so that
    as many are verified as there would be without them."""
    order = _ranked(found)
    verify = max(options.verify, options.limit)
    verify = min(verify, max(BY_WORDS, CELLS // words))
    place = verify + len(options.exclude_documents)
    wanted = list(dict.fromkeys(_samples(found, options) + order[:place]))
    excluded = set(options.exclude_documents), set(options.exclude_publishers)
    documents: dict[Key, Document] = {}
    gone: set[Key] = set()
    while wanted:
        for key, document in (yield wanted).items():
            if document is None or document.id in excluded[0] or document.publisher in excluded[1]:
                gone.add(key)
            else:
                documents[key] = document
        missing = min(verify, len(order)) - len(documents)
        wanted = order[place : place + max(missing, 0)]
        place += len(wanted)
    return documents, gone


def _ranked(found: list[Found]) -> list[Key]:
    """All candidates: the best by the words that they may share, then by their place in some bucket of the
    submission, so that what a short passage was taken from is verified beside hundreds of whole copies."""
    keys = np.concatenate([key_of(p, part.candidates.numbers) for p, part in enumerate(found)])
    words = np.concatenate([part.candidates.words for part in found])
    places = np.concatenate([part.candidates.places for part in found])
    first = keys[np.argsort(-words, kind="stable")[:BY_WORDS]].tolist()
    return list(dict.fromkeys(first + keys[np.lexsort((-words, places))].tolist()))


def _samples(found: list[Found], options: Options) -> list[Key]:
    """Evenly chosen documents of each paragraph that stands in many; of those that stand in most, where they
    would be more than are verified."""
    paragraphs = range(len(found[0].copies))
    sizes = {p: sum(len(part.copies[p]) for part in found) for p in paragraphs}
    many = [p for p in sorted(paragraphs, key=lambda p: -sizes[p]) if sizes[p] >= options.common_documents]
    chosen: dict[Key, None] = {}
    for paragraph in many:
        keys = _holders(found, paragraph)
        chosen |= dict.fromkeys(keys[np.linspace(0, len(keys) - 1, SAMPLE).astype(int)].tolist())
        if len(chosen) >= options.verify:
            break
    return list(chosen)


def _holders(found: list[Found], paragraph: int) -> Keys:
    return np.concatenate([key_of(p, part.copies[paragraph]) for p, part in enumerate(found)])


def _fetched(
    store: Store, found: list[Found], wanted: list[Key], among: Among | None
) -> dict[Key, Document | None]:
    def one(partition: int) -> dict[Key, Document | None]:
        mine = [key for key in wanted if partition_of_key(key) == partition]
        return dict(zip(mine, fetch(store, partition, found[partition].generation, mine), strict=True))

    stored = {key: document for part in store.each_partition(one) for key, document in part.items()}
    if among is not None:
        lines = [key for key in wanted if partition_of_key(key) == len(store.partitions)]
        stored |= {key: among.lines.document(key & NUMBER) for key in lines}
    return stored
