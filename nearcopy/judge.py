"""From aligned candidates to a report: sources, paragraphs, common ones, coverage, verdict, who was first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nearcopy import align, resemblance
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
"""A paragraph matches where this share of its words lies in one document, wherever that breaks paragraphs."""


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
            None if first.setdefault(run, index) == index else first[run]
            for index, run in enumerate(runs.tolist())
        ]


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidates that were aligned, in one order, and what the index says of the paragraphs' copies."""

    documents: dict[Key, Document]
    others: Scanned
    aligned: align.Aligned
    copies: dict[int, set[Key]]
    gone: set[Key]

    def document(self) -> list[Document]:
        """The candidates in the order of ``aligned``."""
        return list(self.documents.values())


def report(
    submission: Submission, judged: Judged, found: list[Found], store: Store, options: Options, started: float
) -> Report:
    """Add everything up; see DESIGN of the HTTP contract for each word."""
    repeats = submission.repeats()
    covered = judged.aligned.covered
    common = _common(submission, judged, repeats, options)
    counted = _mask(submission, [p for p in range(len(repeats)) if p not in common])
    chosen = np.flatnonzero((covered & counted).sum(axis=1) >= options.min_words)
    ranked = _ranked(judged, chosen)
    fresh = counted & _mask(submission, [p for p, earlier in enumerate(repeats) if earlier is None])
    seen = np.asarray(covered[chosen].any(axis=0))
    return Report(
        verdict=_verdict(covered[chosen], seen, fresh, options),
        words=submission.words,
        coverage=float(seen.mean()),
        candidates=sum(len(part.documents) for part in found),
        verified=len(judged.documents),
        sources_found=len(ranked),
        bounded=any(part.bounded for part in found),
        sources=_sources(submission, judged, ranked, options.limit, store.parameters.shingle),
        paragraphs=_paragraphs(
            submission, judged, ranked, common, repeats, options, store.parameters.shingle
        ),
        detection=_detection(store, submission.threshold),
        generation=store.generation(),
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _mask(submission: Submission, paragraphs: Sequence[int]) -> NDArray[np.bool_]:
    mask = np.zeros(submission.words, dtype=np.bool_)
    bounds = submission.bounds().tolist()
    for index in paragraphs:
        mask[bounds[index][0] : bounds[index][1]] = True
    return mask


def _common(
    submission: Submission, judged: Judged, repeats: list[int | None], options: Options
) -> set[int]:
    """Boilerplate: paragraphs in many documents, most of which share nothing else with the submission."""
    place = {key: t for t, key in enumerate(judged.documents)}
    roots = [p if earlier is None else earlier for p, earlier in enumerate(repeats)]
    common: set[int] = set()
    for index, holders in judged.copies.items():
        if len(holders - judged.gone) < options.common_documents:
            continue
        elsewhere = ~_mask(submission, [p for p in range(len(roots)) if roots[p] == roots[index]])
        looked_at = judged.aligned.covered[[place[key] for key in holders if key in place]]
        alone = (looked_at & elsewhere).sum(axis=1) < options.min_words
        if int(alone.sum()) * 2 > len(alone):
            common.add(index)
    return common


def _ranked(judged: Judged, chosen: NDArray[np.int64]) -> list[int]:
    """The sources, best first: by the words of the submission they hold, then by the share of their own."""
    documents, aligned = judged.document(), judged.aligned
    matched, undated = aligned.covered.sum(axis=1), "9999"

    def rank(t: int) -> tuple[int, float, str, str]:
        return (
            -int(matched[t]), -_contained(judged, t), documents[t].published_at or undated, documents[t].id
        )

    return sorted(chosen.tolist(), key=rank)


def _contained(judged: Judged, t: int) -> float:
    words = judged.others.words_of(t)
    return float(judged.aligned.contained[t] / (words.stop - words.start))


def _sources(
    submission: Submission, judged: Judged, ranked: list[int], limit: int, shingle: int
) -> tuple[Source, ...]:
    """The sources that are listed: the best, the earliest always among them."""
    documents, covered = judged.document(), judged.aligned.covered
    earliest = _earliest(judged, ranked)
    listed = ranked[:limit]
    if earliest is not None and earliest not in listed:
        listed[-1] = earliest
    alike = resemblance.of_texts(submission.scanned, judged.others, listed, shingle)
    return tuple(
        Source(
            document=documents[t].id,
            title=documents[t].title,
            publisher=documents[t].publisher,
            url=documents[t].url,
            published_at=documents[t].published_at,
            containment=float(covered[t].mean()),
            contained=_contained(judged, t),
            resemblance=shared,
            matched_words=int(covered[t].sum()),
            earliest=t == earliest,
            passages=align.passages(judged.aligned, submission.scanned, 0, judged.others, t),
        )
        for t, shared in zip(listed, alike.tolist(), strict=True)
    )


def _earliest(judged: Judged, ranked: list[int]) -> int | None:
    """Who had it first: of those that hold at least half as much of the submission as the best does, since an
    old quotation of one line did not have the story."""
    documents, matched = judged.document(), judged.aligned.covered.sum(axis=1)
    dated = []
    for place, t in enumerate(ranked):
        published = documents[t].published_at
        if published is not None and matched[t] * 2 >= matched[ranked[0]]:
            dated.append((instant(published), place))
    return ranked[min(dated)[1]] if dated else None


def _verdict(
    covered: NDArray[np.bool_], seen: NDArray[np.bool_], fresh: NDArray[np.bool_], options: Options
) -> Verdict:
    """Judged by the words outside common paragraphs, repeats counted once."""
    total = int(fresh.sum())
    if total == 0 or int((seen & fresh).sum()) < options.unique_below * total:
        return "unique"
    best = int((covered & fresh).sum(axis=1).max(initial=0))
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
    submission: Submission, judged: Judged, ranked: list[int], common: set[int], repeats: list[int | None],
    options: Options, shingle: int,
) -> tuple[ParagraphReport, ...]:
    matches = _matches(submission, judged, ranked, shingle)
    out = []
    for index, (start, end, first, last) in enumerate(submission.scanned.spans.tolist()):
        mine = matches.get(index, [])
        out.append(
            ParagraphReport(
                index=index,
                start=start,
                end=end,
                words=last - first,
                status=_status(last - first, index in common, repeats[index], bool(mine), options),
                repeats=repeats[index],
                documents=len(judged.copies.get(index, set()) - judged.gone),
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
    submission: Submission, judged: Judged, ranked: list[int], shingle: int
) -> dict[int, list[Match]]:
    """For each paragraph its matches in the sources, the most alike first."""
    if not ranked:
        return {}
    others, documents = judged.others, judged.document()
    alike, best = resemblance.of_paragraphs(submission.scanned, others, ranked, shingle)
    first = submission.bounds()[:, 0]
    sizes = np.diff(first, append=submission.words)
    held = np.add.reduceat(judged.aligned.covered[ranked], first, axis=1, dtype=np.int64) / sizes
    out: dict[int, list[Match]] = {}
    matching = ((alike >= submission.threshold) | (held >= CONTAINED)) & (best >= 0)
    for place, index in np.argwhere(matching).tolist():
        start, end = others.spans[best[place, index], :2].tolist()
        shares = float(alike[place, index]), float(held[place, index])
        out.setdefault(index, []).append(Match(documents[ranked[place]].id, start, end, *shares))
    for mine in out.values():
        mine.sort(key=lambda m: (-m.resemblance, -m.containment, m.document))
    return out
