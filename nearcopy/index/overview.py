"""What all collections of a Redis hold, in a few round trips however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nearcopy.connection import Client, pipeline, steady
from nearcopy.index import keys
from nearcopy.index.header import Header
from nearcopy.index.keys import PartitionKeys


@dataclass(frozen=True, slots=True)
class Held:
    """A collection: its live generation (0: none is published), documents stored and paragraphs numbered."""

    collection: str
    generation: int
    documents: int
    paragraphs: int


def held(client: Client, names: Sequence[str]) -> list[Held]:
    """What each of these collections holds; one that is gone is left out. Raises `StorageUnavailable`."""
    headers = _all(client, (("get", keys.header(name)) for name in names))
    there = [(name, header) for name, header in zip(names, headers, strict=True) if header]
    found = {name: range(Header.unpacked(header).partitions) for name, header in there}
    parts = [(name, PartitionKeys.of(name, number)) for name, numbers in found.items() for number in numbers]
    pointers = _all(client, (("get", part.pointer) for _, part in parts))
    live = [(name, part, pointer) for (name, part), pointer in zip(parts, pointers, strict=True) if pointer]
    counters = _all(client, (("hmget", part.counters(pointer), "c", "p") for _, part, pointer in live))
    sums = {name: [0, 0, 0] for name in found}
    for (name, _, pointer), (documents, paragraphs) in zip(live, counters, strict=True):
        one = sums[name]
        one[:] = int(pointer), one[1] + int(documents or 0), one[2] + int(paragraphs or 0)
    return [Held(name, *one) for name, one in sums.items()]


def servers(client: Client) -> list[dict[str, Any]]:
    """What each server says of itself. Raises `StorageUnavailable`."""
    info = steady(client.info)
    return [info] if "redis_version" in info else list(info.values())


def _all(client: Client, calls: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The answers to these commands, which change nothing, sent together."""
    commands = list(calls)

    def send() -> list[Any]:
        together = pipeline(client)
        for name, *arguments in commands:
            getattr(together, name)(*arguments)
        return list(together.execute())

    return steady(send) if commands else []
