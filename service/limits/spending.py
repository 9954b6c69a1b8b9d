"""What a key may spend a minute: requests, and words of the texts that it sends.

Counted in Redis, so for all processes together, in whole minutes of the clock: where a limit is met, the
next minute helps, and ``Retry-After`` says in how many seconds that is. The headers are those of
draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from flask import Response, g
from limits.storage import MemoryStorage, RedisStorage, Storage
from pydantic import BaseModel

from nearcopy.connection import Client, translated
from nearcopy.errors import WritesRefused
from nearcopy.index.keys import SPENT
from nearcopy.text.scanning import scan_texts
from service.keys.key import Key
from service.models import TextBody
from service.problems import RATE_LIMITED, Refused

WINDOW_SECONDS = 60

What = Literal["requests", "words"]


class SharedStorage(RedisStorage):
    """The counters of `limits` over our own client, which may be a cluster's; `limits` would open another."""

    def __init__(self, client: Client) -> None:
        Storage.__init__(self)
        self.key_prefix = SPENT
        self.target_server = "redis"
        self.dependency = self.dependencies["redis"].module
        self.storage = client
        self.initialize_storage("")


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit of a key, and what is left of it for ``reset`` seconds."""

    name: What
    limit: int
    left: int
    reset: int


class Spending:
    """What keys spend. ``limits``: those of a key that has none of its own, a minute; 0 for none."""

    def __init__(self, client: Callable[[], Client], limits: dict[What, int]) -> None:
        self._client = client
        self._limits = limits
        self._own = MemoryStorage()

    def spend(self, key: Key | None, what: What, amount: int = 1) -> None:
        """Spend that much, or refuse. Without a key there is nobody to be fair to: nothing is counted.

        Raises `StorageUnavailable`.
        """
        limit = self._limit(key, what)
        if key is None or not limit or not amount:
            return
        minute, gone = divmod(time.time(), WINDOW_SECONDS)
        reset = WINDOW_SECONDS - int(gone)
        counter = f"{key.id}/{what}/{int(minute)}"
        spent = self._add(counter, amount)
        if spent > limit:
            # A request that was refused has spent nothing, or a large text would keep small ones out
            left = max(0, limit - self._add(counter, -amount))
            _note(Quota(what, limit, left, reset))
            raise Refused(RATE_LIMITED, _advice(what, amount, limit, left, reset), retry_after=reset)
        _note(Quota(what, limit, limit - spent, reset))

    def _add(self, counter: str, amount: int) -> int:
        try:
            with translated():
                return self._counters.incr(counter, 2 * WINDOW_SECONDS, amount)
        except WritesRefused:
            # A full Redis still answers checks: until it has room, each process counts what it lets in
            return self._own.incr(counter, 2 * WINDOW_SECONDS, amount)

    def spend_words(self, key: Key | None, given: Iterable[BaseModel]) -> None:
        """Spend the words of the texts that a request sent, as the engine counts them."""
        if self._limit(key, "words"):
            bodies = (body for body in given if isinstance(body, TextBody))
            texts = [getattr(body, name) for body in bodies for name in body.TEXTS]
            self.spend(key, "words", len(scan_texts(texts).hashes) if texts else 0)

    def _limit(self, key: Key | None, what: What) -> int:
        if key is None:
            return 0
        own = key.requests if what == "requests" else key.words
        return self._limits[what] if own is None else own

    @cached_property
    def _counters(self) -> SharedStorage:
        return SharedStorage(self._client())


def _advice(what: What, amount: int, limit: int, left: int, reset: int) -> str:
    if amount > limit:
        return f"these are {amount} {what}, and the key may spend {limit} a minute: send them in parts"
    return f"the key may spend {limit} {what} a minute, and has {left} left: go on in {reset} seconds"


def _note(quota: Quota) -> None:
    g.setdefault("quotas", {})[quota.name] = quota


def tell_quotas(response: Response) -> Response:
    """Add the headers that tell what is left."""
    quotas: list[Quota] = list(g.get("quotas", {}).values())
    if quotas:
        policies = (f'"{quota.name}";q={quota.limit};w={WINDOW_SECONDS}' for quota in quotas)
        left = (f'"{quota.name}";r={quota.left};t={quota.reset}' for quota in quotas)
        response.headers["RateLimit-Policy"] = ", ".join(policies)
        response.headers["RateLimit"] = ", ".join(left)
    return response
