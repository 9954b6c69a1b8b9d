"""``nearcopy serve``"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from service.chosen import FILE, PREFIX
from service.cli.console import out
from service.cli.exits import Exit
from service.cli.options import command, load_engine
from service.settings import Settings, check_address, option, table


def of_settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """An option for every setting; `Settings` itself judges what it is given."""
    for variable, default, help in reversed(list(table())):
        name = variable.removeprefix(PREFIX).lower()
        source = f"[env var: {variable}; default: {default}]" if default else f"[env var: {variable}]"
        shown = f"{help[0].upper()}{help[1:]}. {source}"
        metavar = name.rpartition("_")[2].upper()
        function = click.option(option(name), name, metavar=metavar, help=shown)(function)
    help = f"A TOML file of settings, by their names without {PREFIX}. [env var: {PREFIX}{FILE.upper()}]"
    return click.option(option(FILE), FILE, metavar="PATH", help=help)(function)


@command("serve", Exit.UNAVAILABLE)
@of_settings
def serve(**chosen: Any) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM.

    Requests in flight are then finished first. Without a Redis URL the embedded Redis runs as long as the
    service, and is started again where it dies. Every option is also an environment variable, and may
    stand in a file; an option wins over a variable, and that over the file.
    """
    serve_until_stopped(Settings.from_environ(**chosen))


def serve_until_stopped(settings: Settings) -> None:
    """Serve, and say where. Raises `SettingsError` where the address cannot be had."""
    check_address(settings)
    load_engine()
    from service.server import serve

    serve(settings, lambda url: out.print(f"answering on {url} (Ctrl-C ends it)", soft_wrap=True))
