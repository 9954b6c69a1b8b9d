"""The lock of a collection: one rebuild, publish or drop at a time. It dies with its holder.

It is a key that expires and that its holder renews; whoever finds that its holder was a process of this
machine that has gone need not wait for that. A holder that was silent for too long (stopped, or cut
off from Redis) has lost it, and is told so before it does anything that another must not see.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from dataclasses import dataclass
from types import TracebackType

import psutil

from nearcopy.connection import Client, steady
from nearcopy.errors import Busy, NearcopyError
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.store import Store

SECONDS = 30.0
"""Without a sign of life after which a holder is dead: longer than a restart of Redis takes."""

_TAKE = """
-- Take or renew a lock.
-- KEYS[1] the lock  ARGV[1] the holder  ARGV[2] milliseconds  ARGV[3] a holder who is dead, or ''
-- Returns who holds it now.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""

_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


@dataclass(frozen=True, slots=True)
class Named:
    """A collection that is not opened, as it may have no index any more."""

    client: Client
    collection: str


class Lock:
    """A context manager. Raises `Busy` where another holds the lock."""

    def __init__(self, store: Store | Named, seconds: float = SECONDS) -> None:
        self.holder = f"{_machine()} {os.getpid()} {secrets.token_hex(16)}".encode()
        self._store, self._seconds = store, seconds
        self._name = PartitionKeys.of(store.collection, 0).lock
        self._end = threading.Event()
        self._lost = False

    def check(self) -> None:
        """Raise `NearcopyError` where another holds the lock by now."""
        if self._lost:
            raise NearcopyError(
                f"another rebuild of {self._store.collection!r} has begun, since this one gave no sign of "
                "life: nothing more is done here"
            )

    def renew(self) -> None:
        """Say that the holder lives; it has lost the lock where another holds it."""
        self._lost = self._lost or not self._take()

    def _take(self) -> bool:
        now = self._taken(b"")
        if now != self.holder and _is_dead(now):
            now = self._taken(now)
        return now == self.holder

    def _taken(self, dead: bytes) -> bytes:
        asked = self._name, self.holder, int(self._seconds * 1000), dead
        return steady(lambda: self._store.client.eval(_TAKE, 1, *asked))  # type: ignore[no-any-return]

    def _live(self) -> None:
        while not self._end.wait(self._seconds / 6):
            # Redis may be away for a while: the lock may be had again as long as nobody else has it.
            with contextlib.suppress(NearcopyError):
                self.renew()

    def __enter__(self) -> Lock:
        if not self._take():
            raise Busy(
                f"collection {self._store.collection!r} is being rebuilt, or a generation of it published or "
                "dropped: wait for the end of that"
            )
        self._thread = threading.Thread(target=self._live, daemon=True, name="lock")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        with contextlib.suppress(NearcopyError):
            leave(self._store.client, self._name, self.holder)


def leave(client: Client, name: str | bytes, holder: str | bytes) -> None:
    """Remove a key where it still names this holder."""
    steady(lambda: client.eval(_LEAVE, 1, name, holder))


def _machine() -> str:
    """Where a process number means the same: a host, or one container on it."""
    try:
        return f"{socket.gethostname()}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return socket.gethostname()


def _is_dead(holder: bytes) -> bool:
    """Whether a holder was a process of this machine and has gone."""
    machine, process, _ = holder.decode().rsplit(" ", 2)
    if machine != _machine():
        return False
    try:
        os.kill(int(process), 0)
        # A dead one stays a zombie where nobody waits for it, as in a container without an init
        return psutil.Process(int(process)).status() == psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return True
    except PermissionError:
        return False
