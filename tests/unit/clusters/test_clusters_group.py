"""Clusters hold together, know their original, and are the same however the archive stands."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearcopy.clusters.group import Cluster, group
from nearcopy.clusters.groups import groups_of
from nearcopy.clusters.keep import RULES, Rule, kept_for
from nearcopy.clusters.pairs import Members, Pairs
from tests.unit.clusters.made import LINE, Made, figures, made, members, pairs


def clustered(documents: Sequence[Made]) -> list[Cluster]:
    return group(members(documents), pairs(documents), lambda keys: figures(documents, keys))


def named(documents: Sequence[Made], clusters: Sequence[Cluster]) -> dict[str, list[tuple[str, str]]]:
    return {
        one.id: sorted((documents[n].id, role) for n, role in zip(one.members, one.roles, strict=True))
        for one in clusters
    }


def story(name: str, first: int, copies: int) -> list[Made]:
    """Copies of ten lines, each with a line of its own."""
    return [made(f"{name}{k}", [*range(first, first + 10), 9000 + first + k], f"2026-01-{k + 1:02}")
            for k in range(copies)]


def test_a_roundup_of_two_stories_does_not_join_them() -> None:
    documents = [*story("a", 0, 4), *story("b", 100, 3), made("roundup", [*range(10), *range(100, 110)])]
    found = named(documents, clustered(documents))
    assert sorted([name for name, _ in one] for one in found.values()) == [
        ["a0", "a1", "a2", "a3"], ["b0", "b1", "b2"],
    ]


def test_a_roundup_that_was_reprinted_is_a_cluster_of_its_own() -> None:
    lines = [*range(10), *range(100, 110), *range(200, 210)]
    roundups = [made(f"r{k}", [*lines, 7000 + k]) for k in range(3)]
    documents = [*story("a", 0, 3), *story("b", 100, 3), *story("c", 200, 1), *roundups]
    found = sorted([name for name, _ in one] for one in named(documents, clustered(documents)).values())
    assert found == [["a0", "a1", "a2"], ["b0", "b1", "b2"], ["c0", "r0", "r1", "r2"]]


def test_a_pair_alone_is_a_cluster_however_weak() -> None:
    documents = [made("whole", range(10), "2026-01-01"), made("part", range(2), "2026-01-02")]
    [one] = clustered(documents)
    assert one.roles == ("original", "part")
    assert (one.least, one.median, one.days) == (1.0, 1.0, 1)
    np.testing.assert_allclose(one.of_lead, [1, 0.2])


def test_roles_say_what_a_member_is_to_the_original() -> None:
    base = [*range(20)]
    documents = [
        made("original", base, "2026-01-01T08:00:00Z", "agency"),
        made("copy", [*base, 100], "2026-01-02", "one"),
        made("part", base[:15], "2026-01-05", "two"),
        made("whole", [*base, *range(200, 207)], "2026-01-09", "one"),
        made("version", [*base[:15], *range(300, 304)], None),
    ]
    [one] = clustered(documents)
    assert {documents[n].id: role for n, role in zip(one.members, one.roles, strict=True)} == {
        name: name if name not in ("original", "version") else "candidate"
        for name in ("original", "copy", "part", "whole", "version")
    }
    assert one.original is None
    assert (one.publishers, one.first, one.last, one.days) == (3, "2026-01-01T08:00:00Z", "2026-01-09", 8)
    dated = [one if one.id != "version" else made("version", one.lines, "2026-02-01") for one in documents]
    [again] = clustered(dated)
    assert {role: documents[n].id for n, role in zip(again.members, again.roles, strict=True)} == {
        name: name for name in ("original", "copy", "part", "whole", "version")
    }
    assert again.original == 0
    assert again.least == pytest.approx(20 / 27)


def test_two_of_one_day_are_candidates_and_an_earlier_minute_is_not() -> None:
    lines = range(10)
    tied = [made("x", lines, "2026-01-01"), made("y", lines, "2026-01-01"), made("z", lines, "2026-01-02")]
    [one] = clustered(tied)
    assert sorted(one.roles) == ["candidate", "candidate", "copy"]
    [one] = clustered([*tied, made("minute", lines, "2026-01-01T10:00:00Z")])
    assert one.original == 3


def test_an_older_credit_of_one_that_holds_the_earliest_counts() -> None:
    lines = range(10)
    documents = [
        made("reprint", lines, "2026-01-02"), made("own", [*lines, 50], "2026-01-05"),
        made("scrap", range(5), "2026-01-07"),
    ]
    table, found = members(documents), pairs(documents, 0.4)

    def original(*credits: str | None) -> int | None:
        [one] = group(replace(table, credits=credits), found, lambda keys: figures(documents, keys))
        return one.original

    assert original() == original(None, None, None) == original(None, "2026-01-02", None) == 0
    assert original(None, "2025-12-30", None) == 1
    assert original("2025-12-30", "2025-12-30", None) == 0
    assert original("2025-12-30", "2025-12-29", None) == 1
    # It does not hold the earliest
    assert original(None, None, "2025-12-30") == 0


lines = st.lists(st.integers(0, 14), min_size=1, max_size=10)
dates = st.one_of(st.none(), st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-01T09:00:00Z"]))
archives = st.lists(st.tuples(lines, dates), min_size=1, max_size=14).map(
    lambda rows: [made(f"d{k}", *row) for k, row in enumerate(rows)]
)


@settings(max_examples=150, deadline=None)
@given(archives, st.randoms(use_true_random=False), st.booleans())
def test_clusters_are_the_same_in_any_order_and_with_a_document_far_away(
    documents: list[Made], order: random.Random, more: bool
) -> None:
    other = [*documents, made("far", [99])] if more else list(documents)
    order.shuffle(other)
    assert named(other, clustered(other)) == named(documents, clustered(documents))


@settings(max_examples=150, deadline=None)
@given(archives, st.sampled_from(RULES))
def test_of_each_cluster_one_stays_and_all_that_is_in_none(documents: list[Made], rule: Rule) -> None:
    table, clusters = members(documents), clustered(documents)
    kept = kept_for(table, clusters, rule)
    for cluster in clusters:
        [one] = set(kept[cluster.members].tolist())
        assert one in cluster.members
        if rule == "first":
            assert one == min(cluster.members)
        elif rule == "longest":
            assert table.words[one] == table.words[cluster.members].max()
        elif cluster.original is not None:
            assert one == cluster.original
        assert kept[one] == one
    rest = np.setdiff1d(np.arange(len(documents)), [n for one in clusters for n in one.members])
    assert kept[rest].tolist() == rest.tolist()


def graph(n: int, a: Sequence[int], b: Sequence[int], alike: float) -> tuple[Members, Pairs]:
    shares = np.full(len(a), alike)
    made_of = np.random.default_rng(1).integers(0, 256, (n, 16), dtype=np.uint8)
    none = [None] * n
    ends = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    return (
        Members([str(k) for k in range(n)], none, none, none, np.full(n, LINE), made_of),
        Pairs(*ends, np.full(len(a), LINE), shares, shares, shares),
    )


@pytest.mark.parametrize("alike", [0.7, 0.95])
def test_a_hundred_thousand_members_in_a_star_or_a_chain_work(alike: float) -> None:
    n = 100_000
    for a in (np.zeros(n - 1), np.arange(n - 1)):
        found = groups_of(*graph(n, a, np.arange(1, n), alike))
        if alike > 0.9:
            assert np.all(found == 0)
        else:
            # What resembles only a middle, or its neighbours, is no story
            assert np.bincount(found + 1)[1:].max() <= 3


def test_a_crowd_of_copies_of_which_only_some_were_compared_stays_together() -> None:
    n, near = 50_000, 8
    a = np.repeat(np.arange(n - near), near)
    assert np.all(groups_of(*graph(n, a, a + np.tile(np.arange(1, near + 1), n - near), 0.97)) == 0)
