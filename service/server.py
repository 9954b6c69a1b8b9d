"""The production server: granian's worker processes around the application."""

from __future__ import annotations

import contextlib
import ctypes
import encodings.idna  # noqa: F401
import gc
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from nearcopy.archive import warm_up
from nearcopy.errors import NearcopyError, StorageUnavailable
from nearcopy.watching import watch
from service.app import create_app
from service.archives import Archives
from service.chosen import FILE, PREFIX, SettingsError
from service.keeper import Keeper
from service.keys.store import opened
from service.limits.slow import hang_up_on_the_slow
from service.operations import log, stopping
from service.operations.metrics import Metrics, folder
from service.settings import Settings
from service.uploads.readers import Readers

# `encodings.idna` is imported by whatever looks a host up. A worker forked while a thread of its parent
# imports a module has that module's lock for ever: its first request, which needs it too, would never end.

M_ARENA_MAX = -8
"""Of ``mallopt`` in malloc.h."""

ARENAS = 2

STOP_SECONDS = 15
"""A worker that has not finished its requests by then is killed."""

START_SECONDS = 120
"""The first start of all compiles the kernels, which takes this long on a slow machine."""


def application() -> Flask:
    """What each worker serves. The kernels are loaded first, so that no request ever waits for a compiler."""
    _leave_signals_to_the_parent()
    _take_few_arenas()
    stopping.listen()
    settings = Settings.from_environ()
    log.configure(settings.log_format, settings.log_level)
    metrics = Metrics()
    watch(metrics)
    warm_up()
    archives = Archives(settings.redis_url, settings.collection)
    # Redis may still be on its way: /readyz says so, and the first call that finds it makes the collection
    with contextlib.suppress(NearcopyError):
        archives.get()
    hang_up_on_the_slow(settings.port, settings.silence)
    readers = Readers(settings)
    readers.start()
    return create_app(archives, settings, readers, metrics)


def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C. ``ready`` is told where and whom it answers, once it does.

    Without a Redis URL the embedded Redis runs as long as the service, and is started again where it dies.
    Raises `StorageUnavailable` where there is no Redis to start (a Redis of the user's own may come later),
    `SettingsError` where strangers would be answered without an API key.
    The caller has made sure with `check_address` that the address is free: granian would share the port.
    """
    # Workers are forked where the system allows it, and have the kernels from the start
    warm_up()
    # What is there now stays until the end. A collector that walked it in a worker would write to each page,
    # and make its own what all workers share
    gc.freeze()
    with folder(), _redis_url(settings) as url:
        whom = _who_is_answered(settings, url)
        # The workers read their settings from the environment, as they would behind another server
        os.environ.update(settings.model_copy(update={"redis_url": url}).to_environ())
        os.environ.pop(PREFIX + FILE.upper(), None)
        told = (settings, lambda address: ready(f"{address}{whom}; the page is {address}/check"))
        threading.Thread(target=_announce, args=told, daemon=True).start()
        server = Granian(
            "service.server:application",
            factory=True,
            interface=Interfaces.WSGI,
            address=settings.host,
            port=settings.port,
            workers=settings.workers,
            blocking_threads=settings.threads,
            # Connections that a worker accepts; idle ones cost no thread
            backpressure=2 * settings.threads,
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            log_level=LogLevels.error,
            log_dictconfig=log.handlers(settings.log_format),
        )
        hang_up = signal.getsignal(signal.SIGHUP)
        # granian reloads on SIGHUP. Nothing can have changed; a terminal that closes means the end, or nohup
        server.on_startup(
            lambda: signal.signal(
                signal.SIGHUP, hang_up if hang_up == signal.SIG_IGN else signal.getsignal(signal.SIGTERM)
            )
        )
        server.serve()


def _take_few_arenas() -> None:
    """Have the threads share two heaps.

    glibc would give them eight a core, and each keeps the memory of the largest check that it has seen: a
    process had 870 MB after 100,000 checks, and has 374 (``python -m bench.service --memory``).
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        # Other C libraries have no such call, and no such heaps
        with contextlib.suppress(AttributeError, TypeError, OSError):
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


@contextlib.contextmanager
def _redis_url(settings: Settings) -> Iterator[str]:
    """The URL of the Redis that is set, else that of the embedded one, which is stopped at the end."""
    if settings.redis_url is not None:
        yield settings.redis_url
        return
    with Keeper(Path(settings.data_dir) if settings.data_dir else None) as keeper:
        yield keeper.url


def _who_is_answered(settings: Settings, url: str) -> str:
    """What to say after the address. Raises `SettingsError` where strangers would be answered unasked."""
    try:
        with opened(url) as keys:
            protected = keys.any()
    except StorageUnavailable:
        # It may come later. Every request asks again, and without an answer none is let in
        return ""
    if protected:
        return ", to whoever has an API key"
    if settings.exposed:
        raise SettingsError(
            f"{settings.host} can be reached from other machines, and there is no API key yet: make one with "
            "`nearcopy keys create --name NAME --role admin --collection '*'`, or set NEARCOPY_OPEN=1 where "
            "the network is private"
        )
    if not settings.local:
        return ", to everybody: NEARCOPY_OPEN is set, and there is no API key"
    return ", to this machine alone, as there is no API key"


def _leave_signals_to_the_parent() -> None:
    # A forked worker still has the parent's handlers, which would swallow the order to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # Ctrl-C reaches the terminal's whole group; the parent tells the workers in its own time
    os.setpgid(0, 0)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """A parent that was killed tells nobody, and its workers would keep the port."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _announce(settings: Settings, ready: Callable[[str], None]) -> None:
    """Tell the address as soon as a worker accepts a connection there."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    for _ in range(START_SECONDS * 20):
        with contextlib.suppress(OSError), socket.create_connection((host, settings.port), timeout=1):
            ready(f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}")
            return
        time.sleep(0.05)
