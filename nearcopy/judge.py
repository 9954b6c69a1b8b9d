"""From aligned candidates to a report: sources, paragraphs, common ones, coverage, verdict, who was first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nearcopy import align
from nearcopy.document import Document, instant
from nearcopy.index.reading import Found
from nearcopy.index.store import Store
from nearcopy.kernel.sign import run_hashes
from nearcopy.lsh import Buckets
from nearcopy.report import Detection, Match, ParagraphReport, Report, Source, Status, Verdict
from nearcopy.text.scanning import Scanned

if TYPE_CHECKING:
    from nearcopy.check import Options

Key = tuple[int, int]
"""Partition and number of a document."""

CONTAINED = 0.8
"""A paragraph matches where this share of its words lies in one document, however it breaks its paragraphs."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission, segmented and signed."""

    scanned: Scanned
    buckets: Buckets
    threshold: float
    min_words: int

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.scanned.hashes)

    def bounds(self) -> NDArray[np.int64]:
        """``int64[paragraphs, 2]``: first and end word of each."""
        return self.scanned.span_bounds()

    def indexed_words(self) -> NDArray[np.int64]:
        """The length in words of each paragraph that is looked up."""
        bounds = self.bounds()[self.buckets.paragraphs]
        return np.asarray(bounds[:, 1] - bounds[:, 0], dtype=np.int64)

    def repeats(self) -> list[int | None]:
        """For each paragraph the index of the same one earlier in the text."""
        runs = np.empty(len(self.scanned.spans), dtype=np.uint64)
        run_hashes(self.scanned.hashes, self.bounds(), runs)
        first: dict[int, int] = {}
        return [
            None if first.setdefault(run, index) == index else first[run] for index, run in enumerate(runs.tolist())
        ]


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates that were aligned, in one order, and what the index says of the paragraphs' copies."""

    documents: dict[Key, Document]
    others: Scanned
    aligned: list[align.Aligned]
    copies: dict[int, set[Key]]
    gone: set[Key]


