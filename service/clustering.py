"""What may be asked about clusters, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Annotated, Any, TypeVar

from pydantic import Field

from nearcopy import regroup
from nearcopy.clusters.told import Head, Member, Told
from nearcopy.document import Document
from nearcopy.errors import NotFound
from nearcopy.index import clusters
from nearcopy.index.clusters import Kept
from nearcopy.index.store import Store
from nearcopy.report import Report
from service.answers import Answer
from service.listing import CURSOR, FROM, TO, Bounds, Cursor
from service.models import Body, Date, InCollection, QueryLine
from service.rebuilding import LEAST_MEMORY, Share

CATCH_UP_SECONDS = 0.5
"""That a read gives to what has changed; the next one goes on with it."""

MOST_LISTED = 100
MOST_MEMBERS = 10_000
MOST_DOCUMENTS = 1 << 24

T = TypeVar("T")

Size = Annotated[int, Field(ge=1, le=MOST_DOCUMENTS)]


class ClustersQuery(InCollection):
    """The query of a list of clusters."""

    min_documents: Size = Field(default=2, description="Only clusters of so many documents or more.")
    max_documents: Size | None = Field(default=None, description="Only clusters of so many or fewer.")
    min_publishers: Size | None = Field(default=None, description="Only clusters of so many publishers.")
    publisher: QueryLine | None = Field(
        default=None, description="Only clusters with a document of this publisher; of these dates, if given."
    )
    published_from: Date | None = Field(default=None, description=FROM)
    published_to: Date | None = Field(default=None, description=TO)
    limit: int = Field(default=20, ge=1, le=MOST_LISTED, description="Clusters in one answer, at most.")
    cursor: Cursor | None = Field(default=None, description=CURSOR)


class ClusterQuery(InCollection):
    """The query of one cluster."""

    limit: int = Field(
        default=1000, ge=1, le=MOST_MEMBERS,
        description="Members listed, the earliest first; `documents` counts all.",
    )


class ClustersBody(Body):
    """From which figures on two documents are a pair: one of both is enough."""

    threshold: Share = Field(default=0.5, description="Resemblance of the two.")
    containment: Share | None = Field(
        default=None, description="Or the share of one's words that lie in the other; else none is enough."
    )
    memory: int = Field(
        default=1 << 30, ge=LEAST_MEMORY, le=1 << 46, description="Bytes that it may take, in all processes."
    )


class ClusterState(Answer):
    """How the clusters of a collection were found, and what they do not know yet."""

    made: float = Field(description="When they were found, in seconds since 1970.")
    threshold: float
    containment: float | None
    stale: bool = Field(
        description="Another generation is live since; until a worker found them anew, documents may be "
        "missing."
    )
    behind: int = Field(description="Documents that were put or removed and are not in their clusters yet.")


class ClusterPage(Answer):
    """A part of the list of clusters, the largest first."""

    clusters: list[Head]
    cursor: str | None = Field(
        description="Null at the end. Else send it for the rest, also where this part is short or empty."
    )
    state: ClusterState


class OneCluster(Answer):
    """A cluster with its members."""

    cluster: Head
    members: list[Member]
    state: ClusterState


@dataclass(frozen=True, slots=True)
class CopiesReport(Report):
    """The report of a stored document, with the cluster that it is in: null where it is in none, or where the
    clusters of its collection were never asked for."""

    cluster: Head | None


@dataclass(frozen=True, slots=True)
class ClusterFilter:
    """Which clusters are meant; dates as they were sent."""

    min_documents: int
    max_documents: int | None
    min_publishers: int | None
    publisher: str | None
    published_from: str | None
    published_to: str | None

    def takes(self, bounds: Bounds, one: Told) -> bool:
        """Whether a cluster is one of them."""
        if self.max_documents is not None and one.documents > self.max_documents:
            return False
        if self.min_publishers is not None and one.publishers < self.min_publishers:
            return False
        return bounds == Bounds(None, None, None) or any(map(bounds.take, _dated(one.members)))


def answered(store: Store, ask: Callable[[Kept], T]) -> tuple[T, ClusterState]:
    """What is read of the clusters of a collection, all of it of one run: read again where those of another
    replaced them meanwhile. Raises `NotFound`."""
    while True:
        kept, state = _kept_of(store)
        found, now = ask(kept), clusters.find(store)
        if now is not None and now.run == kept.run:
            return found, state


def _kept_of(store: Store) -> tuple[Kept, ClusterState]:
    """The clusters of a collection, made right as far as there is time. Raises `NotFound`."""
    behind = regroup.catch_up(store, CATCH_UP_SECONDS)
    kept = clusters.find(store)
    live = tuple(store.refresh(number).generation.decode() for number in range(len(store.partitions)))
    if kept is None:
        raise NotFound(
            f"nobody asked for the clusters of collection {store.collection!r} yet: POST /v1/clusters does, "
            "and a worker finds them"
        )
    return kept, ClusterState(
        made=kept.made, threshold=kept.threshold, containment=kept.containment,
        stale=live != kept.generations, behind=behind,
    )


def cluster_of(store: Store, document: str) -> dict[str, Any] | None:
    """The cluster of a document, without its members, if it is in one that is known."""
    with suppress(NotFound):
        found, _ = answered(store, lambda kept: regroup.of_document(store, kept, document))
        return head_of(found) if found is not None else None
    return None


def head_of(one: Told) -> dict[str, Any]:
    """A cluster without its members."""
    return {name.name: getattr(one, name.name) for name in fields(Head)}


def _dated(members: Iterable[Member]) -> Iterable[Document]:
    for one in members:
        yield Document(one.document, "", publisher=one.publisher, published_at=one.published_at)
