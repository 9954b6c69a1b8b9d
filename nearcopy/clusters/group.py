"""Clusters: groups of documents that hold together, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from nearcopy.clusters.groups import HELD, NONE, groups_of, ranks
from nearcopy.clusters.originals import Origin, earliest, origin
from nearcopy.clusters.pairs import Ints, Members, Pairs, Shares
from nearcopy.document import instant

ID_BYTES = 8

Compare = Callable[[Ints], Pairs]
"""The figures of all pairs of these keys (lesser number << 32 | greater one, rising), whatever they are."""

ROLES = ("original", "candidate", "copy", "part", "whole", "version")
"""What a member is to the cluster's original:

- ``original``: it was first; ``candidate``: it may have been, and so may others
- ``copy``: each holds `HELD` of the other or more
- ``part``: it lies in the original, which holds more
- ``whole``: the original lies in it, and it holds more
- ``version``: neither lies in the other
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Documents that hold together.

    ``members`` int64[m], by date: their numbers, with the ``roles`` of each. ``lead``: the original; where it
    is not known, the longest of the candidates. ``in_lead`` and ``of_lead`` float64[m]: the share of each
    one's words that lies in the lead, and of the lead's that lies in it. ``first`` and ``last``: the earliest
    and the latest date, if any. ``publishers``: how many there are.
    """

    id: str
    members: Ints
    roles: tuple[str, ...]
    lead: int
    in_lead: Shares
    of_lead: Shares
    publishers: int
    first: str | None
    last: str | None
    days: int | None

    @property
    def original(self) -> int | None:
        """The number of the original, if it is known."""
        return self.lead if "original" in self.roles else None

    @property
    def candidates(self) -> list[int]:
        """The numbers of those that may be the original, where it is not known."""
        both = zip(self.members.tolist(), self.roles, strict=True)
        return [one for one, role in both if role == "candidate"]

    @property
    def least(self) -> float:
        """The least share of a member that lies in the lead."""
        return float(self.in_lead.min())

    @property
    def median(self) -> float:
        """The median of these shares, the lead's own left out."""
        return float(np.median(self.in_lead[self.members != self.lead]))


def cluster_id(digests: NDArray[np.uint8]) -> str:
    """The id of a cluster of documents of these digests, uint8[m, 12]: of the least one, so that it stays
    while others come and go."""
    size, told = digests.shape[1], digests.tobytes()
    return min(told[at : at + size] for at in range(0, len(told), size))[:ID_BYTES].hex()


def group(members: Members, pairs: Pairs, compare: Compare) -> list[Cluster]:
    """All clusters, in the order of their least digests. ``compare`` is asked for members that are no pair
    with their lead, all at once."""
    groups = groups_of(members, pairs)
    inside = np.flatnonzero(groups != NONE)
    order = inside[np.lexsort((ranks(members)[inside], groups[inside]))]
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1) if len(order) else []
    return described(members, parts, pairs, compare)


def described(
    members: Members, parts: Sequence[Ints], pairs: Pairs, compare: Compare
) -> list[Cluster]:
    """What is said of groups that are known: the numbers of two documents or more each."""
    if not parts:
        return []
    known = _Known(pairs)
    known.add([_credited(members, part) for part in parts] if any(members.credits) else [], compare)
    begun = [_begun(members, part, known) for part in parts]
    every, sizes = np.concatenate(parts), [len(part) for part in parts]
    leads = np.repeat(np.array([lead for _, lead in begun], dtype=np.int64), sizes)
    known.add([_keys(every, leads)[every != leads]], compare)
    of_each = [np.split(shares, np.cumsum(sizes)[:-1]) for shares in known.shares(every, leads)]
    return [_cluster(members, *one) for one in zip(parts, begun, *of_each, strict=True)]


