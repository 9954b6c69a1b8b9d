"""Reports that are kept: their own pages, exports, and their end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, current_app

from nearcopy.archive import Archive
from nearcopy.errors import NotFound
from nearcopy.index import kept
from service.answers import with_texts, without_places
from service.context import archives
from service.keys.guard import caller, may_read
from service.keys.key import Role
from service.pages import exporting
from service.pages.blueprint import NEVER_KEEP, at, lead_to
from service.pages.checking import DAYS
from service.pages.entered import Entered
from service.pages.explaining import EXPLANATIONS
from service.pages.forms import Form
from service.pages.frame import HTML, collection, page, shown
from service.pages.reporting import Kept, reported, to_keep, unpacked
from service.saying import day

DAY_SECONDS = 24 * 3600

RULE = f"/reports/<string(length={kept.TOKEN_LENGTH}):token>"


@page("POST", "/reports", role=Role.CHECK)
def keep_report(form: Form) -> Response:
    """Check what was entered once more, and keep the report."""
    archive = _archive()
    seconds = current_app.config[DAYS] * DAY_SECONDS
    made = to_keep(reported(archive, Entered.of_form(form).submission()), archive, seconds)
    token = kept.keep(archive.store.client, collection(), made.packed(), seconds)
    return lead_to(f"/reports/{token}", collection=collection())


@page("GET", RULE, role=Role.CHECK)
def kept_report(token: str) -> Response:
    """The page of a report."""
    made = _found(token)
    return shown(
        "report.html", private=True, view=made.shown(_archive()), kept=_kept(made, token), entered=None,
        explanations=EXPLANATIONS,
    )


@page("GET", RULE + ".json", role=Role.CHECK)
def report_as_json(token: str) -> Response:
    """The report as `/v1/check` answers it, with the text."""
    made = _found(token)
    told = made.report if may_read() else without_places(made.report)
    answer = orjson.dumps(with_texts(told, text=made.text), option=orjson.OPT_INDENT_2)
    return _file(answer, "application/json", f"report-{_date(made.made)}.json")


@page("GET", RULE + ".html", role=Role.CHECK)
def report_as_file(token: str) -> Response:
    """The report as one file that needs nothing else."""
    made = _found(token)
    html = exporting.one_file(made.shown(_archive()), _kept(made, token))
    return _file(html.encode(), HTML, f"report-{_date(made.made)}.html")


@page("POST", RULE + "/delete", role=Role.CHECK)
def delete_report(_: Form, token: str) -> Response:
    """Keep a report no longer."""
    kept.remove(_archive().store.client, collection(), token)
    return lead_to("/check", deleted=1)


def _archive() -> Archive:
    return archives().get(collection())


def _found(token: str) -> Kept:
    stored = kept.find(_archive().store.client, collection(), token)
    if stored is None:
        raise NotFound("there is no such report: it was deleted, or the time for which it was kept is over")
    return unpacked(stored)


def _kept(made: Kept, token: str) -> dict[str, Any]:
    """What the page says of its own keeping."""
    return {
        "made": day(_date(made.made)), "until": day(_date(made.until)), "token": token,
        "link": at(f"/reports/{token}", collection=collection()), "keyed": caller() is not None,
    }


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NEVER_KEEP}
    return Response(content, content_type=kind, headers=headers)
