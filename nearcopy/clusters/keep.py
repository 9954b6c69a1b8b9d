"""Which documents of an archive stay when its copies go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

import numpy as np

from nearcopy.clusters.group import Cluster
from nearcopy.clusters.groups import ranks
from nearcopy.clusters.pairs import Ints, Members
from nearcopy.document import instant

Rule = Literal["earliest", "longest", "first"]
RULES: tuple[Rule, ...] = get_args(Rule)
"""Of each cluster: its original, where that is not known the earliest of its documents; the longest; or the
one that stands first in the archive. What is equal under a rule is told apart by the date, then by the
digest."""


def kept_for(members: Members, clusters: Sequence[Cluster], rule: Rule) -> Ints:
    """``int64[n]``: for each document the number of the one that stays for it: its own where it stays itself.
    Of each cluster exactly one stays, and whatever is in no cluster."""
    out = np.arange(len(members.ids), dtype=np.int64)
    rank = ranks(members)
    for cluster in clusters:
        out[cluster.members] = _chosen(members, cluster, rule, rank)
    return out


def _chosen(members: Members, cluster: Cluster, rule: Rule, rank: Ints) -> int:
    if rule == "first":
        return int(cluster.members.min())
    if rule == "earliest" and cluster.original is not None:
        return cluster.original

    def order(one: int) -> tuple[int, bool, datetime, int]:
        date = members.published_at[one]
        length = -int(members.words[one]) if rule == "longest" else 0
        return length, date is None, instant(date) if date is not None else datetime.max, int(rank[one])

    return int(min(cluster.members.tolist(), key=order))
