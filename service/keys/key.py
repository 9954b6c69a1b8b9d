"""An API key: what its holder may do, and the token that proves it.

A token reads ``nck_<id>_<secret>``: scanners of repositories and logs recognise it, and the id finds the key
without the secret. The secret is 32 random bytes, so one SHA-256 is all the hashing it needs: nobody can
guess it, however fast he hashes. Slow hashes are for what people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

EVERY_COLLECTION = "*"
"""What stands in a key's collections where it is for all of them, also for those to come."""

_TOKEN = re.compile(r"nck_([0-9a-f]{12})_([0-9a-f]{64})", re.ASCII)


class Role(StrEnum):
    """What a key may do; each may also do what those before it may."""

    CHECK = "check"
    """Check and compare texts; no stored text is shown, nor where in it a passage stands."""
    WRITE = "write"
    """Read, store and remove documents."""
    ADMIN = "admin"
    """All else: rebuild, publish, drop."""

    def covers(self, needed: Role) -> bool:
        """Whether whoever has this role may do what needs the other."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Key:
    """What is stored of a key. Times are ISO 8601 in UTC; ``used`` is right to the hour.

    ``requests`` and ``words``: its own limits a minute, 0 for none; None for those of the service.
    """

    id: str
    name: str
    role: Role
    collections: tuple[str, ...]
    digest: str
    created: str
    used: str | None = None
    revoked: str | None = None
    requests: int | None = None
    words: int | None = None

    def opened_by(self, secret: str) -> bool:
        """Whether that is the key's secret; takes the same time wherever they differ."""
        return hmac.compare_digest(digest(secret), self.digest)

    def is_for(self, collection: str) -> bool:
        """Whether the key may be used in that collection."""
        return EVERY_COLLECTION in self.collections or collection in self.collections


def new_secret() -> tuple[str, str]:
    """An id and a secret that nobody ever had."""
    return secrets.token_hex(6), secrets.token_hex(32)


def token(id: str, secret: str) -> str:
    """What the holder of the key sends."""
    return f"nck_{id}_{secret}"


def parts(token: str) -> tuple[str, str] | None:
    """Id and secret of a token; None where it is none."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None


def digest(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
