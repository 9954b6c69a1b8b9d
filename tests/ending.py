"""Waiting for the end of processes that are not children of the test."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import psutil


def still_running(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that go on after so long. Those that have ended and wait to be reaped do not: whoever inherited
    them may take seconds to do it."""
    ends = time.monotonic() + seconds
    while (left := [one for one in processes if _runs(one)]) and time.monotonic() < ends:
        time.sleep(0.01)
    return left


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
