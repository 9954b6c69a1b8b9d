"""Looking again, and mending: each in one step, so that no writer comes in between.

What was read page by page while others write may only look wrong. It is off where one step that reads all
that belongs together still finds it so; and it is mended in one step that changes nothing unless all is as it
was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from nearcopy.connection import steady
from nearcopy.errors import NotFound
from nearcopy.index.store import Partition, Store

HEAD = 8
"""Bytes of a stored text that tell its content: their digest."""

ATTEMPTS = 50
"""How often something is looked at again that others keep changing."""

_LOOK = """
-- Strings, and the first bytes of texts, at one moment.
-- KEYS[1] the generation's shape  ARGV[1] how many strings  ARGV[2..] their keys, then those of the texts
-- Returns their values in order, missing ones as nil or ''; nothing where the generation is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
local values = {}
for i = 2, #ARGV do
  local value
  if i <= ARGV[1] + 1 then value = redis.pcall('GET', ARGV[i])
  else value = redis.pcall('GETRANGE', ARGV[i], 0, 7) end
  -- What is no string is none.
  values[i - 1] = type(value) == 'string' and value
end
return values
"""

_CHANGE = """
-- Commands that are carried out only where everything is as it was seen.
-- KEYS[1] the generation's shape  ARGV[1] how many checks
-- Each check: kind, key, field, expected. page: SHA-1 of a string, '' where there is none; head: the first
-- 8 bytes of a string; entry: a field of a hash, '' where there is none.
-- Then the commands: how many arguments, and these.
-- Returns 1 where they were carried out.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local at, value = 2, nil
for _ = 1, ARGV[1] do
  local kind, key, field, expected = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  if kind == 'page' then
    value = redis.pcall('GET', key)
    value = type(value) == 'string' and redis.sha1hex(value) or ''
  elseif kind == 'head' then
    value = redis.pcall('GETRANGE', key, 0, 7)
    value = type(value) == 'string' and value or ''
  else value = redis.call('HGET', key, field) or '' end
  if value ~= expected then return 0 end
  at = at + 4
end
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + count))
  at = at + 1 + count
end
return 1
"""

Argument = bytes | str | int


class Gone(NotFound):
    """The generation was dropped while it was looked at."""


def look(
    store: Store, part: Partition, strings: Sequence[bytes], texts: Sequence[bytes] = ()
) -> tuple[list[bytes | None], list[bytes]]:
    """The values of strings, None where there is none, and the first `HEAD` bytes of texts, at one moment.

    Raises `Gone` where the generation is no longer there."""
    shape = part.keys.shape(part.generation)
    values = steady(lambda: store.client.eval(_LOOK, 1, shape, len(strings), *strings, *texts))
    if len(values) != len(strings) + len(texts):
        raise Gone(f"generation {part.generation.decode()} was dropped while it was looked at")
    return values[: len(strings)], [head or b"" for head in values[len(strings) :]]


@dataclass(slots=True)
class Change:
    """Commands, and what must be as it was seen for them to be carried out."""

    checks: list[Argument] = field(default_factory=list)
    commands: list[Argument] = field(default_factory=list)

    def string(self, key: bytes, value: bytes | None) -> None:
        """A string must be this one."""
        expected = "" if value is None else hashlib.sha1(value, usedforsecurity=False).hexdigest()
        self.checks += ["page", key, "", expected]

    def head(self, key: bytes, value: bytes) -> None:
        """A text must begin with these bytes."""
        self.checks += ["head", key, "", value]

    def entry(self, key: bytes, name: bytes, value: bytes | None) -> None:
        """A field of a hash must have this value."""
        self.checks += ["entry", key, name, value or b""]

    def run(self, *command: Argument) -> None:
        """Carry this out."""
        self.commands += [len(command), *command]

    def made(self, store: Store, part: Partition) -> bool:
        """Whether it was carried out. Where the answer was lost it is asked again, and then may say no."""
        if not self.commands:
            return True
        shape, checks = part.keys.shape(part.generation), len(self.checks) // 4
        return bool(
            steady(lambda: store.client.eval(_CHANGE, 1, shape, checks, *self.checks, *self.commands))
        )
