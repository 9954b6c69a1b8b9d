"""Opening Redis, and turning what can go wrong with it into Nearcopy's own errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import groupby
from typing import Any, TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.retry import Retry

from nearcopy import watching
from nearcopy.errors import InputError, StorageUnavailable, WritesRefused

Client = Any
"""`redis.Redis` or `redis.cluster.RedisCluster`: the index uses only what both have."""

TIMEOUT = 15.0
"""Seconds that one answer may take; to replace the worst text of 2 MiB (131,072 paragraphs) takes some."""

CONNECT_TIMEOUT = 5.0
MOST_CONNECTIONS = 4096
"""Of one client: the driver's own bound of 100 would refuse threads beyond it."""

KEYS_A_CALL = 5000
"""Keys of one MGET, about 64 paragraphs': Redis serves nobody else while it answers one."""

CLUSTER_RETRIES = 3
CLUSTER_SCHEME = "redis+cluster://"
PIPELINED = "of pipeline caused error: "
UNWRITABLE = ("OOM ", "MISCONF ", "READONLY ")
"""Marks what a server says that takes no writes, in a script's error too."""

T = TypeVar("T")
_ends: ContextVar[float | None] = ContextVar("ends", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Inside, no answer of Redis is waited for after so many seconds, however many there were before.

    What comes later raises `StorageUnavailable`, in threads to which the context was handed on as well. A
    command that Redis has begun goes on there; work of ours between two commands is ended by the next one.
    """
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


def _left(most: float) -> float:
    """Seconds that may be waited now."""
    ends = _ends.get()
    left = most if ends is None else min(most, ends - time.monotonic())
    if left <= 0:
        raise redis.TimeoutError("the time for this request is over")
    return left


class _Punctual:
    """What every connection adds to the driver's: it waits no longer than the deadline allows."""

    socket_connect_timeout: Any
    socket_timeout: Any

    def _connect(self: Any) -> Any:
        asked = self.socket_connect_timeout
        self.socket_connect_timeout = _left(asked)
        try:
            return super()._connect()  # type: ignore[misc]
        finally:
            self.socket_connect_timeout = asked

    def send_packed_command(self: Any, *args: Any, **kwargs: Any) -> None:
        self._wait(_left(self.socket_timeout))
        watching.sent(args[0])
        super().send_packed_command(*args, **kwargs)  # type: ignore[misc]

    def read_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            self._wait(_left(self.socket_timeout))
        except redis.TimeoutError:
            # The answer will come all the same, and must not be taken for that of the next command
            self.disconnect()
            raise
        return super().read_response(*args, **kwargs)  # type: ignore[misc]

    def _wait(self: Any, seconds: float) -> None:
        if self._sock is not None:
            self._sock.settimeout(seconds)


class _Tcp(_Punctual, redis.Connection):
    pass


class _Tls(_Punctual, redis.SSLConnection):
    pass


class _Unix(_Punctual, redis.UnixDomainSocketConnection):
    pass


CONNECTIONS = {"rediss": _Tls, "unix": _Unix}
"""By the scheme of the URL; all else is TCP."""


def connect(url: str) -> Client:
    """A client for ``redis://``, ``rediss://``, ``unix://`` or, for a Redis Cluster, ``redis+cluster://``.

    The driver's own retries are off: it would repeat an APPEND whose answer was lost. Raises `InputError` on
    a bad URL; a server that is down shows only when it is first asked.
    """
    options: dict[str, Any] = {
        "socket_timeout": TIMEOUT, "socket_connect_timeout": CONNECT_TIMEOUT, "decode_responses": False,
        "connection_class": CONNECTIONS.get(url.partition(":")[0], _Tcp),
    }
    try:
        if url.startswith(CLUSTER_SCHEME):
            # The driver asks a cluster again where a slot has moved or a node fell; our writes may run twice.
            retry = Retry(NoBackoff(), CLUSTER_RETRIES)
            plain = "redis://" + url.removeprefix(CLUSTER_SCHEME)
            with translated():
                return RedisCluster.from_url(plain, retry=retry, **options)
        return redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), max_connections=MOST_CONNECTIONS, **options
        )
    except ValueError as error:
        # The URL itself is not shown: it may hold a password.
        raise InputError(f"the Redis URL cannot be used: {error}", "redis_url") from None


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StorageUnavailable` for whatever the driver raises about a server that cannot serve."""
    try:
        yield
    except (AuthenticationError, AuthorizationError) as error:
        raise StorageUnavailable(f"Redis refuses the user or password of its URL: {error}") from error
    except redis.TimeoutError as error:
        raise StorageUnavailable(f"Redis did not answer in time: {error}") from error
    except redis.ConnectionError as error:
        raise StorageUnavailable(f"Redis does not answer: {error}") from error
    except (RedisError, RedisClusterException) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> StorageUnavailable:
    # The driver puts the bytes of the command before the reason, and cuts off some of its marks.
    reason = str(error).split(PIPELINED)[-1]
    unwritable = isinstance(error, (OutOfMemoryError, ReadOnlyError)) or any(m in reason for m in UNWRITABLE)
    return (WritesRefused if unwritable else StorageUnavailable)(f"Redis refused: {reason}")


def steady(call: Callable[[], T]) -> T:
    """Run a call that may safely run twice: once more where a pooled connection turned out to be dead."""
    with translated():
        try:
            return call()
        except redis.ConnectionError:
            return call()


def strings(client: Client, names: Sequence[bytes]) -> list[bytes | None]:
    """The strings of all keys in one round trip, by MGETs of `KEYS_A_CALL`.

    The driver packs each key by itself, which takes as long as the server's answer; here keys of one length
    are joined at once.
    """
    calls = [names[start : start + KEYS_A_CALL] for start in range(0, len(names), KEYS_A_CALL)]
    if isinstance(client, RedisCluster):
        return [value for call in calls for value in cast(Any, client).mget(call)]
    connection = client.connection_pool.get_connection()
    try:
        connection.send_packed_command([b"".join(map(_mget, calls))])
        return [value for _ in calls for value in connection.read_response()]
    except BaseException:
        connection.disconnect()
        raise
    finally:
        client.connection_pool.release(connection)


def _mget(names: Sequence[bytes]) -> bytes:
    command = [b"*%d\r\n$4\r\nMGET" % (len(names) + 1)]
    for length, group in groupby(names, len):
        head = b"\r\n$%d\r\n" % length
        command.append(head + head.join(group))
    return b"".join(command) + b"\r\n"


def pipeline(client: Client, together: bool = False) -> Any:
    """Commands sent together; each is atomic by itself. ``together``: one server does them in one go, and
    writes its append-only file once."""
    if isinstance(client, RedisCluster):
        return client.pipeline()  # type: ignore[no-untyped-call]
    return client.pipeline(transaction=together)
