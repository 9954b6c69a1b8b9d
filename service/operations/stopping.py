"""The end of a worker process: what it has begun it finishes, and what has no end of its own is ended.

granian takes no new connections after SIGTERM, and waits for the requests in flight. A stream may go on for
ever, so after `STREAM_SECONDS` it is told to end with a line that says where to go on.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

STREAM_SECONDS = 8.0
"""What streams get to end by themselves: the service kills a worker that has not finished after 15."""

_ends: set[Callable[[], None]] = set()
_lock = threading.Lock()
_over = threading.Event()


def listen() -> None:
    """Notice the order to stop, whoever handles it. To be called on the main thread of a process."""
    told, teller = socket.socketpair()
    teller.setblocking(False)
    signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(told, teller), daemon=True).start()


@contextlib.contextmanager
def ended_in_time(end: Callable[[], None]) -> Iterator[None]:
    """Have ``end`` called, from another thread, where the service stops and what runs inside goes on."""
    with _lock:
        _ends.add(end)
    if _over.is_set():
        end()
    try:
        yield
    finally:
        with _lock:
            _ends.discard(end)


def _wait(told: socket.socket, teller: socket.socket) -> None:
    # Held here, or it would be closed while signals still write to it
    with told, teller:
        while told.recv(1)[0] not in (signal.SIGTERM, signal.SIGINT):
            pass
        time.sleep(STREAM_SECONDS)
        _over.set()
        with _lock:
            ends = list(_ends)
        for end in ends:
            end()
        # For as long as the process lives
        threading.Event().wait()
