"""The documents of a collection.

An id may hold any character, slashes too: percent-encode it, as a whole, in UTF-8. Servers decode ``%2F``
before an application sees the path, so ``GET /v1/documents/x/copies`` could mean two things. It means the
copies of ``x``; the document whose id is ``x/copies`` is read with ``?view=document``. PUT and DELETE are
never ambiguous.
"""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from nearcopy.archive import Archive
from nearcopy.document import Document, checked_id
from nearcopy.errors import NoIndex, NotFound, NoWords, PreconditionFailed
from nearcopy.index.documents import digest_of
from nearcopy.index.writing import Condition
from nearcopy.text.scanning import scan_texts
from service import problems
from service.answers import Nothing, Stored, StoredDocument, as_json
from service.calls import call
from service.clustering import CopiesReport, cluster_of
from service.conditions import MATCH, NONE_MATCH, condition_of, etag, is_known
from service.context import archives
from service.keys.key import Role
from service.models import CopiesQuery, DocumentBody, InCollection, StoredPage

blueprint = Blueprint("documents", __name__)

COPIES = "/copies"


class IdConverter(BaseConverter):
    """A whole id, with its slashes; an empty one too, which the call then refuses in words."""

    regex = "(?s:.*)"
    part_isolating = False


@call(
    blueprint,
    "PUT",
    "/v1/documents/<id:id>",
    query=InCollection,
    body=DocumentBody,
    page=StoredPage,
    answers={200: Stored, 201: Stored},
    role=Role.WRITE,
    problems=(problems.NO_WORDS, problems.INDEX_FULL, problems.NOT_READY),
    conditions=(MATCH, NONE_MATCH),
)
def put_document(query: InCollection, body: DocumentBody, id: str) -> Response:
    """Store or replace a document.

    201 where the id is new, 200 where it existed. A collection begins with its first document. Of an HTML
    page (`format`, or a body of text/html with the rest in the query) the main text is stored.

    With `If-Match` and the ETag of what was read, only that is replaced; with `If-None-Match: *` nothing is.
    """
    document = Document(id=checked_id(id), **body.model_dump(exclude={"format"}))
    # The engine says so too, but only once the collection that would begin with this document exists
    if not len(scan_texts([document.text]).hashes):
        raise NoWords("text holds no word: send letters or digits in any script", "text")
    condition = condition_of(request)
    outcome = _to_write(query, condition).put(document, condition)
    answer = as_json({"id": id, "outcome": outcome}, 201 if outcome == "created" else 200)
    answer.headers.update(etag(digest_of(document)))
    return answer


@call(
    blueprint,
    "GET",
    "/v1/documents/<id:id>",
    query=InCollection,
    answers={200: StoredDocument, 304: None},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
    conditions=(NONE_MATCH,),
)
def get_document(query: InCollection, id: str) -> Response:
    """Read a document.

    304 where `If-None-Match` has its ETag, which changes with its text and with its metadata.
    """
    return _stored(query, id)


@call(
    blueprint,
    "DELETE",
    "/v1/documents/<id:id>",
    query=InCollection,
    answers={204: None},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
    conditions=(MATCH, NONE_MATCH),
)
def delete_document(query: InCollection, id: str) -> Response:
    """Remove a document.

    With `If-Match` and the ETag of what was read, only that is removed.
    """
    archive = _archive(query, id)
    if not archive.delete(id, condition_of(request)):
        raise NotFound(f"there is no document {id!r} in collection {archive.store.collection!r}")
    return Nothing(status=204)


@call(
    blueprint,
    "GET",
    "/v1/documents/<id:id>" + COPIES,
    query=CopiesQuery,
    answers={200: CopiesReport | StoredDocument, 304: None},
    role=Role.WRITE,
    problems=(problems.NOT_FOUND, problems.NOT_READY),
    conditions=(NONE_MATCH,),
)
def document_copies(query: CopiesQuery, id: str) -> Response:
    """Check a stored document against the others.

    The document itself is never among its sources. `cluster` is the cluster that it is in; null where it is
    in none, or where nobody asked for clusters.
    """
    if query.view == "document":
        return _stored(query, id + COPIES)
    asked = query.model_dump(exclude={"collection", "view"})
    archive = _archive(query, id)
    told = archive.copies(id, **asked)
    return as_json(told.to_dict() | {"cluster": cluster_of(archive.store, id)})


def _stored(query: InCollection, id: str) -> Response:
    document, digest = _archive(query, id).stored(id)
    answer = Nothing(status=304) if is_known(request, digest) else as_json(document.to_dict())
    answer.headers.update(etag(digest))
    return answer


def _to_write(query: InCollection, condition: Condition | None) -> Archive:
    """The collection, begun where it is missing and the condition allows that a document is put there."""
    begins = condition is None or condition(None)
    try:
        return archives().get(query.collection, create=begins)
    except NoIndex:
        raise
    except NotFound as error:
        raise PreconditionFailed(str(error)) from None


def _archive(query: InCollection, id: str) -> Archive:
    """The collection to look for the id in; a bad id is told first, even while Redis is away."""
    checked_id(id)
    return archives().get(query.collection)
