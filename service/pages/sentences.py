"""What a report comes to, in the sentences that a person would say.

A sentence is a list of parts: strings, and the places of sources in the report's list, which the page shows
as title, publisher and date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from nearcopy.document import instant
from nearcopy.judge.case import Options
from service.saying import day, percent

Report = dict[str, Any]
"""As `nearcopy.report.Report` tells it."""

Sentence = list[str | int]

UNIQUE_BELOW = Options().unique_below

BADGES = {"copy": "A copy", "partial": "Copied in part", "unique": "Not found before"}


def order(one: str, other: str) -> int:
    """-1, 0 or 1 as one date is before the other, may be either, or is after it: of two on the same day,
    one of which has no time, nobody knows."""
    first, second = instant(one), instant(other)
    timeless = time.max in (first.time(), second.time())
    if first == second or (timeless and first.date() == second.date()):
        return 0
    return -1 if first < second else 1


def known_later(sources: Sequence[dict[str, Any]], own: str | None) -> set[int]:
    """The sources that appeared after the submission, which is of the date ``own``."""
    if own is None:
        return set()
    dates = ((place, source["published_at"]) for place, source in enumerate(sources))
    return {place for place, date in dates if date and order(date, own) > 0}


def headline(report: Report, own: str | None, before: float) -> Sentence:
    """The verdict. ``before``: coverage by the sources that are not known to be later than ``own``, the date
    of the submission."""
    sources, later = report["sources"], known_later(report["sources"], own)
    if not sources:
        if any(paragraph["status"] == "common" for paragraph in report["paragraphs"]):
            return ["Only common paragraphs of this text, such as notices, were found in the archive."]
        return ["Nothing of this text was found in the archive."]
    if len(later) == len(sources):
        share = percent(report["coverage"])
        first = f"None of this text was found before its own date. Later, {share} of it was published"
        if share == percent(sources[0]["containment"]):
            return [f"{first}, in ", 0, "."]
        return [f"{first}: ", *_stands(report, 0), "."]
    best = next(place for place in range(len(sources)) if place not in later)
    when = f"before {day(own)}" if later else "before"
    if report["verdict"] == "unique" and report["coverage"] >= UNIQUE_BELOW:
        return [
            f"Apart from common paragraphs and repeats, under {UNIQUE_BELOW:.0%} of this text was published "
            f"{when}; most of that in ", best, ".",
        ]
    share = percent(before if later else report["coverage"])
    if share == percent(sources[best]["containment"]):
        return [f"{share} of this text was published {when}, in ", best, "."]
    return [f"{share} of this text was published {when}: ", *_stands(report, best), "."]


def badge(report: Report, own: str | None) -> str:
    """The verdict in two words or three."""
    if report["sources"] and len(known_later(report["sources"], own)) == len(report["sources"]):
        return "Earlier than all found"
    return BADGES[report["verdict"]]


def _stands(report: Report, place: int) -> Sentence:
    return [f"{percent(report['sources'][place]['containment'])} stands in ", place]


def remarks(report: Report, own: str | None) -> list[Sentence]:
    """What belongs to the verdict: who was first, what is left out, what is not known."""
    said = [*_first(report), *_later(report, own), *_listed(report), *_uncounted(report)]
    if report["bounded"]:
        said.append(["More documents share parts of it than could be compared, and may be sources too."])
    return said


def _first(report: Report) -> list[Sentence]:
    sources = report["sources"]
    if not sources:
        return []
    first = next((place for place, source in enumerate(sources) if source["earliest"]), None)
    undated = sum(not source["published_at"] for source in sources)
    if first is None:
        return [["Its date is not known." if len(sources) == 1 else "Nobody can say who had it first: what "
                 "holds most of this text has no date."]]
    if len(sources) == 1:
        return []
    rivals = sum(
        place != first and bool(source["published_at"])
        and order(source["published_at"], sources[first]["published_at"]) == 0
        for place, source in enumerate(sources)
    )
    said: list[Sentence] = [["The earliest known is ", first, "."] if first else ["It is the earliest too."]]
    if rivals:
        said.append([f"{_others(rivals)} of the same day: which came first is not known."])
    if undated:
        said.append([f"{_others(undated)} undated, and may be earlier."])
    return said


def _others(count: int) -> str:
    return "Another one is" if count == 1 else f"{count} others are"


def _later(report: Report, own: str | None) -> list[Sentence]:
    if own is None:
        return []
    dates = [source["published_at"] for source in report["sources"] if source["published_at"]]
    later, same = (sum(order(date, own) == which for date in dates) for which in (1, 0))
    said: list[Sentence] = []
    if later and later < len(report["sources"]):
        said.append([f"{later} of the sources {'is' if later == 1 else 'are'} later than that."])
    if same:
        which = "1 of the sources is" if same == 1 else f"{same} of the sources are"
        said.append([f"{which} of the same day as this text, and may be later than it."])
    return said


def _listed(report: Report) -> list[Sentence]:
    found, listed = report["sources_found"], len(report["sources"])
    if found == listed:
        return []
    which = "one that matters most is" if listed == 1 else f"{listed} that matter most are"
    return [[f"{found:,} sources were found; the {which} listed."]]


def _uncounted(report: Report) -> list[Sentence]:
    statuses = [paragraph["status"] for paragraph in report["paragraphs"]]
    names = (("common", "common paragraph"), ("repeat", "repeat"))
    counts = [
        f"{count} {name}{'s' * (count != 1)}" for status, name in names if (count := statuses.count(status))
    ]
    if not counts or not report["sources"]:
        return []
    return [[f"{' and '.join(counts)}: the percentages count them, the verdict does not."]]
