"""Submissions that are made to be slow: work and memory stay in proportion to them."""

from __future__ import annotations

import resource

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.index import bulk
from nearcopy.index.generations import claimed
from tests.integration.making import document, holders, paragraph

ROOM = 600 * 1024
"""Kilobytes that a check may add: 1,000 near-equal rows once took 1.5 GB, 3,600 samples 3.5 GB."""


def most_memory() -> int:
    """Kilobytes, of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_a_table_of_near_equal_rows_is_looked_up_once_a_page(archive: Archive) -> None:
    rows = "\n".join(f"the total of the year for the row {k:x}" for k in range(1000))
    archive.put(Document("table", rows))
    before = most_memory()
    report = archive.check(rows)
    assert (report.verdict, report.coverage) == ("copy", 1.0)
    assert report.bounded
    assert most_memory() - before < ROOM


def test_a_common_line_a_thousand_times_is_judged_once(archive: Archive) -> None:
    own = [document(f"d{k}", [10 * k + 100, 10 * k + 101, 9001]) for k in range(20)]
    assert len(list(archive.put_many(own))) == 20
    report = archive.check("\n\n".join([paragraph(5001), *[paragraph(9001)] * 4000]))
    assert {one.status for one in report.paragraphs[1:]} == {"common"}
    assert (report.verdict, report.sources_found) == ("unique", 0)


def test_stories_laid_end_to_end_are_not_all_sampled(archive: Archive) -> None:
    stories = [[100 * s + k for k in range(4)] for s in range(1, 61)]
    bulk.load(
        archive.store, [document(f"{s}-{k}", story) for s, story in enumerate(stories) for k in range(13)]
    )
    before = most_memory()
    report = archive.check("\n\n".join(paragraph(n) for story in stories for n in story))
    assert report.coverage > 0.9
    assert report.verified < 450
    assert most_memory() - before < ROOM


def test_what_was_left_out_is_told(archive: Archive) -> None:
    """Three hundred variants of a paragraph, of which 256 are followed."""
    words = paragraph(1, 40).split()
    for k in range(300):
        archive.put(Document(f"v{k}", " ".join([*words[:20], f"variant{k}", *words[20:]])))
    assert archive.check(paragraph(1, 40)).bounded
    assert not archive.check(paragraph(2, 40)).bounded


def test_a_source_with_a_word_a_line_matches_the_paragraph(archive: Archive) -> None:
    archive.put(Document("lines", paragraph(1, 40).replace(" ", "\n")))
    report = archive.check(paragraph(1, 40))
    assert (report.verdict, report.paragraphs[0].status) == ("copy", "matched")
    [match] = report.paragraphs[0].matches
    assert (match.start, match.end, match.containment) == (0, 6, 1.0)


def test_a_generation_that_was_left_is_never_written_again(archive: Archive) -> None:
    """A loader that died before it published does not lend its pages or ids to the next."""
    dead = bulk._Gathered(archive.store, archive.store.partitions[0], claimed(archive.store))
    dead.add([document("dead", [1, 2, 3])])
    dead.write_pages()
    assert bulk.load(archive.store, [document("a", [2]), document("b", [4])]) == 2
    assert holders(archive, 1) == holders(archive, 3) == set()
    assert holders(archive, 2) == {"a"}
    assert archive.put(document("dead", [5])) == "created"
