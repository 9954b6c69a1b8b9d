"""The page where a text is checked, and its report shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, current_app, request

from nearcopy.errors import NearcopyError
from service import problems
from service.context import archives
from service.failures import answer_of
from service.keys.key import Role
from service.pages.blueprint import blueprint
from service.pages.entered import Entered, text_of_file
from service.pages.explaining import EXPLANATIONS
from service.pages.forms import Form
from service.pages.frame import collection, may, page, part, shown, wants_part
from service.pages.reporting import Reported, reported
from service.pages.view import View
from service.problems import Refused
from service.saying import percent

DAYS = "NEARCOPY_REPORT_DAYS"
"""Where the application is told for how many days reports are kept."""

_OVERRIDES = dict.fromkeys((0x202D, 0x202E), "\N{REPLACEMENT CHARACTER}")
"""What turns the direction of letters against their own."""

_CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}

blueprint.add_app_template_filter(percent)


@blueprint.app_template_filter("shown")
def text_shown(text: str) -> str:
    """A text with what would reorder or hide it replaced, character for character."""
    return text.translate(_OVERRIDES | _CONTROLS)


@blueprint.app_template_filter("seen")
def line_seen(text: str) -> str:
    """A title on one line, likewise."""
    return text_shown(" ".join(text.split()))


@page("GET", "/check", role=Role.CHECK)
def check_page() -> Response:
    """The form, with the report of a stored document where one is named."""
    document = request.args.get("document")
    if document is None:
        return _form(Entered())
    if not may("write"):
        raise Refused(problems.NOT_ALLOWED, "to open a stored document takes a key of role write")
    entered = Entered.of_document(archives().get(collection()).get(document))
    return _form(entered, _report(entered))


@page("POST", "/check", role=Role.CHECK)
def check_text(form: Form) -> Response:
    """The report of what was entered; where it cannot be made, the form as it was and what to change."""
    entered = Entered.of_form(form)
    try:
        text = text_of_file(form)
        if text is not None:
            entered = replace(entered, text=text, document="")
        made = _report(entered)
    except (Refused, NearcopyError) as error:
        told = answer_of(error)
        if wants_part():
            return told
        return _form(entered, status=told.status_code, problem=told.get_json())
    if wants_part():
        return part("_report.html", view=_shown(made), **_of_report(entered))
    return _form(entered, made)


def _report(entered: Entered) -> Reported:
    return reported(archives().get(collection()), entered.submission())


def _shown(made: Reported) -> View:
    return made.shown(archives().get(collection()))


def _of_report(entered: Entered) -> dict[str, Any]:
    """What the template of a report needs of one that is not kept."""
    days = current_app.config[DAYS]
    return {"entered": entered, "kept": None, "days": days, "explanations": EXPLANATIONS}


def _form(
    entered: Entered, made: Reported | None = None, status: int = 200, problem: dict[str, Any] | None = None
) -> Response:
    faults = {}
    for fault in (problem or {}).get("errors", []):
        faults[fault.get("pointer", "").lstrip("/")] = fault["detail"]
    return shown(
        "check.html", status=status, private=made is not None, view=_shown(made) if made else None,
        problem=problem, faults=faults, **_of_report(entered),
    )
