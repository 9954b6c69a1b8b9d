"""Opening Redis, and turning what can go wrong with it into Nearcopy's own errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError
from redis.retry import Retry

from nearcopy.errors import InputError, StorageUnavailable

Client = Any
"""`redis.Redis` or `redis.cluster.RedisCluster`: the index uses only what both have."""

TIMEOUT = 15.0
"""Seconds that one answer may take; the largest document of 2 MiB takes Redis about one."""

CLUSTER_SCHEME = "redis+cluster://"
T = TypeVar("T")


def connect(url: str) -> Client:
    """A client for ``redis://``, ``rediss://``, ``unix://`` or, for a Redis Cluster, ``redis+cluster://``.

    The driver's own retries are off: it would repeat an APPEND whose answer was lost. Raises `InputError` on
    a bad URL; a server that is down shows only when it is first asked.
    """
    options: dict[str, Any] = {
        "socket_timeout": TIMEOUT, "socket_connect_timeout": 5.0, "decode_responses": False
    }
    try:
        if url.startswith(CLUSTER_SCHEME):
            with translated():
                return RedisCluster.from_url("redis://" + url.removeprefix(CLUSTER_SCHEME), **options)
        return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **options)
    except ValueError as error:
        raise InputError(f"{url!r} is not a Redis URL: {error}", "redis_url") from None


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StorageUnavailable` for whatever the driver raises about a server that cannot serve."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError, BusyLoadingError, AuthenticationError) as error:
        raise StorageUnavailable(f"Redis does not answer: {error}") from error
    except RedisError as error:
        raise StorageUnavailable(f"Redis refused: {error}") from error


def steady(call: Callable[[], T]) -> T:
    """Run a call that may safely run twice: once more where a pooled connection turned out to be dead."""
    with translated():
        try:
            return call()
        except redis.ConnectionError:
            return call()


def pipeline(client: Client) -> Any:
    """Commands sent together without a transaction; each is atomic by itself."""
    return cast("Any", client).pipeline(transaction=False) if not isinstance(client, RedisCluster) else client.pipeline()
