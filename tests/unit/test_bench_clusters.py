"""The arithmetic of the benchmark of clusters."""

from __future__ import annotations

from bench.clusters import components, pairwise_f1, quality, shifted


def test_f1_counts_pairs() -> None:
    assert pairwise_f1([("a", 1), ("a", 1), ("b", 2)]) == 1
    # Three pairs in truth, one found, and that is one of them: precision 1, recall 1/3
    assert pairwise_f1([("a", 1), ("a", 1), ("a", 2)]) == 0.5


def test_recall_over_components_weighs_each_alike() -> None:
    family = {(a, b) for a in range(10) for b in range(a + 1, 10)}
    sought = family | {(20, 21)}
    precision, recall, macro = quality("x", family | {(30, 31)}, sought, promised=True)
    assert (precision.value, recall.value, macro.value) == (45 / 46, 45 / 46, 0.5)
    assert (precision.met, recall.met, macro.met) == (False, False, False)
    assert len(set(components(sought).values())) == 2


def test_another_alphabet_is_as_long_and_shares_no_word() -> None:
    text = "The council voted on Tuesday"
    turned = text.translate(shifted(3))
    assert len(turned) == len(text)
    assert not set(turned.lower().split()) & set(text.lower().split())
