"""The places at which requests work, and how many of them one key may have."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from flask import Flask, g

from service.keys.key import Key, Role
from service.limits.work import Places
from service.problems import OVERLOADED, Refused


def take(held: ExitStack, places: Places, id: str) -> None:
    """Work for a key, or for nobody known, until the stack is closed."""
    with Flask("x").app_context():
        g.key = Key(id, id, Role.CHECK, ("*",), "", "") if id else None
        held.enter_context(places.one())


def test_one_key_never_has_all_places() -> None:
    places, mine, others = Places(4, 1.0, 8), ExitStack(), ExitStack()
    for _ in range(3):
        take(mine, places, "a")
    with pytest.raises(Refused, match="as one API key may have") as refused:
        take(mine, places, "a")
    assert refused.value.problem is OVERLOADED
    take(others, places, "b")
    with pytest.raises(Refused, match="as the service takes"):
        take(others, places, "c")
    mine.close()
    for id in ("c", "c", "a"):
        take(others, places, id)
    others.close()
    # Who has no key has all of them where none is needed
    for _ in range(4):
        take(mine, places, "")
    mine.close()
