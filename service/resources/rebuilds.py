"""Rebuilds in bulk, which workers do: ask for one, see how it goes, cancel it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from nearcopy.errors import InputError, NotFound, RebuildRunning
from nearcopy.jobs import queue
from nearcopy.jobs.rebuilds import Rebuilds
from nearcopy.jobs.status import ENDED, Status
from nearcopy.jobs.task import Task
from service import problems
from service.answers import Nothing, as_json
from service.calls import call
from service.context import archives
from service.models import InCollection
from service.problems import Refused
from service.rebuilding import RebuildBody, RebuildList, RebuildsQuery

blueprint = Blueprint("rebuilds", __name__)

DEADLINE = "NEARCOPY_REBUILD_DEADLINE"
"""Where the application keeps that setting."""


@call(
    blueprint, "POST", "/v1/rebuilds", query=InCollection, body=RebuildBody, answers={202: Status},
    problems=(problems.NOT_FOUND, problems.REBUILD_RUNNING, problems.NO_QUEUE),
)
def start_rebuild(query: InCollection, body: RebuildBody) -> Response:
    """Put a rebuild into the queue, for a worker to take up.

    The collection answers and takes documents meanwhile. It begins with the rebuild where archives are named.
    """
    given = body.model_dump(exclude_none=True)
    return asked_for(Task.from_json(given | {"collection": query.collection or archives().default}))


def asked_for(task: Task) -> Response:
    """Put a task into the queue."""
    try:
        queue.check_url(archives().url or "")
    except InputError as error:
        raise Refused(problems.NO_QUEUE, str(error)) from None
    queue.check_archives(task)
    store = archives().get(task.collection, create=bool(task.archives)).store
    try:
        status = queue.ask(store.client, task, current_app.config[DEADLINE])
    except RebuildRunning as error:
        raise Refused(problems.REBUILD_RUNNING, str(error), headers=_location(error.id, task)) from None
    answer = as_json(_shown(status), 202)
    answer.headers.update(_location(status.id, task))
    return answer


@call(
    blueprint, "GET", "/v1/rebuilds", query=RebuildsQuery, answers={200: RebuildList},
    problems=(problems.NOT_FOUND,),
)
def list_rebuilds(query: RebuildsQuery) -> Response:
    """List the rebuilds of a collection, the newest first.

    Those that ended are kept for 30 days.
    """
    store = archives().get(query.collection).store
    return as_json({"rebuilds": Rebuilds(store.client).newest(store.collection, query.limit)})


@call(
    blueprint, "GET", "/v1/rebuilds/<id:id>", query=InCollection, answers={200: Status},
    problems=(problems.NOT_FOUND,),
)
def get_rebuild(query: InCollection, id: str) -> Response:
    """Tell how a rebuild goes."""
    return as_json(_shown(_found(query, id)))


@call(
    blueprint, "DELETE", "/v1/rebuilds/<id:id>", query=InCollection, answers={202: Status, 204: None},
    problems=(problems.NOT_FOUND, problems.REBUILD_ENDED),
)
def cancel_rebuild(query: InCollection, id: str) -> Response:
    """Cancel a rebuild: nothing of it is published.

    204 where nobody runs it, and so it has ended; 202 where it ends within the next seconds. One that has
    been published is no longer cancelled, but ends by itself.
    """
    status = _found(query, id)
    if status.state in ENDED:
        raise Refused(problems.REBUILD_ENDED, f"rebuild {id} has ended: it is {status.state}")
    status = queue.cancel(archives().get(query.collection).store.client, id)
    return as_json(status, 202) if status.state == "running" else Nothing(status=204)


def _found(query: InCollection, id: str) -> Status:
    store = archives().get(query.collection).store
    status = Rebuilds(store.client).get(id)
    if status.task.collection != store.collection:
        raise NotFound(f"rebuild {id!r} is of another collection than {store.collection!r}")
    return status


def _shown(status: Status) -> Status:
    """With the number of workers, where it waits for one."""
    if status.state == "queued":
        status.workers = queue.workers(archives().client())
    return status


def _location(id: str, task: Task) -> dict[str, str]:
    return {"Location": f"/v1/rebuilds/{id}?collection={task.collection}"}
