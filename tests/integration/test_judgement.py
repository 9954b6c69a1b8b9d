"""What a report says: boilerplate, stories that everybody ran, who was first, what is listed."""

from __future__ import annotations

import pytest

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import bulk
from nearcopy.report import Report
from nearcopy.text.scanning import scan_texts
from tests import naive
from tests.integration.making import document, paragraph

COPYRIGHT, SUBSCRIBE = 9001, 9002


def statuses(report: Report) -> list[str]:
    return [one.status for one in report.paragraphs]


def text(*numbers: int) -> str:
    return "\n\n".join(paragraph(number) for number in numbers)


def put(archive: Archive, *documents: Document) -> None:
    assert len(list(archive.put_many(documents))) == len(documents)


def test_lines_of_boilerplate_that_travel_together_are_common(archive: Archive) -> None:
    own = ([10 * k, 10 * k + 1, 10 * k + 2] for k in range(20))
    put(archive, *(document(f"d{k}", [*mine, COPYRIGHT, SUBSCRIBE]) for k, mine in enumerate(own)))
    report = archive.check(text(5001, 5002, COPYRIGHT, SUBSCRIBE))
    assert statuses(report) == ["unique", "unique", "common", "common"]
    assert (report.verdict, report.coverage, report.sources) == ("unique", 0.0, ())
    assert report.paragraphs[2].documents == 20


def test_eleven_documents_are_not_many(archive: Archive) -> None:
    put(archive, *(document(f"d{k}", [10 * k, 10 * k + 1, COPYRIGHT]) for k in range(11)))
    report = archive.check(text(5001, COPYRIGHT))
    assert statuses(report) == ["unique", "matched"]
    assert report.sources_found == 11


def test_a_story_that_everybody_ran_is_no_boilerplate(archive: Archive) -> None:
    """Nor are two paragraphs quoted from it, under which stands the boilerplate of those who ran it."""
    story = list(range(1, 9))
    put(archive, *(document(f"d{k}", [100 + k, *story, COPYRIGHT, SUBSCRIBE]) for k in range(40)))
    whole = archive.check(text(*story, COPYRIGHT), limit=1000)
    assert (whole.verdict, whole.sources_found) == ("copy", 40)
    assert statuses(whole)[:-1] == ["matched"] * 8
    quoted = archive.check(text(5001, 3, 4))
    assert statuses(quoted) == ["unique", "matched", "matched"]
    assert (quoted.verdict, quoted.sources_found) == ("partial", 40)


def test_repeats_are_matched_once_and_counted_once(archive: Archive) -> None:
    put(archive, document("d", [1, 2]))
    report = archive.check(text(1, 5001, 1, 1))
    assert statuses(report) == ["matched", "unique", "repeat", "repeat"]
    assert [one.repeats for one in report.paragraphs] == [None, None, 0, 0]
    assert report.coverage == 0.75
    assert report.verdict == "partial"


@pytest.mark.parametrize(("copied", "verdict"), [(8, "copy"), (7, "partial"), (1, "partial"), (0, "unique")])
def test_the_verdicts_bounds(archive: Archive, copied: int, verdict: str) -> None:
    """Ten paragraphs of equal length: eight of them in one source make a copy."""
    put(archive, document("d", range(1, 11)))
    report = archive.check(text(*range(1, copied + 1), *range(5001, 5011 - copied)))
    assert (report.verdict, report.coverage) == (verdict, copied / 10)


def test_two_halves_from_two_sources_are_no_copy(archive: Archive) -> None:
    put(archive, document("a", [1, 2]), document("b", [3, 4]))
    report = archive.check(text(1, 2, 3, 4))
    assert (report.verdict, report.coverage, report.sources_found) == ("partial", 1.0, 2)


def test_short_paragraphs_are_said_to_be_short(archive: Archive) -> None:
    put(archive, Document("d", paragraph(1) + "\n\nBy our own staff"))
    report = archive.check("By our own staff\n\n" + paragraph(1))
    assert statuses(report) == ["short", "matched"]
    assert statuses(archive.check("By our own staff\n\n" + paragraph(1), min_words=3))[0] != "short"


def test_a_source_that_adds_words_is_listed_before_the_tenth_copy(archive: Archive) -> None:
    put(archive, *(document(f"copy{k:02}", [1, 2, 3, 4]) for k in range(30)), document("other", [5]))
    report = archive.check(text(1, 2, 3, 4, 5), limit=3)
    assert report.sources_found == 31
    assert [source.document for source in report.sources] == ["copy00", "copy01", "other"]


