"""Which connections are too slow, as the kernel tells it."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from service.limits.slow import FDS, _connections, _silent_seconds, hang_up_on_the_slow

pytestmark = pytest.mark.skipif(not Path(FDS).is_dir(), reason="only Linux tells")


def test_only_accepted_connections_of_the_port_are_looked_at() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as other,
        socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted,
        socket.create_connection(other.getsockname()), other.accept()[0],
        socket.socket(), socket.socket(socket.AF_UNIX), socket.socket(type=socket.SOCK_DGRAM),
    ):
        found = []
        for one in _connections(server.getsockname()[1]):
            with one:
                found.append(one.getpeername())
        assert found == [client.getsockname()]
        # They were duplicates
        client.sendall(b"x")
        assert accepted.recv(1) == b"x"


def test_a_connection_is_silent_since_something_was_last_sent_over_it() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted,
    ):
        time.sleep(0.3)
        client.sendall(b"what comes in does not count")
        assert _silent_seconds(accepted) > 0.25
        accepted.sendall(b"x")
        assert _silent_seconds(accepted) < 0.25


def test_whoever_is_silent_for_too_long_reads_the_end_and_can_be_told_why() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted,
    ):
        hang_up_on_the_slow(server.getsockname()[1], 0.2)
        accepted.settimeout(20)
        assert accepted.recv(1) == b""
        accepted.sendall(b"too slow")
        client.settimeout(20)
        assert client.recv(100) == b"too slow"
