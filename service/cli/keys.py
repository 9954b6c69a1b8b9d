"""``nearcopy keys create|list|revoke``"""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table

from nearcopy.document import COLLECTION_NAME
from nearcopy.errors import InputError
from service.cli.console import err, one_line, out, print_json
from service.cli.exits import Exit
from service.cli.options import as_json, command, redis_url
from service.keys.key import EVERY_COLLECTION, Key, Role
from service.keys.ring import BELIEVED_SECONDS
from service.keys.store import opened

MAX_NAME = 100
"""Code points: a name is for people, in a table."""

a_limit = click.IntRange(0, 10**12)


@click.group("keys")
def keys() -> None:
    """Make, list and revoke API keys.

    As long as there is none, the service answers on this machine alone and asks for none. From the first on,
    every call of /v1 needs one, sent as "Authorization: Bearer nck_…".
    """


@command("create", Exit.UNAVAILABLE)
@click.option("--name", required=True, help="Whose it is, for `nearcopy keys list`.")
@click.option(
    "--role", required=True, type=click.Choice([role.value for role in Role]),
    help="check: check and compare, without being shown stored texts. write: also read, store and remove "
    "documents. admin: also all else.",
)
@click.option(
    "--collection", "collections", required=True, multiple=True, metavar="NAME",
    help='A collection that it is for, or "*" for all, also those to come. May be repeated.',
)
@click.option("--requests", type=a_limit, help="Requests a minute, 0 for any. [default: the service's]")
@click.option("--words", type=a_limit, help="Words a minute, 0 for any. [default: the service's]")
@redis_url
@as_json
def create(
    name: str, role: str, collections: tuple[str, ...], requests: int | None, words: int | None,
    redis_url: str | None, as_json: bool,
) -> None:
    """Make a key and show it, this once: only a hash of it is stored."""
    _check(name, collections)
    with opened(redis_url) as store:
        key, token = store.create(name, Role(role), tuple(dict.fromkeys(collections)), requests, words)
    if as_json:
        print_json(_plain(key) | {"key": token})
        return
    out.print(token, soft_wrap=True)
    err.print(
        f"Keep it now, it is not shown again. It works everywhere within {BELIEVED_SECONDS:g} seconds; "
        f"`nearcopy keys revoke {key.id}` ends it.",
        soft_wrap=True,
    )


@command("list", Exit.UNAVAILABLE)
@redis_url
@as_json
def list_keys(redis_url: str | None, as_json: bool) -> None:
    """List the keys, revoked ones too; their secrets nobody knows."""
    with opened(redis_url) as store:
        found = store.all()
    if as_json:
        print_json([_plain(key) for key in found])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("id", "name", "role", "collections", "created", "last used", "revoked"):
        table.add_column(column, overflow="fold")
    for key in found:
        table.add_row(
            key.id, one_line(key.name), key.role, " ".join(key.collections),
            _time(key.created), _time(key.used), _time(key.revoked),
        )
    out.print(table if found else "There is no key: `nearcopy keys create` makes one.")


@command("revoke", Exit.NOT_FOUND, Exit.UNAVAILABLE)
@click.argument("id")
@redis_url
@as_json
def revoke(id: str, redis_url: str | None, as_json: bool) -> None:
    """End a key for ever."""
    with opened(redis_url) as store:
        key = store.revoke(id)
    if as_json:
        print_json(_plain(key))
        return
    ends = f"it ends everywhere within {BELIEVED_SECONDS:g} seconds"
    out.print(f"revoked {key.id} ({one_line(key.name)}); {ends}", soft_wrap=True)


for one in (create, list_keys, revoke):
    keys.add_command(one)


def _check(name: str, collections: tuple[str, ...]) -> None:
    if not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"--name must have 1 to {MAX_NAME} characters", "name")
    for collection in collections:
        if collection != EVERY_COLLECTION and not re.fullmatch(COLLECTION_NAME, collection):
            raise InputError(
                f"--collection {collection!r} is no collection's name: send 1 to 64 of a-z, 0-9, - and _, a "
                'letter or digit first, or "*" (in quotes) for all of them', "collection",
            )


def _plain(key: Key) -> dict[str, Any]:
    """A key as programs are told of it; its digest is of no use to them."""
    return {name: value for name, value in asdict(key).items() if name != "digest"}


def _time(moment: str | None) -> str:
    return moment.replace("T", " ").removesuffix("+00:00") if moment else ""
