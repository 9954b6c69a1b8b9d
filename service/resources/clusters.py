"""The clusters of a collection, which a worker finds: ask for them, list them, read one."""

from __future__ import annotations

import re
import time
from functools import partial

from flask import Blueprint, Response

from nearcopy import regroup
from nearcopy.errors import InputError, NotFound, RebuildRunning
from nearcopy.index.clusters import ID_BYTES, SIZE_BYTES, place
from nearcopy.jobs import clustering
from nearcopy.jobs.status import Status
from nearcopy.jobs.task import Task
from service import problems
from service.answers import Nothing, as_json
from service.calls import call
from service.clustering import (
    ClusterFilter,
    ClusterPage,
    ClusterQuery,
    ClustersBody,
    ClustersQuery,
    OneCluster,
    answered,
    head_of,
)
from service.context import archives
from service.keys.key import Role
from service.listing import Filter, opened, sealed
from service.models import InCollection
from service.problems import Refused
from service.resources.rebuilds import asked_for

blueprint = Blueprint("clusters", __name__)

LIST_SECONDS = 2.0
"""After which an answer is given, however few clusters were found."""


@call(
    blueprint, "POST", "/v1/clusters", query=InCollection, body=ClustersBody, answers={202: Status},
    problems=(problems.NOT_FOUND, problems.REBUILD_RUNNING, problems.NO_QUEUE),
)
def find_clusters(query: InCollection, body: ClustersBody) -> Response:
    """Have a worker find the clusters of a collection.

    It is a rebuild of kind `clusters`: watch or cancel it there. From its end on, clusters are kept right as
    documents come and go, and found anew after each rebuild. Ask again to find them from other figures on.
    """
    shared = archives()
    return asked_for(Task(
        "clusters", query.collection or shared.default, threshold=body.threshold,
        containment=body.containment, memory=body.memory,
    ))


@call(
    blueprint, "GET", "/v1/clusters", query=ClustersQuery, answers={200: ClusterPage}, role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def list_clusters(query: ClustersQuery) -> Response:
    """List clusters of copies, the largest first.

    A cluster is two documents or more that tell one story: verified pairs, cut where only a weak bridge, such
    as a roundup of several stories, joins them. Send the `cursor` of each answer for the next part, until it
    is null.
    """
    if query.max_documents is not None and query.max_documents < query.min_documents:
        raise InputError("max_documents is less than min_documents: exchange them", "max_documents")
    store = archives().get(query.collection).store
    asked = ClusterFilter(
        query.min_documents, query.max_documents, query.min_publishers, query.publisher, query.published_from,
        query.published_to,
    )
    bounds = Filter(query.publisher, query.published_from, query.published_to).bounds()
    after = opened(query.cursor, SIZE_BYTES + ID_BYTES, store.collection, asked)
    (found, left), state = answered(store, lambda kept: regroup.listed(
        store, kept, partial(asked.takes, bounds), after=after or _first(query), least=query.min_documents,
        limit=query.limit, until=time.monotonic() + LIST_SECONDS,
    ))
    return as_json({
        "clusters": [head_of(one) for one in found],
        "cursor": sealed(left, store.collection, asked) if left is not None else None,
        "state": state.model_dump(),
    })


@call(
    blueprint, "DELETE", "/v1/clusters", query=InCollection, answers={204: None},
    problems=(problems.NOT_FOUND, problems.BUSY, problems.REBUILD_RUNNING),
)
def forget_clusters(query: InCollection) -> Response:
    """Remove the clusters of a collection, and keep none any more.

    Its documents stay. Nothing is noted for clusters with each write from then on, and no worker finds them
    anew, until somebody asks for them again. While a worker finds them, cancel that first.
    """
    store = archives().get(query.collection).store
    try:
        clustering.forget(store)
    except RebuildRunning as error:
        raise Refused(problems.REBUILD_RUNNING, str(error)) from None
    return Nothing(status=204)


@call(
    blueprint, "GET", "/v1/clusters/<id:id>", query=ClusterQuery, answers={200: OneCluster}, role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
)
def get_cluster(query: ClusterQuery, id: str) -> Response:
    """Read a cluster: its members by date, and what each is to the original."""
    store = archives().get(query.collection).store
    is_one = re.fullmatch(f"[0-9a-f]{{{2 * ID_BYTES}}}", id)
    found, state = answered(store, lambda kept: regroup.get(store, kept, id) if is_one else None)
    if found is None:
        raise NotFound(f"there is no cluster {id!r} in collection {store.collection!r}")
    members = list(found.members[: query.limit])
    return as_json({"cluster": head_of(found), "members": members, "state": state.model_dump()})


def _first(query: ClustersQuery) -> bytes:
    """Where the clusters begin that are small enough."""
    return b"" if query.max_documents is None else place(query.max_documents)
