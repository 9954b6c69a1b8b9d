"""Under which names the pages are answered where nobody needs a key.

A service that only this machine reaches trusts whoever reaches it. But a browser of this machine can be led
there by any site whose name is made to point to it (DNS rebinding): it then takes our pages for ones of that
site, whose scripts may read them and send their forms. What tells is the name that it asked for.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Request, current_app

from service.problems import Problem, Refused
from service.settings import Settings

FOREIGN_HOST = Problem("foreign-host", 421, "The pages are not answered under this name")

HOST = "NEARCOPY_PAGE_HOST"
"""Where the application is told the only name, beside those of this machine; None where any will do."""


def page_host(settings: Settings) -> str | None:
    """The address that the service listens on, where names matter: a proxy may hand on any, and who opens the
    service to a network gives it names that nobody here knows."""
    return settings.host if settings.local and not (settings.open or settings.trusted_proxies) else None


def check_host(request: Request) -> None:
    """Refuse a page that is asked for under a name that is none of this machine."""
    host = current_app.config[HOST]
    if host is not None and not _is_ours(request.host, host):
        raise Refused(
            FOREIGN_HOST,
            "without API keys the pages are for this machine alone: open them at localhost, or make a key; a "
            "proxy in front is told of with NEARCOPY_TRUSTED_PROXIES",
        )


def _is_ours(asked: str, host: str) -> bool:
    try:
        name = urlsplit(f"//{asked}").hostname or ""
        return name in ("localhost", host.lower()) or ip_address(name).is_loopback
    except ValueError:
        return False
