"""The sample archive, asked of the engine: copies, updates, near misses, boilerplate, and the submission."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

import pytest

from nearcopy import samples
from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.report import Report
from nearcopy.text.scanning import scan_texts

DOCUMENTS = {document.id: document for document in samples.archive()}
ROOTS = {d.fields["family"]: d for d in DOCUMENTS.values() if d.fields.get("role") in ("agency", "original")}
MEMBERS = [d for d in DOCUMENTS.values() if d.fields.get("role") in ("reprint", "update")]
AGENCY = [d for d in ROOTS.values() if d.fields["role"] == "agency"]
STORIES = [d for d in DOCUMENTS.values() if "family" not in d.fields]
ALL = 60
"""More sources than any sample has."""


@pytest.fixture(scope="module")
def archive(redis_url: str) -> Iterator[Archive]:
    with Archive.open(redis_url, f"samples-{os.getpid()}") as opened:
        assert set(opened.put_many(DOCUMENTS.values())) == {"created"}
        yield opened


@pytest.fixture(scope="module")
def report(archive: Archive) -> Report:
    return archive.check(samples.submission())


def family(id: str) -> str | None:
    name = DOCUMENTS[id].fields.get("family")
    assert name is None or isinstance(name, str)
    return name


def paragraphs(text: str) -> list[str]:
    return [text[start:end] for start, end, *_ in scan_texts([text]).spans.tolist()]


def boilerplate() -> set[str]:
    """Paragraphs of eight words or more that stand under twelve stories or more."""
    stories = defaultdict(set)
    for document in DOCUMENTS.values():
        for text in paragraphs(document.text):
            if len(text.split()) >= 8:
                stories[text].add(document.fields.get("family", document.id))
    return {text for text, under in stories.items() if len(under) >= 12}


LINES = boilerplate()


def tellings(event: str) -> list[Document]:
    """All that is told of an event in words of its own: the near misses, and the agency's text."""
    near = [d for d in DOCUMENTS.values() if d.fields.get("event") == event]
    return near + ([ROOTS[event]] if event in ROOTS else [])


def story(document: Document) -> str:
    """The text without the outlet's boilerplate."""
    return "\n\n".join(text for text in paragraphs(document.text) if text not in LINES)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.id)
def test_a_member_is_a_copy_of_its_root(archive: Archive, member: Document) -> None:
    report = archive.copies(member.id, limit=ALL)
    assert report.verdict in ("copy", "partial")
    assert ROOTS[member.fields["family"]].id in {source.document for source in report.sources}
    assert {family(source.document) for source in report.sources} == {member.fields["family"]}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.id)
def test_its_root_had_it_first(archive: Archive, member: Document) -> None:
    earliest = [source.document for source in archive.copies(member.id).sources if source.earliest]
    assert earliest == [ROOTS[member.fields["family"]].id]


@pytest.mark.parametrize("agency", AGENCY, ids=lambda agency: agency.id)
def test_an_agency_text_finds_every_reprint_and_none_is_common(archive: Archive, agency: Document) -> None:
    report = archive.copies(agency.id, limit=ALL)
    reprints = {d.id for d in MEMBERS if d.fields["family"] == agency.fields["family"]}
    assert report.verdict == "copy"
    assert {source.document for source in report.sources} == reprints
    assert {paragraph.status for paragraph in report.paragraphs} == {"matched"}


def test_a_story_that_forty_outlets_ran_is_no_boilerplate(archive: Archive) -> None:
    line = next(text for text in LINES if text.startswith("Independent local reporting"))
    report = archive.check(f"{ROOTS['ferry'].text}\n\n{line}", limit=ALL)
    assert report.verdict == "copy"
    assert report.sources_found == len([d for d in MEMBERS if d.fields["family"] == "ferry"]) + 1 >= 41
    assert max(paragraph.documents for paragraph in report.paragraphs[:-1]) >= 12
    assert [paragraph.status for paragraph in report.paragraphs] == ["matched"] * 9 + ["common"]


def test_a_story_that_nobody_copied_is_unique(archive: Archive) -> None:
    for document in STORIES:
        report = archive.copies(document.id)
        assert (report.verdict, report.sources) == ("unique", ()), document.id


@pytest.mark.parametrize("event", sorted({d.fields["event"] for d in STORIES if "event" in d.fields}))
def test_the_same_event_in_other_words_is_no_copy(archive: Archive, event: str) -> None:
    assert len(tellings(event)) >= 2
    for one, other in combinations(tellings(event), 2):
        between = archive.compare(story(one), story(other))
        assert max(between.containment_a, between.containment_b) < 0.05, (one.id, other.id)
        assert other.id not in {source.document for source in archive.copies(one.id, limit=ALL).sources}
        assert one.id not in {source.document for source in archive.copies(other.id, limit=ALL).sources}


def test_boilerplate_is_common_under_every_item_and_nothing_else_is(archive: Archive) -> None:
    assert len(LINES) >= 5
    for id, document in DOCUMENTS.items():
        found = archive.copies(id).paragraphs
        common = {document.text[p.start : p.end] for p in found if p.status == "common"}
        assert common == LINES & set(paragraphs(document.text)), id


def test_the_submission_shows_every_part_of_a_report(report: Report) -> None:
    assert report.verdict == "partial"
    assert [paragraph.status for paragraph in report.paragraphs] == [
        "short", "unique", "matched", "matched", "matched", "unique",
        "matched", "matched", "unique", "repeat", "unique", "common",
    ]
    assert [p.repeats for p in report.paragraphs if p.status == "repeat"] == [7]
    edited = report.paragraphs[4].matches[0]
    assert 0.5 <= edited.resemblance < 0.9


def test_the_submission_has_one_main_source_and_the_agency_had_it_first(report: Report) -> None:
    main, second = report.sources[:2]
    assert main.document == "harbour-post-2024-1008"
    assert main.matched_words >= second.matched_words + 30
    assert [source.document for source in report.sources if source.earliest] == ["npa-2024-1008"]


def test_the_submissions_quotation_is_found_in_the_middle_of_another_paragraph(report: Report) -> None:
    text, older = samples.submission(), DOCUMENTS["inland-mail-2019-0905"].text
    (source,) = [source for source in report.sources if source.document == "inland-mail-2019-0905"]
    (passage,) = source.passages
    assert passage.words >= 25
    assert "too late to paint it" in text[passage.start : passage.end]
    assert "too late to paint it" in older[passage.source_start : passage.source_end]
    around = report.paragraphs[5]
    assert around.start < passage.start < passage.end < around.end
    assert around.status == "unique"