class _Known:
    """The figures of pairs by their keys."""

    def __init__(self, pairs: Pairs) -> None:
        self.keys = pairs.a << 32 | pairs.b
        self.a_in_b, self.b_in_a = pairs.a_in_b, pairs.b_in_a

    def add(self, keys: Sequence[Ints], compare: Compare) -> None:
        """Have those that are missing compared."""
        missing = np.setdiff1d(np.concatenate([self.keys[:0], *keys]), self.keys)
        if len(missing):
            found = compare(missing)
            every = np.concatenate([self.keys, missing])
            order = np.argsort(every)
            self.keys = every[order]
            self.a_in_b = np.concatenate([self.a_in_b, found.a_in_b])[order]
            self.b_in_a = np.concatenate([self.b_in_a, found.b_in_a])[order]

    def shares(self, numbers: Ints, leads: Ints) -> tuple[Shares, Shares]:
        """How much of each document lies in its lead, and of the lead in it; 0 where it is not known."""
        keys = _keys(numbers, leads)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found = self.keys[places] == keys
        a, b = np.where(found, self.a_in_b[places], 0.0), np.where(found, self.b_in_a[places], 0.0)
        mine = numbers < leads
        itself = numbers == leads
        return np.where(itself, 1.0, np.where(mine, a, b)), np.where(itself, 1.0, np.where(mine, b, a))


def _keys(numbers: Ints, leads: Ints) -> Ints:
    return np.minimum(numbers, leads) << 32 | np.maximum(numbers, leads)


def _credited(members: Members, part: Ints) -> Ints:
    """The keys of members that credit themselves with the first one of the earliest date."""
    numbers = part.tolist()
    dates = [members.published_at[one] for one in numbers]
    first = earliest([None if date is None else instant(date) for date in dates])[:1]
    own = part[[members.credits[one] is not None for one in numbers]]
    return np.concatenate([part[:0], *(_keys(own[own != part[place]], part[place]) for place in first)])


def _begun(members: Members, part: Ints, known: _Known) -> tuple[Origin, int]:
    """Where a cluster began, and its lead."""
    def holds(one: int, other: int) -> bool:
        return bool(known.shares(part[other : other + 1], part[one : one + 1])[0][0] >= HELD)

    numbers = part.tolist()
    credits = [members.credits[one] if members.credits else None for one in numbers]
    found = origin([members.published_at[one] for one in numbers], credits, holds)
    candidates = part[list(found.candidates)]
    return found, int(candidates[np.argmax(members.words[candidates])])


def _cluster(
    members: Members, part: Ints, begun: tuple[Origin, int], in_lead: Shares, of_lead: Shares
) -> Cluster:
    found, lead = begun
    places = sorted(range(len(part)), key=lambda place: (*_time(found.when[place]), place))
    order = np.array(places)
    numbers, in_lead, of_lead = part[order], in_lead[order], of_lead[order]
    dated = [one for one in places if found.when[one] is not None]
    candidates = {int(part[place]) for place in found.candidates}
    named = "original" if found.known else "candidate"
    return Cluster(
        id=cluster_id(members.digests[part]),
        members=numbers,
        roles=tuple(
            named if one in candidates else _role(*shares)
            for one, *shares in zip(numbers.tolist(), in_lead.tolist(), of_lead.tolist(), strict=True)
        ),
        lead=lead, in_lead=in_lead, of_lead=of_lead,
        publishers=len({name for one in part.tolist() if (name := members.publishers[one]) is not None}),
        first=members.published_at[int(part[dated[0]])] if dated else None,
        last=members.published_at[int(part[dated[-1]])] if dated else None,
        days=_days(found.when[dated[0]], found.when[dated[-1]]) if dated else None,
    )


def _days(first: datetime | None, last: datetime | None) -> int | None:
    return (last.date() - first.date()).days if first is not None and last is not None else None


def _time(when: datetime | None) -> tuple[bool, datetime]:
    """By date, those without one last."""
    return when is None, when or datetime.max


def _role(in_lead: float, of_lead: float) -> str:
    if in_lead >= HELD:
        return "copy" if of_lead >= HELD else "part"
    return "whole" if of_lead >= HELD else "version"
