"""What the commands share: their options, and opening the archive that these name."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nearcopy.document import checked_text
from nearcopy.errors import InputError, NotFound, StorageUnavailable
from nearcopy.parameters import Parameters
from service.chosen import FILE, PREFIX, read_file
from service.cli import exits
from service.cli.console import err
from service.cli.exits import Exit
from service.settings import Settings

if TYPE_CHECKING:
    from nearcopy.archive import Archive
    from nearcopy.connection import Client

NOTICE_SECONDS = 4.0
"""Longer than any start with compiled kernels takes."""

NOTICE = "loading: the very first start compiles for about 15 seconds"

F = TypeVar("F", bound=Callable[..., Any])


as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")

min_words = click.option(
    "--min-words", type=click.IntRange(1), default=8, show_default=True,
    help="Shorter passages are not reported.",
)



def _in_file(name: str, default: str | None = None) -> Callable[[], str | None]:
    """What the settings file says, so that every command uses the Redis and collection of the service."""

    def found() -> str | None:
        value = read_file(os.environ.get(PREFIX + FILE.upper()) or None, Settings.model_fields).get(name)
        return default if value is None else str(value)

    return found


redis_url = click.option(
    "--redis-url", envvar="NEARCOPY_REDIS_URL", show_envvar=True, metavar="URL",
    default=_in_file("redis_url"),
    help="A real Redis: redis://, rediss://, unix:// or redis+cluster://. Without it the embedded one.",
)

collection = click.option(
    "--collection", envvar="NEARCOPY_COLLECTION", show_envvar=True, metavar="NAME",
    default=_in_file("collection", "main"), show_default="main", help="The collection to use.",
)


def command(name: str, *ends: Exit) -> Callable[[Callable[..., Any]], click.Command]:
    """A command whose help ends with its exit codes: ``ends``, and those of every command."""
    return click.command(name, epilog=exits.help_of(*ends))


def of_an_archive(function: F) -> F:
    """The options of a command that opens an archive: its function takes redis_url, collection, as_json."""
    return redis_url(collection(as_json(function)))


def load_engine() -> None:
    """Import the engine, and tell a person what takes so long where its kernels must be compiled first.

    That takes a second, and about 15 on the very first start: help and mistakes do not wait for it,
    so whatever stands on the engine is imported after this, and not at the top of a file.
    """
    notice = threading.Timer(NOTICE_SECONDS, err.print, [NOTICE], {"style": "dim"})
    notice.daemon = True
    if err.is_terminal:
        notice.start()
    try:
        import nearcopy.archive  # noqa: F401
    finally:
        notice.cancel()


def open_archive(
    url: str | None, collection: str, *, create: bool = False, parameters: Parameters | None = None
) -> Archive:
    """Open a collection; raises what `nearcopy.archive.Archive.open` raises."""
    load_engine()
    from nearcopy.archive import Archive

    try:
        with explained(url):
            return Archive.open(url, collection, create=create, parameters=parameters)
    except NotFound as error:
        raise NotFound(
            f"{error}: `nearcopy add` begins one, and --collection names another"
        ) from None


@contextmanager
def opened_client(url: str | None) -> Iterator[Client]:
    """A client of the Redis at ``url``, else of the embedded one, for what belongs to no collection."""
    from nearcopy import embedded
    from nearcopy.connection import connect

    with ExitStack() as stack:
        url = url or stack.enter_context(embedded.start()).url
        yield stack.enter_context(closing(connect(url)))


@contextmanager
def explained(url: str | None) -> Iterator[None]:
    """Say of errors about the Redis at ``url`` which option names it."""
    try:
        yield
    except InputError as error:
        if error.field != "redis_url":
            raise
        raise InputError(f"--redis-url, or NEARCOPY_REDIS_URL: {error}", error.field) from None
    except StorageUnavailable as error:
        if url is None:
            raise
        raise StorageUnavailable(f"{error} (--redis-url, or NEARCOPY_REDIS_URL, names this Redis)") from None


def read_text(name: str) -> str:
    """The text of a file, or of stdin for ``-``; a byte order mark is no part of it.

    Raises `InputError`, which names the file, where it holds no text that can be compared.
    """
    place = "stdin" if name == "-" else name
    raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{place} is not UTF-8 at byte {error.start}: convert it first") from None
    if not any(map(str.isalnum, text)):
        raise InputError(f"{place} {'holds no word' if text else 'is empty'}: nothing could be compared")
    return checked_text(text, place)
