"""Clients that send or read too slowly: their connections are closed, so that they hold nothing for ever.

granian hands a request on before its body has come, and a thread that reads one waits for as long as the
client likes: granian bounds the time of a request's head alone. Threads for that are plenty
(`Settings.threads`), work is not done on them meanwhile, and this bounds how long each of them is held. The
kernel knows when something was last sent over a connection; one that was given nothing for longer than any
request may take has a client that does not send, or does not read. The reading half of it is shut down: the
thread then reads the end of the body, and the client is still told why.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator

LOOK_SECONDS = 1.0

LAST_SENT = 44
"""Where in Linux's ``struct tcp_info`` the milliseconds since something was last sent are, in 4 bytes."""

FDS = "/proc/self/fd"


def hang_up_on_the_slow(port: int, seconds: float) -> None:
    """From now on, close every connection to that port of ours over which nothing was sent for so long.

    On systems other than Linux nothing is closed: a proxy in front of the service must do it there.
    """
    if os.path.isdir(FDS) and hasattr(socket, "TCP_INFO"):
        threading.Thread(target=_look, args=(port, seconds), daemon=True).start()


def _look(port: int, seconds: float) -> None:
    pause = threading.Event()
    while not pause.wait(min(LOOK_SECONDS, seconds)):
        for connection in _connections(port):
            with connection, contextlib.suppress(OSError):
                if _silent_seconds(connection) > seconds:
                    connection.shutdown(socket.SHUT_RD)


def _connections(port: int) -> Iterator[socket.socket]:
    """Those of this process that were accepted at the port, each as a duplicate to be closed."""
    for fd in os.listdir(FDS):
        with contextlib.suppress(OSError):
            # The target tells sockets from files without touching them
            if os.readlink(f"{FDS}/{fd}").startswith("socket:"):
                found = socket.socket(fileno=os.dup(int(fd)))
                if _is_accepted(found, port):
                    yield found
                else:
                    found.close()


def _is_accepted(found: socket.socket, port: int) -> bool:
    if found.family not in (socket.AF_INET, socket.AF_INET6) or found.type != socket.SOCK_STREAM:
        return False
    listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return not listens and found.getsockname()[1] == port


def _silent_seconds(connection: socket.socket) -> float:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, LAST_SENT + 4)
    return float(struct.unpack_from("=I", info, LAST_SENT)[0]) / 1000