def test_boilerplate_does_not_make_a_source_better(archive: Archive) -> None:
    put(
        archive, *(document(f"d{k}", [10 * k + 100, COPYRIGHT]) for k in range(20)),
        document("agency", [1, 2]), document("reprint", [1, COPYRIGHT]),
    )
    report = archive.check(text(1, 2, COPYRIGHT))
    assert statuses(report)[-1] == "common"
    assert [source.document for source in report.sources] == ["agency", "reprint"]


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["2024-03-12", "2024-03-11"], "d1"),
        (["2024-03-12", "2024-03-12T05:42:00Z"], "d1"),
        (["2024-03-13T00:30:00+02:00", "2024-03-12T23:00:00Z"], "d0"),
        ([None, "2024-03-12"], "d1"),
        ([None, None], None),
    ],
)
def test_who_was_first(archive: Archive, dates: list[str | None], first: str | None) -> None:
    """A paper that gives the day alone does not precede an agency's minute of that day."""
    put(archive, *(
        Document(f"d{k}", text(1, 2), published_at=date) for k, date in enumerate(dates)
    ))
    earliest = [source.document for source in archive.check(text(1, 2)).sources if source.earliest]
    assert earliest == ([] if first is None else [first])


def test_an_old_quotation_of_one_line_did_not_have_the_story(archive: Archive) -> None:
    put(
        archive, Document("line", text(3), published_at="1999-01-01"),
        Document("story", text(1, 2, 3, 4), published_at="2024-01-01"),
        Document("reprint", text(1, 2, 3), published_at="2024-01-02"),
    )
    sources = archive.check(text(1, 2, 3, 4), limit=2).sources
    assert [source.document for source in sources if source.earliest] == ["story"]


def test_boilerplate_does_not_make_a_source_the_first(archive: Archive) -> None:
    """The reprint shares four times as much with the submission, but no more of the story."""
    lines = range(9001, 9006)
    put(
        archive, *(document(f"d{k}", [*range(10 * k + 100, 10 * k + 108), *lines]) for k in range(20)),
        Document("agency", text(1), published_at="2024-01-01"),
        Document("reprint", text(1, *lines), published_at="2024-01-09"),
    )
    report = archive.check(text(5001, 1, *lines))
    assert statuses(report)[2:] == ["common"] * 5
    assert [source.document for source in report.sources if source.earliest] == ["agency"]


def test_what_is_excluded_is_no_source_and_makes_room(archive: Archive) -> None:
    put(
        archive, *(Document(f"own{k}", text(1, 2), publisher="own") for k in range(250)),
        Document("other", text(1, 3), publisher="other"),
    )
    report = archive.check(text(1, 2), exclude_publishers=["own"])
    assert [source.document for source in report.sources] == ["other"]
    alone = archive.check(text(1, 2), exclude_documents=[f"own{k}" for k in range(250)] + ["other"])
    assert (alone.verdict, alone.sources) == ("unique", ())


def test_a_document_is_no_source_of_itself(archive: Archive) -> None:
    put(archive, document("a", [1, 2]), document("b", [1, 2]))
    assert [source.document for source in archive.copies("a").sources] == ["b"]


def test_twenty_words_are_found_beside_hundreds_of_whole_copies(archive: Archive) -> None:
    """The host text has 300 copies, which share every bucket of it but those of the excerpt; and the excerpt
    ends in a phrase that 400 others use."""
    phrase = ["in", "the", "name", "of", "the", "council", "of", "the", "whole", "town"]
    copied = [*paragraph(77, 12).split(), *phrase[:8]]
    family = [document(f"copy{k}", [1, 2, 3, 4, 5, 6]) for k in range(300)]
    crowd = [
        Document(f"crowd{k}", f"{paragraph(1000 + k, 40)} {' '.join(phrase)} {paragraph(2000 + k, 40)}")
        for k in range(400)
    ]
    source = Document("source", f"{paragraph(78, 50)} {' '.join(copied)} {paragraph(79, 50)}")
    bulk.load(archive.store, [*family, *crowd, source])
    host = paragraph(3).split()
    text_with_it = "\n\n".join([text(1, 2), " ".join([*host[:6], *copied, *host[6:]]), text(4, 5, 6)])
    report = archive.check(text_with_it)
    assert "source" in {one.document for one in report.sources}
    assert report.verified < 330


def test_every_figure_of_a_report_is_the_oracles(archive: Archive) -> None:
    """Common runs of the least length, joined over small edits, words and shingles counted one by one."""
    put(
        archive, document("whole", [1, 2, 3]), document("part", [3, 9]),
        Document("edited", text(1, 2).replace(paragraph(2).split()[5], "edited")),
    )
    submission = text(1, 2, 3)
    report = archive.check(submission)
    scanned = scan_texts([submission])
    mine = scanned.hashes.tolist()
    assert {source.document for source in report.sources} == {"whole", "part", "edited"}
    for source in report.sources:
        its = scan_texts([archive.get(source.document).text]).hashes.tolist()
        assert source.resemblance == naive.resemblance(mine, its, 3)
        of_mine, of_its = naive.shared_words(mine, its, 8)
        covered = {k for one in source.passages for k in words_in(submission, one.start, one.end)}
        assert of_mine <= covered
        assert source.matched_words == len(covered)
        assert source.containment == len(covered) / len(mine)
        assert source.contained >= len(of_its) / len(its)
    edited = next(source for source in report.sources if source.document == "edited")
    assert edited.matched_words == 24
    assert [(one.words, one.similarity) for one in edited.passages] == [(24, 23 / 24)]


def words_in(whole: str, start: int, end: int) -> list[int]:
    return [k for k, word in enumerate(naive.words(whole)) if start <= word.start and word.end <= end]
