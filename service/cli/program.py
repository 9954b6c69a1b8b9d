"""The program: its commands, and the one place where errors become a line on stderr and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from importlib.metadata import version
from typing import Any

import click

from nearcopy.errors import NearcopyError
from service.chosen import SettingsError
from service.cli import exits
from service.cli.add import add
from service.cli.check import check
from service.cli.clusters import clusters
from service.cli.collections import collections, expire
from service.cli.compare import compare
from service.cli.console import complain
from service.cli.dedupe import dedupe
from service.cli.demo import demo
from service.cli.doctor import doctor
from service.cli.exits import Exit
from service.cli.generations import drop, generations, publish, rollback
from service.cli.get import get
from service.cli.keys import keys
from service.cli.params import params
from service.cli.rebuild import load, rebuild
from service.cli.remove import remove
from service.cli.serve import serve
from service.cli.settings import settings
from service.cli.stats import stats
from service.cli.worker import worker


class ReaderGone(Exception):
    """Whoever read the output stopped reading."""


class Program(click.Group):
    """A group that lists its commands in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names as they were added; click sorts them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; click itself would end a broken pipe with the code of rejected records."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise ReaderGone from None


@click.group(
    cls=Program,
    commands=[
        demo, serve, check, compare, clusters, dedupe, add, get, remove, stats, params, rebuild, load, worker,
        generations, publish, rollback, drop, collections, expire, doctor, keys, settings,
    ],
    epilog=exits.help_of(*Exit),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(version("nearcopy"))
def program() -> None:
    """Has this text been published before, where, which passages, and who had it first?"""


def main() -> None:
    """Run a command and end the process with an `Exit` code."""
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal that lacks a letter shows a question mark, instead of ending the command
        sys.stdout.reconfigure(errors="replace")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(_run())


def _run() -> int:
    try:
        code = program(prog_name="nearcopy", standalone_mode=False)
        sys.stdout.flush()
        return int(code or Exit.DONE)
    except (ReaderGone, BrokenPipeError):
        # Python flushes once more at its end, and would complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.READER_GONE
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return Exit.INTERRUPTED
    except NearcopyError as error:
        complain(str(error))
        return exits.code_of(error)
    except SettingsError as error:
        complain(str(error))
        return Exit.USAGE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return Exit.USAGE


def _terminated(*_: object) -> None:
    # As an exception, so that the embedded Redis is left as Ctrl-C leaves it
    sys.exit(Exit.TERMINATED)
