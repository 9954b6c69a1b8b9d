"""Many submissions checked together: what each is told is what it is told alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from nearcopy.archive import Archive
from nearcopy.check import check_many
from nearcopy.errors import InputError, NoWords
from nearcopy.judge.case import Options
from nearcopy.report import Report
from tests.integration.making import document, paragraph


def told(report: Report | InputError) -> dict[str, Any]:
    """A report but for how long it took."""
    assert isinstance(report, Report), report
    return report.to_dict() | {"took_ms": None}


def mixed(count: int) -> list[tuple[str, Options]]:
    """Texts of one to thirty paragraphs, of which some are stored, and what is asked of each."""
    dice = random.Random(7)
    asked = []
    for _ in range(count):
        numbers = dice.sample(range(120), dice.choice((1, 3, 8, 30)))
        text = "\n\n".join(paragraph(number, dice.choice((5, 12))) for number in numbers)
        options = Options(
            threshold=dice.choice((None, 0.5, 0.9)),
            min_words=dice.choice((4, 8, 12)),
            exclude_documents=[f"d{n}" for n in dice.sample(range(40), dice.choice((0, 0, 20)))],
            exclude_publishers=dice.choice(((), ("P1",), ("P0", "P2"))),
            limit=dice.choice((1, 3, 10)),
            verify=dice.choice((2, 200)),
        )
        asked.append((text, options))
    return asked


@pytest.mark.parametrize("partitions", [1, 3])
def test_reports_are_those_of_single_checks(redis_url: str, collection: str, partitions: int) -> None:
    dice = random.Random(1)
    with Archive.open(redis_url, collection, partitions=partitions) as archive:
        stored = [
            document(f"d{n}", [*dice.sample(range(60), 6), 99], publisher=f"P{n % 3}") for n in range(40)
        ]
        assert set(archive.put_many(stored)) == {"created"}
        asked = mixed(60)
        together = [told(report) for report in check_many(archive.store, asked)]
        alone = [told(check_many(archive.store, [one])[0]) for one in asked]
        assert together == alone
        assert {report["verdict"] for report in together} == {"copy", "partial", "unique"}
        # A repeated text is no source of itself, and one text does not hide another's candidates
        twice = [told(report) for report in check_many(archive.store, asked[:3] * 2)]
        assert twice == alone[:3] * 2


def test_what_is_wrong_with_one_is_told_in_its_place(archive: Archive) -> None:
    archive.put(document("d", [1]))
    asked = [
        ("", Options()), (paragraph(1), Options()), ("!?", Options()), (paragraph(1), Options(threshold=0.1)),
        (paragraph(1), Options(limit=0)), ("a\0b", Options()), (paragraph(2), Options()),
    ]
    found = check_many(archive.store, asked)
    fields = [one.field if isinstance(one, InputError) else one.verdict for one in found]
    assert fields == ["text", "copy", "text", "threshold", "limit", "text", "unique"]
    assert isinstance(found[2], NoWords)
    assert check_many(archive.store, []) == []
