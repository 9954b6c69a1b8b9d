"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for it; raises AssertionError where it does not come."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, f"it did not come in {seconds:.0f} seconds"
        time.sleep(0.02)
