"""A report as one HTML file, with its styles and scripts in it: it opens from a disk, and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from flask import render_template
from markupsafe import Markup

from service.openapi import release
from service.pages.assets import ASSETS
from service.pages.explaining import EXPLANATIONS
from service.pages.view import View

STYLES = ("base.css", "report.css")
SCRIPTS = ("report-counting.js", "report-beside.js", "report.js")


def one_file(shown: View, kept: dict[str, Any]) -> str:
    """The file. Its own policy lets nothing run or load but what is written in it here."""
    style = "".join(ASSETS[name].decode() for name in STYLES)
    scripts = [ASSETS[name].decode() for name in SCRIPTS]
    run = " ".join(map(_digest, scripts))
    allowed = f"style-src {_digest(style)}; script-src {run}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return render_template(
        "exported.html", view=shown, kept=kept, entered=None, exported=True, explanations=EXPLANATIONS,
        policy=policy, style=Markup(style), scripts=map(Markup, scripts), release=release(),
    )


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
