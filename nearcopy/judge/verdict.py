"""The report: everything added up."""

from __future__ import annotations

import time

import numpy as np

from nearcopy.index.reading import Found
from nearcopy.judge.boilerplate import common_paragraphs
from nearcopy.judge.case import Case, Mask, Options
from nearcopy.judge.paragraphs import reported_paragraphs
from nearcopy.judge.sources import listed_sources, ranked_sources
from nearcopy.parameters import Parameters
from nearcopy.report import Detection, Report, Verdict


def report(case: Case, found: list[Found], started: float) -> Report:
    """The answer to a check; ``found`` is what the index held, ``started`` when the check began (perf_counter
    seconds)."""
    submission, covered = case.submission, case.aligned.covered
    repeats = submission.repeats()
    common = common_paragraphs(case, repeats)
    counted = submission.mask(p for p in range(len(repeats)) if p not in common)
    fresh = submission.mask(p for p, earlier in enumerate(repeats) if earlier is None and p not in common)
    ranked = ranked_sources(case, counted)
    seen = np.asarray(covered[ranked].any(axis=0))
    return Report(
        verdict=_verdict(covered[ranked], seen, fresh, case.options),
        words=submission.words,
        coverage=float(seen.mean()),
        candidates=sum(len(part.candidates.numbers) for part in found) - len(case.gone),
        verified=len(case.documents),
        sources_found=len(ranked),
        bounded=any(part.bounded for part in found),
        sources=listed_sources(case, ranked, counted),
        paragraphs=reported_paragraphs(case, ranked, common, repeats),
        detection=_detection(found[0].parameters, submission.threshold),
        generation=found[0].generation.decode(),
        took_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _verdict(covered: Mask, seen: Mask, fresh: Mask, options: Options) -> Verdict:
    """Judged by the words outside common paragraphs, repeats counted once."""
    total = int(fresh.sum())
    if total == 0 or int((seen & fresh).sum()) < options.unique_below * total:
        return "unique"
    best = int((covered & fresh).sum(axis=1).max(initial=0))
    return "copy" if best >= options.copy_from * total else "partial"


def _detection(parameters: Parameters, threshold: float) -> Detection:
    return Detection(
        threshold=threshold,
        probability=round(parameters.detection(threshold), 6),
        bands=parameters.bands,
        rows=parameters.rows,
        shingle=f"{parameters.shingle} words",
        verbatim_words=parameters.verbatim_words,
    )
