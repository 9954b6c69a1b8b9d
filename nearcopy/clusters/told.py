"""Clusters as they are answered and stored: plain data, documents by their ids."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import orjson
import zstandard

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.pairs import Members
from nearcopy.document import instant

Role = Literal["original", "candidate", "copy", "part", "whole", "version"]

CANDIDATES = 10
"""Named of those that may be a cluster's original: of undated ones all may."""

LEVEL = 3
"""Of zstd."""

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a cluster. ``role``: it is the ``original``, or a ``candidate`` for it; else what it is
    to that: a ``copy`` (each holds 0.8 of the other), a ``part`` of it, a ``whole`` that holds it and more,
    or another ``version``. ``in_original``: the share of its words that lie in the original;
    ``of_original``: of the original's that lie in it. Where the original is not known, of the longest of its
    candidates."""

    document: str
    title: str | None
    publisher: str | None
    published_at: str | None
    words: int
    role: Role
    in_original: float
    of_original: float


@dataclass(frozen=True, slots=True)
class Head:
    """A cluster: how many documents of how many publishers, from when to when. ``original`` is null where it
    is not known, and the first of the ``candidates`` are named. ``least_containment`` and
    ``median_containment`` say how tight it is: of the shares of the other documents' words that lie in the
    original."""

    cluster: str
    title: str | None
    documents: int
    publishers: int
    first: str | None
    last: str | None
    days: int | None
    original: str | None
    candidates: tuple[str, ...]
    least_containment: float
    median_containment: float


@dataclass(frozen=True, slots=True)
class Told(Head):
    """A cluster with its members, by date."""

    members: tuple[Member, ...]

    def without(self, gone: Collection[str]) -> Told | None:
        """The same cluster without some documents, None where fewer than two are left. Where its original has
        gone it is not known any more."""
        left = tuple(one for one in self.members if one.document not in gone)
        if len(left) < 2:
            return None
        dates = [one.published_at for one in left if one.published_at is not None]
        first, last = (dates[0], dates[-1]) if dates else (None, None)
        return replace(
            self,
            members=left,
            documents=len(left),
            publishers=len({one.publisher for one in left} - {None}),
            first=first,
            last=last,
            days=(instant(last).date() - instant(first).date()).days if first and last else None,
            original=None if self.original in gone else self.original,
            candidates=tuple(one for one in self.candidates if one not in gone),
        )


def head(members: Members, cluster: Cluster) -> Head:
    """A cluster without its members."""
    original = cluster.original
    return Head(
        cluster=cluster.id,
        title=members.titles[cluster.lead],
        documents=len(cluster.members),
        publishers=cluster.publishers,
        first=cluster.first,
        last=cluster.last,
        days=cluster.days,
        original=None if original is None else members.ids[original],
        candidates=tuple(members.ids[one] for one in cluster.candidates[:CANDIDATES]),
        least_containment=round(cluster.least, DIGITS),
        median_containment=round(cluster.median, DIGITS),
    )


def told(members: Members, cluster: Cluster) -> Told:
    """A cluster with its members."""
    return Told(**_fields(head(members, cluster)), members=tuple(
        Member(
            document=members.ids[number],
            title=members.titles[number],
            publisher=members.publishers[number],
            published_at=members.published_at[number],
            words=int(members.words[number]),
            role=role,  # type: ignore[arg-type]
            in_original=round(in_lead, DIGITS),
            of_original=round(of_lead, DIGITS),
        )
        for number, role, in_lead, of_lead in zip(
            cluster.members.tolist(), cluster.roles, cluster.in_lead.tolist(), cluster.of_lead.tolist(),
            strict=True,
        )
    ))


def packed(cluster: Told) -> bytes:
    """As it is stored."""
    return zstandard.compress(orjson.dumps(cluster), LEVEL)


def unpacked(stored: bytes) -> Told:
    """What was `packed`."""
    found = orjson.loads(zstandard.decompress(stored))
    members = tuple(Member(**one) for one in found.pop("members"))
    return Told(**found | {"candidates": tuple(found["candidates"])}, members=members)


def _fields(one: Head) -> dict[str, Any]:
    return {name.name: getattr(one, name.name) for name in fields(Head)}
