"""Processes that die with the one that started them, however that dies."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1
"""Of prctl(2), on Linux."""


def die_with(parent: int) -> None:
    """Have the system kill this process as soon as its parent is dead. A rebuild that nobody watches any more
    would run beside the one that takes its place."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
