"""The sample archive holds what its readers are told; an integration test asks the engine about it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from importlib.resources import files

from nearcopy import samples
from nearcopy.document import Document, instant
from nearcopy.text.scanning import scan_texts

DOCUMENTS = list(samples.archive())

COMMON_WORDS = {
    "en": {"the", "of", "and", "to", "was", "that", "with", "it"},
    "de": {"der", "die", "das", "und", "ist", "nicht", "von", "ein"},
}


def families(*roles: str) -> dict[str, list[Document]]:
    """The members of each family that play one of the roles."""
    members = defaultdict(list)
    for document in DOCUMENTS:
        if document.fields.get("role") in roles and "family" in document.fields:
            members[document.fields["family"]].append(document)
    return members


def words(text: str) -> list[str]:
    scanned = scan_texts([text])
    return [text[a:b].casefold() for a, b in zip(scanned.starts.tolist(), scanned.ends.tolist(), strict=True)]


def stories_under_each_paragraph() -> dict[str, set[str]]:
    stories = defaultdict(set)
    for document in DOCUMENTS:
        for start, end, first, last in scan_texts([document.text]).spans.tolist():
            if last - first >= 8:
                stories[document.text[start:end]].add(document.fields.get("family", document.id))
    return stories


def test_there_are_enough_items_in_both_languages() -> None:
    languages = Counter(document.fields["lang"] for document in DOCUMENTS)
    assert len(DOCUMENTS) >= 220
    assert languages["de"] >= 50
    assert languages["en"] >= 150
    assert languages.total() == languages["en"] + languages["de"]


def test_it_stays_small_enough_to_ship() -> None:
    assert 250_000 <= len(files(samples).joinpath("archive.jsonl").read_bytes()) <= 500_000


def test_items_are_in_the_language_they_name() -> None:
    for document in DOCUMENTS:
        counts = Counter(words(document.text))
        shares = {language: sum(counts[w] for w in common) for language, common in COMMON_WORDS.items()}
        assert max(shares, key=shares.__getitem__) == document.fields["lang"], document.id


def test_ids_are_unique_and_items_are_short() -> None:
    assert len({document.id for document in DOCUMENTS}) == len(DOCUMENTS)
    assert len({document.text for document in DOCUMENTS}) == len(DOCUMENTS)
    lengths = [len(words(document.text)) for document in DOCUMENTS]
    assert min(lengths) >= 50
    assert max(lengths) <= 400


def test_every_line_survives_being_read_and_written() -> None:
    for line in files(samples).joinpath("archive.jsonl").read_text("utf-8").splitlines():
        assert Document.checked(json.loads(line)).to_dict() == json.loads(line)


def test_outlets_are_invented_and_dates_plausible() -> None:
    for document in DOCUMENTS:
        assert (document.url is None) == (document.publisher is None)
        assert document.url is None or ".example/" in document.url
        assert document.published_at is None or "2018" <= document.published_at[:4] <= "2026"
        assert document.fields.get("role") != "agency" or "T" in (document.published_at or "")


def test_some_items_lack_a_date_or_a_publisher() -> None:
    assert sum(document.published_at is None for document in DOCUMENTS) >= 4
    assert sum(document.publisher is None for document in DOCUMENTS) >= 4


def test_agency_texts_have_three_reprints_or_more_and_one_has_forty_outlets() -> None:
    roots, reprints = families("agency"), families("reprint")
    assert len(roots) >= 10
    assert {len(members) for members in roots.values()} == {1}
    assert reprints.keys() == roots.keys()
    sizes = Counter({family: len({d.publisher for d in members}) for family, members in reprints.items()})
    (largest, outlets), *others = sizes.most_common()
    assert (largest, outlets >= 40) == ("ferry", True)
    assert all(3 <= size <= 10 for _, size in others)


def test_nothing_appears_before_the_text_it_was_made_from() -> None:
    roots = families("agency", "original")
    for family, members in families("reprint", "update").items():
        (root,) = roots[family]
        for member in members:
            if member.published_at is not None:
                assert instant(member.published_at) > instant(root.published_at or ""), member.id


def test_updates_are_the_outlets_own() -> None:
    originals, updates = families("original"), families("update")
    assert len(updates) >= 5
    for family, members in updates.items():
        assert {member.publisher for member in members} == {originals[family][0].publisher}


def test_events_are_told_in_other_words_at_least_six_times() -> None:
    tellers = defaultdict(set)
    for document in DOCUMENTS:
        if document.fields.get("role") == "near-miss":
            tellers[document.fields["event"]].add(document.publisher)
        elif document.fields.get("role") == "agency":
            tellers[document.fields["family"]].add(document.publisher)
    told_twice = [event for event, publishers in tellers.items() if len(publishers) >= 2]
    assert len(told_twice) >= 6


def test_boilerplate_stands_under_twenty_different_stories_and_nothing_else_does() -> None:
    stories = stories_under_each_paragraph()
    boilerplate = [text for text, under in stories.items() if len(under) >= 20]
    assert len([text for text in boilerplate if text.isascii()]) >= 3
    assert len([text for text in boilerplate if "Verlag" in text or "Probeabo" in text]) == 2
    assert max(len(under) for text, under in stories.items() if text not in boilerplate) <= 3


def test_the_submission_is_a_short_report() -> None:
    assert 350 <= len(words(samples.submission())) <= 600