def report(
    submission: Submission, judged: Judged, found: list[Found], store: Store, options: Options, started: float
) -> Report:
    """Add everything up; see DESIGN of the HTTP contract for each word."""
    repeats = submission.repeats()
    covered = [one.covered_a() for one in judged.aligned]
    common = _common(submission, judged, covered, repeats, options)
    counted = _mask(submission, [p for p in range(len(repeats)) if p not in common])
    chosen = [t for t, words in enumerate(covered) if (words & counted).sum() >= options.min_words]
    sources = _sources(submission, judged, covered, chosen, store.parameters.shingle)
    fresh = counted & _mask(submission, [p for p, earlier in enumerate(repeats) if earlier is None])
    seen = np.zeros(submission.words, dtype=np.bool_)
    for t in chosen:
        seen |= covered[t]
    return Report(
        verdict=_verdict([covered[t] for t in chosen], seen, fresh, options),
        words=submission.words,
        coverage=float(seen.mean()),
        candidates=sum(len(part.documents) for part in found),
        verified=len(judged.documents),
        sources_found=len(sources),
        bounded=any(part.bounded for part in found),
        sources=tuple(_listed(sources, options.limit)),
        paragraphs=_paragraphs(submission, judged, covered, chosen, common, repeats, options, store.parameters.shingle),
        detection=_detection(store, submission.threshold),
        generation=store.generation(),
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _mask(submission: Submission, paragraphs: Sequence[int]) -> NDArray[np.bool_]:
    mask = np.zeros(submission.words, dtype=np.bool_)
    bounds = submission.bounds()
    for index in paragraphs:
        mask[bounds[index, 0] : bounds[index, 1]] = True
    return mask


def _common(
    submission: Submission, judged: Judged, covered: list[NDArray[np.bool_]], repeats: list[int | None],
    options: Options,
) -> set[int]:
    """Boilerplate: paragraphs in many documents, most of which share nothing else with the submission."""
    place = {key: t for t, key in enumerate(judged.documents)}
    roots = [p if earlier is None else earlier for p, earlier in enumerate(repeats)]
    common: set[int] = set()
    for index, holders in judged.copies.items():
        if len(holders - judged.gone) < options.common_documents:
            continue
        same = [p for p in range(len(roots)) if roots[p] == roots[index]]
        elsewhere = ~_mask(submission, same)
        looked_at = [covered[place[key]] for key in holders if key in place]
        alone = sum(int((words & elsewhere).sum()) < options.min_words for words in looked_at)
        if alone * 2 > len(looked_at):
            common.add(index)
    return common


def _sources(
    submission: Submission, judged: Judged, covered: list[NDArray[np.bool_]], chosen: list[int], shingle: int
) -> list[Source]:
    documents = list(judged.documents.values())
    pairs = np.array([(0, t) for t in chosen], dtype=np.int64).reshape(-1, 2)
    alike = align.resemblances(
        submission.scanned, align.text_bounds(submission.scanned), judged.others,
        align.text_bounds(judged.others), pairs, shingle,
    )
    sources = []
    for t, resemblance in zip(chosen, alike, strict=True):
        document, one = documents[t], judged.aligned[t]
        sources.append(
            Source(
                document=document.id, title=document.title, publisher=document.publisher, url=document.url,
                published_at=document.published_at,
                containment=float(covered[t].mean()),
                contained=float(one.covered_b().mean()),
                resemblance=float(resemblance),
                matched_words=int(covered[t].sum()),
                earliest=False,
                passages=align.passages(one, submission.scanned, 0, judged.others, t),
            )
        )
    return _first_marked(sources)


def _first_marked(sources: list[Source]) -> list[Source]:
    """The sources, best first, and the earliest marked: of those that hold at least half as much of the
    submission as the best does, since an old quotation of one line did not have the story first."""
    undated = "9999"
    sources.sort(key=lambda s: (-s.containment, -s.resemblance, s.published_at or undated, s.document))
    dated = [
        (instant(s.published_at), place)
        for place, s in enumerate(sources)
        if s.published_at and s.matched_words * 2 >= sources[0].matched_words
    ]
    if dated:
        place = min(dated)[1]
        sources[place] = replace(sources[place], earliest=True)
    return sources


def _listed(sources: list[Source], limit: int) -> list[Source]:
    """The best, the earliest always among them."""
    listed = sources[:limit]
    late = [source for source in sources[limit:] if source.earliest]
    return listed[: limit - len(late)] + late


def _verdict(
    covered: list[NDArray[np.bool_]], seen: NDArray[np.bool_], fresh: NDArray[np.bool_], options: Options
) -> Verdict:
    """Judged by the words outside common paragraphs, repeats counted once."""
    total = int(fresh.sum())
    if total == 0 or int((seen & fresh).sum()) < options.unique_below * total:
        return "unique"
    best = max(int((words & fresh).sum()) for words in covered)
    return "copy" if best >= options.copy_from * total else "partial"


def _detection(store: Store, threshold: float) -> Detection:
    parameters = store.parameters
    return Detection(
        threshold=threshold,
        probability=round(parameters.detection(threshold), 6),
        bands=parameters.bands,
        rows=parameters.rows,
        shingle=f"{parameters.shingle} words",
        verbatim_words=parameters.verbatim_words,
    )


def _paragraphs(
    submission: Submission, judged: Judged, covered: list[NDArray[np.bool_]], chosen: list[int],
    common: set[int], repeats: list[int | None], options: Options, shingle: int,
) -> tuple[ParagraphReport, ...]:
    matches = _matches(submission, judged, covered, chosen, shingle)
    out = []
    for index, (start, end, first, last) in enumerate(submission.scanned.spans.tolist()):
        holders = judged.copies.get(index, set()) - judged.gone
        mine = matches.get(index, [])
        out.append(
            ParagraphReport(
                index=index, start=start, end=end, words=last - first,
                status=_status(last - first, index in common, repeats[index], bool(mine), options),
                repeats=repeats[index],
                documents=len(holders),
                matches=tuple(mine[: options.limit]),
            )
        )
    return tuple(out)


def _status(words: int, common: bool, repeats: int | None, matched: bool, options: Options) -> Status:
    if words < options.min_words:
        return "short"
    if common:
        return "common"
    if repeats is not None:
        return "repeat"
    return "matched" if matched else "unique"


def _matches(
    submission: Submission, judged: Judged, covered: list[NDArray[np.bool_]], chosen: list[int], shingle: int
) -> dict[int, list[Match]]:
    """For each paragraph its matches in the sources, the most alike first."""
    pairs = _touching(submission, judged, chosen)
    if not pairs:
        return {}
    bounds, other_bounds = submission.bounds(), judged.others.span_bounds()
    units = np.array([(index, other) for _, index, other in pairs], dtype=np.int64)
    alike = align.resemblances(submission.scanned, bounds, judged.others, other_bounds, units, shingle)
    names = [document.id for document in judged.documents.values()]
    best: dict[tuple[int, int], Match] = {}
    for (t, index, other), resemblance in zip(pairs, alike.tolist(), strict=True):
        first, end = bounds[index]
        containment = float(covered[t][first:end].mean())
        known = best.get((index, t))
        if (resemblance >= submission.threshold or containment >= CONTAINED) and (
            known is None or resemblance > known.resemblance
        ):
            start, stop = judged.others.spans[other, :2].tolist()
            best[index, t] = Match(names[t], start, stop, resemblance, containment)
    out: dict[int, list[Match]] = {}
    for (index, _), match in best.items():
        out.setdefault(index, []).append(match)
    for mine in out.values():
        mine.sort(key=lambda m: (-m.resemblance, -m.containment, m.document))
    return out


def _touching(submission: Submission, judged: Judged, chosen: list[int]) -> list[tuple[int, int, int]]:
    """(candidate, paragraph of the submission, paragraph of the candidate) that a passage runs through both."""
    ends, other_ends = submission.bounds()[:, 1], judged.others.span_bounds()[:, 1]
    touching: dict[tuple[int, int, int], None] = {}
    for t in chosen:
        offset = int(judged.others.text_words[t])
        for first, end, first_b, end_b, _ in judged.aligned[t].rows.tolist():
            mine = range(*np.searchsorted(ends, (first, end - 1), side="right") + (0, 1))
            its = np.searchsorted(other_ends, (offset + first_b, offset + end_b - 1), side="right")
            for index in mine:
                for other in range(its[0], its[1] + 1):
                    touching[t, index, other] = None
    return list(touching)
