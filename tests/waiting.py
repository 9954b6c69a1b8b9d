"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 60


def until(true: Callable[[], bool]) -> None:
    """Wait for it; raises AssertionError where it does not come."""
    ends = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < ends, f"it did not come in {SECONDS} seconds"
        time.sleep(0.02)
