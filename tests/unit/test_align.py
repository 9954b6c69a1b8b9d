"""Alignment: what the passages cover, how runs join, and that no text makes it slow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nearcopy import align
from nearcopy.text.scanning import Scanned, scan_texts
from tests import naive
from tests.unit.texts import COMPILED, THOROUGH

Words = list[str]


def some_words(letters: str, most: int = 60) -> st.SearchStrategy[Words]:
    return st.lists(st.sampled_from(letters), max_size=most)


repeating = st.one_of(
    some_words("ab"), some_words("abcd"), some_words("abcdefghijklmnop"),
    st.tuples(some_words("abc", 5), st.integers(0, 12)).map(lambda pair: pair[0] * pair[1]),
)
"""Texts over few words: the same runs stand in many places, and the greedy way is taken as well."""


@st.composite
def copies(draw: st.DrawFn) -> tuple[Words, Words]:
    """A text and a copy of it, cut, moved and edited."""
    text = draw(st.lists(st.sampled_from([f"w{k}" for k in range(40)]), min_size=1, max_size=60))
    copy: Words = []
    for _ in range(draw(st.integers(1, 4))):
        first, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        copy += [word if draw(st.integers(0, 9)) else "edit" for word in text[first:end]]
        copy += draw(st.lists(st.sampled_from(["new", "words", "w1"]), max_size=3))
    return text, copy


pairs = st.one_of(st.tuples(repeating, repeating), copies())


def scanned(*texts: Words) -> Scanned:
    return scan_texts([" ".join(words) for words in texts])


def aligned(a: Words, *others: Words, least: int = 8) -> align.Aligned:
    return align.align(scanned(a), 0, scanned(*others), least)


@THOROUGH
@given(pairs, st.integers(1, 10))
@example((["a"] * 60, ["a"] * 60), 8)
@example((["a", "b"] * 40, ["b", "a"] * 30), 5)
def test_passages_cover_every_common_run_in_both_texts(pair: tuple[Words, Words], least: int) -> None:
    a, b = pair
    result = aligned(a, b, least=least)
    of_a, of_b = naive.shared_words(a, b, least)
    assert of_a <= set(np.flatnonzero(result.covered[0]).tolist())
    told = result.told(0)
    assert of_a <= {word for first, end, *_ in told for word in range(first, end)}
    assert of_b <= {word for _, _, first, end, _ in told for word in range(first, end)}
    for rows in (told, result.rows[:, 1:].tolist()):
        covered = {word for first, end, *_ in rows for word in range(first, end)}
        covered_b = {word for _, _, first, end, _ in rows for word in range(first, end)}
        assert covered == set(np.flatnonzero(result.covered[0]).tolist())
        assert len(covered_b) == result.contained[0]


@THOROUGH
@given(pairs, st.integers(1, 10))
def test_the_equal_words_of_a_passage(pair: tuple[Words, Words], least: int) -> None:
    """Enough to be told of, and no more than both sides have in one order."""
    a, b = pair
    for _, first, end, first_b, end_b, equal in aligned(a, b, least=least).rows.tolist():
        side, side_b = a[first:end], b[first_b:end_b]
        assert side[0] == side_b[0]
        assert side[-1] == side_b[-1]
        assert least <= equal <= naive.equal_words(side, side_b)


@THOROUGH
@given(st.lists(pairs, min_size=1, max_size=4), st.integers(1, 10))
def test_many_texts_at_once_are_each_alone(batch: list[tuple[Words, Words]], least: int) -> None:
    a, others = batch[0][0], [b for _, b in batch]
    together = aligned(a, *others, least=least)
    for t, b in enumerate(others):
        alone = aligned(a, b, least=least)
        rows = together.rows[together.bounds[t] : together.bounds[t + 1]]
        assert set(rows[:, 0].tolist()) <= {t}
        assert np.array_equal(rows[:, 1:], alone.rows[:, 1:])
        assert np.array_equal(together.covered[t], alone.covered[0])
        assert together.contained[t] == alone.contained[0]


def numbered(name: str, count: int) -> Words:
    return [f"{name}{k}" for k in range(count)]


@pytest.mark.parametrize("gap", range(1, align.GAP + 1))
@pytest.mark.parametrize(("out", "in_"), [(1, 1), (1, 0), (0, 1)], ids=["changed", "left out", "put in"])
@pytest.mark.parametrize(("one", "two"), [(8, 8), (4, 4), (30, 4), (4, 30)])
def test_runs_apart_by_a_small_edit_are_one_passage(one: int, two: int, gap: int, out: int, in_: int) -> None:
    before, after = numbered("b", one), numbered("a", two)
    a = [*numbered("x", 5), *before, *numbered("old", gap * out), *after, *numbered("y", 5)]
    b = [*before, *numbered("new", gap * in_), *after, *numbered("z", 30)]
    assert aligned(a, b).told(0) == [[5, 5 + one + gap * out + two, 0, one + gap * in_ + two, one + two]]


@pytest.mark.parametrize(("out", "in_"), [(9, 9), (9, 0), (0, 9)])
def test_runs_further_apart_are_two(out: int, in_: int) -> None:
    before, after = numbered("b", 8), numbered("a", 8)
    told = aligned([*before, *numbered("old", out), *after], [*before, *numbered("new", in_), *after]).told(0)
    assert told == [[0, 8, 0, 8, 8], [8 + out, 16 + out, 8 + in_, 16 + in_, 8]]


def test_short_runs_that_go_on_from_each_other_are_a_passage() -> None:
    """Every fifth word changed: no run has eight words, and the sentence is copied all the same."""
    a = numbered("w", 40)
    b = [word if k % 5 else "edit" for k, word in enumerate(a)]
    assert aligned(a, b).told(0) == [[1, 40, 1, 40, 32]]


def test_a_run_below_the_least_is_no_passage() -> None:
    assert aligned(numbered("w", 7), numbered("w", 7)).told(0) == []
    assert aligned(numbered("w", 8), numbered("w", 8)).told(0) == [[0, 8, 0, 8, 8]]
    assert aligned(numbered("w", 3), numbered("w", 3), least=3).told(0) == [[0, 3, 0, 3, 3]]


def test_paragraphs_in_another_order() -> None:
    one, two = numbered("one", 20), numbered("two", 30)
    assert aligned([*one, *two], [*two, *one]).told(0) == [[0, 20, 30, 50, 20], [20, 50, 0, 30, 30]]


def test_a_run_that_stands_twice_is_told_at_every_place() -> None:
    run, between = numbered("w", 12), numbered("x", 20)
    once, twice = run, [*run, *between, *run]
    assert aligned(twice, once).told(0) == [[0, 12, 0, 12, 12], [32, 44, 0, 12, 12]]
    assert aligned(once, twice).told(0) == [[0, 12, 0, 12, 12], [0, 12, 32, 44, 12]]


def test_offsets_are_code_points_of_both_texts() -> None:
    a = "😀 Intro.\r\n\r\n“The ﬁrst of\u00a0eight words, copied here verbatim” – so they say."
    b = "THE FIRST of eight words copied here verba\u00adtim"
    one, two = scan_texts([a]), scan_texts(["another text", b])
    (passage,) = align.passages(align.align(one, 0, two, 8), one, 0, two, 1)
    assert a[passage.start : passage.end] == "The ﬁrst of\u00a0eight words, copied here verbatim"
    assert b[passage.source_start : passage.source_end] == b
    assert (passage.words, passage.similarity) == (8, 1.0)


@pytest.mark.parametrize(
    ("there", "equal"), [("x p y", 1), ("p q r", 3), ("q", 1), ("x y z", 0), ("r q p", 1)]
)
def test_what_an_edit_leaves_alone_is_equal_too(there: str, equal: int) -> None:
    """Inside a passage short runs count, in their order; but they are in no run that stands word for word."""
    a = [*numbered("a", 8), "p", "q", "r", *numbered("b", 8)]
    b = [*numbered("a", 8), *there.split(), *numbered("b", 8)]
    result = aligned(a, b)
    assert result.rows[:, 1:].tolist() == [[0, 19, 0, 16 + len(there.split()), 16 + equal]]
    assert int(result.same[0].sum()) == (19 if equal == 3 else 16)


@THOROUGH
@given(pairs, st.integers(4, 10))
def test_what_is_the_same_word_for_word(pair: tuple[Words, Words], least: int) -> None:
    """Every run of the least length, and nothing outside of runs of four or of passages."""
    a, b = pair
    result = aligned(a, b, least=least)
    same = set(np.flatnonzero(result.same[0]).tolist())
    assert naive.shared_words(a, b, least)[0] <= same <= naive.shared_words(a, b, align.SEED)[0]
    assert same <= set(np.flatnonzero(result.covered[0]).tolist())


def test_similarity_is_of_the_longer_side() -> None:
    words = numbered("w", 20)
    one, two = scanned(words), scanned([*words[:10], "and", "more", *words[10:18]])
    (passage,) = align.passages(align.align(one, 0, two, 8), one, 0, two, 0)
    assert (passage.words, passage.similarity) == (18, 18 / 20)


def test_no_text_no_words() -> None:
    assert aligned(["a"] * 9).covered.shape == (0, 9)
    assert aligned(["…"], ["a"] * 9).rows.tolist() == []
    assert aligned(numbered("w", 9), ["…"], numbered("w", 9)).bounds.tolist() == [0, 0, 1]


LONG = 200_000
PERIODIC = {
    "one word": (["a"] * LONG, ["a"] * LONG),
    "one word, and others between": (["a"] * LONG, (["a"] * 20 + ["b"]) * (LONG // 21)),
    "two words": (["a", "b"] * (LONG // 2), ["b", "a"] * (LONG // 2)),
    "a sentence": (numbered("w", 12) * (LONG // 12), numbered("w", 12) * (LONG // 12)),
    "a sentence with numbers": (
        [word for k in range(LONG // 10) for word in [*numbered("w", 9), f"a{k}"]],
        [word for k in range(LONG // 10) for word in [*numbered("w", 9), f"b{k}"]],
    ),
}


@pytest.mark.skipif(not COMPILED, reason="long")
@pytest.mark.parametrize("name", PERIODIC)
def test_texts_that_repeat_themselves_end(name: str) -> None:
    """Followed pair by pair, these are 4 * 10**10 steps: minutes. All is covered all the same."""
    a, b = PERIODIC[name]
    result = aligned(a, b)
    assert result.covered[0].sum() >= 0.9 * len(a)
    assert result.contained[0] >= 0.9 * len(b)
    assert len(result.told(0)) <= (len(a) + len(b)) / 8


def test_runs_that_overlap_among_crowds() -> None:
    """The text goes on from one run to another that begins within it; both are followed."""
    crowd, run = ["a"] * 300, numbered("w", 16)
    a, b = [*crowd, *run[:10], "x", *run[6:], "y"], [*crowd, *run[6:], "z", *run]
    for one, two in ((a, b), (b, a)):
        result = aligned(one, two)
        of_one, of_two = naive.shared_words(one, two, 8)
        assert of_one <= set(np.flatnonzero(result.covered[0]).tolist())
        assert result.contained[0] >= len(of_two)


@pytest.mark.skipif(not COMPILED, reason="long")
def test_a_phrase_in_crowds_does_not_hide_edits() -> None:
    """Five words that stand 200 times in both texts leave the rest aligned as finely as ever."""
    phrase = ["in", "accordance", "with", "the", "article"]
    a = [word for k in range(200) for word in [*phrase, *numbered(f"x{k}y", 20)]][:4998]
    b = [word if place % 7 else "edit" for place, word in enumerate(a)]
    assert aligned(a, b).told(0) == [[1, len(a), 1, len(b), len(a) - len(range(0, len(a), 7))]]


def same(differ: np.ndarray, words: list[int]) -> list[int]:
    return [word for word, other in zip(words, differ.tolist(), strict=True) if not other]


def numbers(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.uint64)


@given(st.lists(st.integers(0, 4), max_size=40), st.lists(st.integers(0, 4), max_size=40))
@example([1, 2, 3, 4, 5, 6], [9, 9, 1, 2, 3, 4, 5, 6])
@example([], [1])
def test_without_what_differs_both_texts_are_the_same(a: list[int], b: list[int]) -> None:
    mine, its = align.differences(numbers(a), numbers(b))
    assert same(mine, a) == same(its, b)


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[int], list[int], int]:
    """A passage: runs of 4 to 9 words, after each of which either text has up to 7 others, or one that both
    have among them; and how many words are equal."""
    a: list[int] = []
    b: list[int] = []
    equal = 0
    for run in range(draw(st.integers(1, 6))):
        shared = [100 * (run + 1) + word for word in range(draw(st.integers(4, 9)))]
        kept = draw(st.lists(st.just(1000 + run), max_size=1))
        for words, others in ((a, st.integers(1, 20)), (b, st.integers(21, 40))):
            before, after = draw(st.lists(others, max_size=4)), draw(st.lists(others, max_size=3))
            words += shared + before + kept + after
        equal += len(shared + kept)
    return a, b, equal


@given(edited())
def test_what_differs_is_what_was_edited(texts: tuple[list[int], list[int], int]) -> None:
    a, b, equal = texts
    mine, its = align.differences(numbers(a), numbers(b))
    assert same(mine, a) == same(its, b) == [word for word in a if word >= 100]
    assert len(same(mine, a)) == equal


@pytest.mark.skipif(not COMPILED, reason="too long for what is not compiled")
def test_a_passage_full_of_long_edits_is_walked_through() -> None:
    a = [word for run in range(40_000) for word in (run, run + 1, run + 2, run + 3, *[1 << 40] * 8)]
    b = [word for run in range(40_000) for word in (run, run + 1, run + 2, run + 3, *[1 << 41] * 8)]
    mine, its = align.differences(numbers(a), numbers(b))
    assert (int(mine.sum()), int(its.sum())) == (320_000, 320_000)
