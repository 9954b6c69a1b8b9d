"""What can be changed from the page of a collection, each after a question."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request

from nearcopy.errors import NotFound
from service.keys.key import Role
from service.models import InCollection
from service.pages.blueprint import lead_to
from service.pages.forms import Form
from service.pages.frame import collection, page, shown
from service.problems import INVALID_FIELD
from service.reading import validated
from service.rebuilding import RebuildBody
from service.resources.generations import drop_generation, publish_generation
from service.resources.rebuilds import cancel_rebuild, start_rebuild


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before something is done: a heading, what it means, and the word on the button."""

    asked: str
    means: str
    button: str
    danger: bool = False


QUESTIONS = {
    "publish": Question(
        "Publish generation {of}?",
        "Checks are answered from it from then on. What was written since it was live is written into it "
        "first, so nothing is lost, and the one that is live now stays: you can come back.",
        "Publish it",
    ),
    "drop": Question(
        "Drop generation {of}?",
        "Its memory is freed, and nobody can go back to it. Checks are answered as before.",
        "Drop it", danger=True,
    ),
    "cancel": Question(
        "Cancel the rebuild?",
        "Nothing of it is published, and the collection stays as it is.",
        "Cancel the rebuild", danger=True,
    ),
}


@page("GET", "/archive/change", role=Role.ADMIN)
def question_page() -> Response:
    """The question, without which nothing is done."""
    do, of = request.args.get("do", ""), request.args.get("of", "")
    return shown("question.html", question=_question(do), do=do, of=of)


@page("POST", "/archive/change", role=Role.ADMIN)
def change(form: Form) -> Response:
    """Do it."""
    do, of, about = form.get("do"), form.get("of"), InCollection(collection=collection())
    _question(do)
    replayed = None
    if do == "publish":
        replayed = publish_generation(about, of).get_json()["replayed"]
    elif do == "drop":
        drop_generation(about, of)
    else:
        cancel_rebuild(about, of)
    return lead_to("/archive", done=do, of=of, n=replayed)


@page("GET", "/archive/rebuild", role=Role.ADMIN)
def rebuild_page() -> Response:
    """What a rebuild is to be made from."""
    return shown("rebuild.html")


@page("POST", "/archive/rebuild", role=Role.ADMIN)
def rebuild(form: Form) -> Response:
    """Put it into the queue."""
    made_from = form.get("from")
    paths = [line.strip() for line in form.get("archives").splitlines() if line.strip()]
    asked = {
        "kind": "load" if made_from == "load" else "rebuild",
        "archives": [] if made_from == "stored" else paths,
    }
    if made_from != "stored" and not paths:
        return shown("rebuild.html", status=422, wrong="Name at least one archive.", chosen=made_from)
    body = validated(RebuildBody, asked, "pointer", INVALID_FIELD)
    start_rebuild(InCollection(collection=collection()), body)
    return lead_to("/archive", done="start")


def _question(do: str) -> Question:
    if do not in QUESTIONS:
        raise NotFound(f"there is nothing of that name to do: {', '.join(QUESTIONS)} are")
    return QUESTIONS[do]
