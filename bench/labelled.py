"""What people call a copy, against what the report says.

Short answers (Clough and Stevenson): students answered five questions by cutting and pasting from an article,
by revising it lightly or heavily, or from their own knowledge. The five articles are stored, each answer is
checked. Versioned docs: the pages of React Native's documentation in eleven releases; each is asked for its
copies, every candidate aligned. datasketch beside: its LSH at 25x5 over whole documents.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import islice

from bench.common import Figure, documents, drain, truth
from bench.pairs import ALL, LEAST, Peer, both_ways
from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index.store import Store

NEAR = 0.8
"""Resemblance from which people would call two pages the same."""


def figures(archive: Archive, quick: bool) -> list[Figure]:
    """Both sets, each in a collection of its own."""
    return [*short_answers(archive), *versioned_docs(archive, quick)]


def stored(archive: Archive, collection: str, some: Sequence[Document]) -> Archive:
    """Another collection of the same server, with these documents."""
    other = Archive(Store.open(archive.store.client, collection))
    drain(other.put_many(some))
    return other


def short_answers(archive: Archive) -> list[Figure]:
    """By how the answer was written: the share that has its article as a source, and how much is covered."""
    texts = {document.id: document for document in documents("short_answers")}
    pairs = [(answer, article, kind) for answer, article, _, kind, *_ in truth("short_answers", "pairs.tsv")]
    articles = [document for name, document in texts.items() if name.startswith("orig")]
    own = stored(archive, "answers", articles)
    out = []
    for kind in ("cut", "light", "heavy", "non"):
        reports = [(own.check(texts[a].text), article) for a, article, told in pairs if told == kind]
        found = [article in {source.document for source in report.sources} for report, article in reports]
        covered = statistics.median(report.coverage for report, _ in reports)
        note = f"{len(reports)} answers, median coverage {covered:.2f}"
        share = 100 * sum(found) / len(found)
        out.append(Figure(f"short answers, {kind}: article reported", share, "%", note=note))
    return out


def versioned_docs(archive: Archive, quick: bool) -> list[Figure]:
    """Pairs of the same page in two releases, of those that brute force finds half alike; and what is told
    beyond them."""
    pages = list(documents("versioned_docs"))
    own = stored(archive, "pages", pages)
    page_of = dict(row for row in truth("versioned_docs", "clusters.tsv"))
    rows = truth("versioned_docs", "exact_pairs.tsv")
    alike = both_ways((a, b) for a, b, resemblance, *_ in rows if float(resemblance) >= LEAST)
    peer = Peer(pages)
    asked = ours = theirs = copies = same_page = 0
    for name, others in islice(alike.items(), 0, None, 10 if quick else 1):
        sources = own.copies(name, limit=ALL, verify=ALL).sources
        candidates = peer.find(name)
        whole = [source.document for source in sources if source.resemblance >= NEAR]
        asked += len(others)
        ours += len(others & {source.document for source in sources})
        theirs += len(others & candidates)
        copies += len(whole)
        same_page += sum(page_of[other] == page_of[name] for other in whole)
    return [
        Figure("versioned docs, pairs at 0.5 or more found", 100 * ours / asked, "%", 99.5,
               note=f"{asked - ours} of {asked:,} missed"),
        Figure("  datasketch 25x5", 100 * theirs / asked, "%", note=f"{asked - theirs:,} missed"),
        Figure("versioned docs, sources at 0.8 or more: the same page", 100 * same_page / copies, "%",
               note=f"of {copies:,}"),
    ]
