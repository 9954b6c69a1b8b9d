"""Reports that somebody keeps: bytes under a token that nobody can guess, for as long as was said.

They belong to a collection, lie in its slot of a cluster, and are dropped with it.
"""

from __future__ import annotations

import secrets
import time

from nearcopy.connection import Client, steady
from nearcopy.errors import InputError, NotFound
from nearcopy.index import keys

TOKEN_BYTES = 16
TOKEN_LENGTH = 22
"""128 bits, as `secrets.token_urlsafe` writes them."""

MOST = 10_000
"""Kept of one collection at a time."""

_KEEP = """
-- Keep a report, where the collection is there and has not too many.
-- KEYS[1] its header  KEYS[2] the tokens of its reports by when they end  KEYS[3] the report
-- ARGV[1] the token  ARGV[2] the report  ARGV[3] seconds  ARGV[4] now  ARGV[5] how many it may have
if redis.call('EXISTS', KEYS[1]) == 0 then return 'dropped' end
redis.call('ZREMRANGEBYSCORE', KEYS[2], 0, ARGV[4])
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 'full' end
redis.call('ZADD', KEYS[2], ARGV[4] + ARGV[3], ARGV[1])
redis.call('SET', KEYS[3], ARGV[2], 'EX', ARGV[3])
return 'kept'
"""


def keep(client: Client, collection: str, packed: bytes, seconds: int) -> str:
    """Keep a report for so many seconds; the token under which it lies.

    Raises `NotFound` where there is no such collection, `InputError` where it has `MOST` of them.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    names = keys.header(collection), keys.reports(collection), keys.report(collection, token)
    given = token, packed, seconds, int(time.time()), MOST
    said = steady(lambda: client.eval(_KEEP, 3, *names, *given))
    if said == b"dropped":
        raise NotFound(f"there is no collection {collection!r}")
    if said == b"full":
        raise InputError(f"collection {collection!r} keeps {MOST:,} reports: delete some first")
    return token


def find(client: Client, collection: str, token: str) -> bytes | None:
    """What was kept under a token, if it is still there."""
    stored: bytes | None = steady(lambda: client.get(keys.report(collection, token)))
    return stored


def remove(client: Client, collection: str, token: str) -> bool:
    """Keep a report no longer; whether there was one."""
    there = bool(steady(lambda: client.delete(keys.report(collection, token))))
    steady(lambda: client.zrem(keys.reports(collection), token))
    return there


def forget(client: Client, collection: str) -> None:
    """Remove all reports of a collection that is no more."""
    for token in steady(lambda: client.zrange(keys.reports(collection), 0, -1)):
        name = keys.report(collection, token.decode())
        steady(lambda name=name: client.delete(name))  # type: ignore[misc]
    steady(lambda: client.delete(keys.reports(collection)))
