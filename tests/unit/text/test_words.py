"""Words: their offsets in the text as sent, and what matching ignores."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearcopy.errors import InputError
from nearcopy.text.scanning import BATCH_CHARACTERS, Scanned, scan_texts
from tests import naive
from tests.unit.texts import BETWEEN, COMPILED, SPACES, THOROUGH, UNSEEN, texts

cased = st.text(st.characters(categories=["Lu", "Ll", "Lt"]), min_size=1)


def hashes(text: str) -> list[int]:
    return scan_texts([text]).hashes.tolist()


def slices(text: str) -> list[str]:
    scanned = scan_texts([text])
    return [text[a:b] for a, b in zip(scanned.starts, scanned.ends, strict=True)]


def words(scanned: Scanned, text: int) -> list[tuple[int, int, int]]:
    inside = scanned.words_of(text)
    columns = scanned.starts[inside], scanned.ends[inside], scanned.hashes[inside]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def expected(text: str) -> list[tuple[int, int, int]]:
    return [(word.start, word.end, naive.word_hash(word.fold)) for word in naive.words(text)]


@THOROUGH
@given(texts)
def test_the_slice_at_a_words_offsets_folds_to_the_word(text: str) -> None:
    found = words(scan_texts([text]), 0)
    assert found == expected(text)
    assert [naive.word_hash(naive.fold(text[start:end])) for start, end, _ in found] == [h for *_, h in found]
    flat = [place for start, end, _ in found for place in (start, end - 1)]
    assert flat == sorted(flat)


@pytest.mark.skipif(not COMPILED, reason="takes minutes")
def test_every_character_of_unicode_alone_and_among_others() -> None:
    """Assigned ones; in one text, each by itself, after a letter and before a mark."""
    assigned = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cs", "Cn", "Co")]
    text = " ".join(f"{c} a{c} {c}\u0323\u0301" for c in assigned)
    assert words(scan_texts([text]), 0) == expected(text)


@THOROUGH
@given(st.lists(texts, max_size=5))
def test_a_batch_is_its_texts_one_by_one(batch: list[str]) -> None:
    scanned = scan_texts(batch)
    assert [words(scanned, t) for t in range(len(batch))] == [expected(text) for text in batch]


@THOROUGH
@given(texts)
def test_composed_and_decomposed_accents_are_equal(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert hashes(unicodedata.normalize(form, text)) == hashes(text)


@THOROUGH
@given(cased)
def test_case_never_matters(text: str) -> None:
    assert hashes(text) == hashes(text.upper()) == hashes(text.lower()) == hashes(text.casefold())


@pytest.mark.skipif(not COMPILED, reason="takes minutes")
def test_the_case_of_no_letter_matters() -> None:
    letters = [c for c in map(chr, range(0x110000)) if c.upper() != c or c.lower() != c]
    assert len(letters) > 2000
    for other in (str.upper, str.lower, str.title):
        assert hashes(" ".join(letters)) == hashes(" ".join(other(c) for c in letters))


@THOROUGH
@given(texts.map(lambda text: text.replace("\r", "\n")), st.data())
def test_what_nobody_sees_divides_nothing(text: str, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.tuples(st.integers(0, len(text)), st.sampled_from(UNSEEN))))
    seen = text
    for place, unseen in sorted(places, reverse=True):
        seen = seen[:place] + unseen + seen[place:]
    assert hashes(seen) == hashes(text)


@THOROUGH
@given(st.data())
def test_what_stands_between_words_does_not_matter(data: st.DataObject) -> None:
    between = st.lists(st.sampled_from(BETWEEN + SPACES + ["\n", "\r\n"]), min_size=1).map("".join)
    text = "".join(word + data.draw(between) for word in ["Ein", "Übel", "naïve", "Ωμέγα", "שלום", "नमस्ते"])
    assert hashes(text) == hashes("Ein Übel naïve Ωμέγα שלום नमस्ते")


EQUAL = {
    "German sharp s": ("Straße STRASSE STRAẞE", "strasse strasse strasse"),
    "Turkish i, dotted and not": ("İstanbul ISPARTA Iğdır", "istanbul ısparta ığdir"),
    "Lithuanian dots": ("i\u0307\u0300 Ì", "ì ì"),
    "Greek final sigma": ("ΟΔΥΣΣΕΥΣ Ὀδυσσεὺς", "οδυσσευς ὀδυσσεὺσ"),
    "iota subscript": ("ᾠδή", "ὨΙΔΉ"),
    "ligatures": ("ﬁnal eﬀort oﬃce ﬆill Ǆ", "final effort office still dž"),
    "full width": ("ＡＢＣ　１２３", "abc 123"),
    "Hangul syllables and jamo": ("한국어", "한국어"),
    "half-width kana": ("ｶﾞｷﾞ", "ガギ"),
    "Arabic tatweel and forms": ("مـحـمـد ﻻ", "محمد لا"),
    "Arabic marks in either order": ("كَّ", "كَّ"),
    "Hebrew points in either order": ("שּׁ", "שּׁ"),
    "Devanagari nukta and joiners": ("क़ क्‍ष", "क़ क्ष"),
    "quotation marks": ("“don’t” »stop« ‚it‘", "\"don't\" stop it"),
    "dashes": ("well–known—fact − 5", "well-known fact 5"),
    "soft hyphens": ("publi\u00adca\u00adtion", "publication"),
    "zero width": ("\ufeffzero\u200bwidth\u2060joiner", "zerowidthjoiner"),
    "no-break spaces": ("10\u00a0000\u202fm", "10 000 m"),
    "symbols of letters": ("5㎏ №7 Foo™", "5kg No7 foo"),
    "variation selectors": ("葛\U000e0100飾", "葛飾"),
}


@pytest.mark.parametrize(("text", "other"), EQUAL.values(), ids=EQUAL)
def test_read_as_equal(text: str, other: str) -> None:
    assert hashes(text) == hashes(other)
    assert hashes(text)


DIFFERENT = {
    "accents": ("resume", "résumé"),
    "vowel points": ("שלום", "שָׁלוֹם"),
    "digits": ("1", "l"),
    "scripts": ("a", "а"),
    "order": ("ab", "ba"),
}


@pytest.mark.parametrize(("text", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_read_as_different(text: str, other: str) -> None:
    assert hashes(text) != hashes(other)


SLICES = {
    "apostrophes and hyphens divide": ("don't re-use O’Neil", ["don", "t", "re", "use", "O", "Neil"]),
    "a soft hyphen does not": ("co\u00adop, x", ["co\u00adop", "x"]),
    "nor is one a part at the end": ("co\u00ad op", ["co", "op"]),
    "numbers": ("3.14 and 1,000", ["3", "14", "and", "1", "000"]),
    "letters and digits": ("B2B covid19", ["B2B", "covid19"]),
    "Han": ("北京2024年AI", ["北", "京", "2024", "年", "AI"]),
    "Kana": ("カタカナのー", ["カ", "タ", "カ", "ナ", "の", "ー"]),
    "Thai: vowel signs and tones that are marks stay with their letter": ("ที่นำ้", ["ที่", "น", "ำ้"]),
    "Lao": ("ເບິ່ງ", ["ເ", "บິ່".replace("บ", "ບ"), "ງ"]),
    "Khmer: what stands below a coeng is a word of its own": ("ក្រុង", ["ក្", "រុ", "ង"]),
    "Myanmar": ("မြန်မာ", ["မြ", "န်", "မာ"]),
    "Hangul is written with spaces": ("한국 사람", ["한국", "사람"]),
    "symbols are none": ("50 % * ★ 😀 ok", ["50", "ok"]),
}


@pytest.mark.parametrize(("text", "found"), SLICES.values(), ids=SLICES)
def test_where_words_begin_and_end(text: str, found: list[str]) -> None:
    assert slices(text) == found


def test_offsets_are_code_points_of_the_text_as_sent() -> None:
    text = "😀\r\nﬁn\u00adal 👩‍🚀 ﷺ"
    assert [(word.start, word.end) for word in naive.words(text)] == [(3, 8), (13, 14)]
    assert slices(text) == ["ﬁn\u00adal", "ﷺ"]


BEFORE_AND_AFTER = {
    "a dot of its own": ("i", "\u0307 and some more of these words"),
    "a mark": ("e", "\u0301\u0323 and some more of these words"),
    "the unseen at a word's end": ("e\u00ad", " and some more of these words"),
    "the unseen in it": ("e\u00ad", "and some more of these words"),
    "a spaceless character": ("e漢", "and some more of these words"),
    "spaces": ("e", " " * 40 + "\n\n  and some more of these words"),
    "a line break": ("e\r", "\nand some more of these words\r\n\r\nend"),
}


@pytest.mark.parametrize(("before", "after"), BEFORE_AND_AFTER.values(), ids=BEFORE_AND_AFTER)
def test_wherever_a_block_ends(before: str, after: str) -> None:
    """Plain stretches are scanned by blocks: what follows one is read as if there were none."""
    for length in range(40):
        for plain in ("x" * length, "a b, c " * length):
            text = "one more " + plain + before + after
            scanned = scan_texts([text])
            assert words(scanned, 0) == expected(text)
            assert [tuple(row) for row in scanned.spans.tolist()] == naive.paragraphs(text)


def test_marks_without_end() -> None:
    """More marks than are put in order still make one word with exact offsets."""
    assert slices("a" + 500 * "\u0301" + " b") == ["a" + 500 * "\u0301", "b"]


@pytest.mark.parametrize("text", ["", " ", "…!\n—", "😀\u200d", "\ue000\uffff"])
def test_a_text_without_a_word(text: str) -> None:
    scanned = scan_texts([text])
    assert len(scanned.hashes) == len(scanned.spans) == 0


@pytest.mark.skipif(not COMPILED, reason="takes minutes")
@pytest.mark.parametrize("passing", [False, True])
def test_more_than_is_scanned_at_once(passing: bool) -> None:
    long = "a wörd\n\n" * (BATCH_CHARACTERS // 6)
    for many in ["", long, "", "one two\n\nthree", long[: BATCH_CHARACTERS // 2]], ["four five", "six"]:
        scanned = scan_texts(many, passing=passing)
        for place, text in enumerate(many):
            alone = scan_texts([text])
            assert words(scanned, place) == words(alone, 0)
            assert scanned.one(place).spans.tolist() == alone.spans.tolist()
    with pytest.raises(InputError, match="lone surrogate"):
        scan_texts([long, "\ud800"], passing=passing)


def test_no_texts() -> None:
    scanned = scan_texts([])
    assert scanned.text_words.tolist() == scanned.text_spans.tolist() == [0]


def test_a_lone_surrogate_is_named() -> None:
    with pytest.raises(InputError, match="lone surrogate at character 3"):
        scan_texts(["abc\ud800"])
