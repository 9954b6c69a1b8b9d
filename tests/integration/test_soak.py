"""The soak of `bench.soak`, for as long as CI can wait."""

from __future__ import annotations

from pathlib import Path

from bench.soak import ARCHIVED, CLIENTS, KILLS, soak
from bench.soak_scene import Scene
from nearcopy.archive import Archive
from tests.integration.auditor import audit

SECONDS = 25.0
RISE = 64.0
"""MiB. A process that was started again may still be growing: only what keeps 30 kB a call is seen here."""


def test_mixed_calls_are_answered_rightly_while_all_is_killed_and_rebuilt(tmp_path: Path) -> None:
    with Scene(tmp_path, hurried=True) as scene:
        found = soak(scene, SECONDS)
        with Archive.open(scene.url, "main", create=False) as archive:
            audit(archive, found.expected)
        with Archive.open(scene.url, "other", create=False) as archive:
            audit(archive, {one.id: one for one in ARCHIVED})
    assert (found.wrong, found.lost, found.findings) == ([], [], [])
    assert found.kills.total() == len(KILLS)
    assert found.ends["done"] > 0
    assert found.rise < RISE
    assert found.calls.total() > 20 * CLIENTS
    assert len(found.expected) > len(ARCHIVED)
