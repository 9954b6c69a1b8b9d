"""One collection in Redis: its partitions, and of each the live generation with its parameters."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, TypeVar

from nearcopy.connection import Client, steady
from nearcopy.errors import Exists, NoIndex, NotFound, ParametersMismatch
from nearcopy.index import header, keys, overview
from nearcopy.index.header import Header
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.shape import Shape
from nearcopy.parameters import Parameters

T = TypeVar("T")

ATTEMPTS = 100
"""How often the live generation is looked for: more than others could ever be published meanwhile."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A generation of a partition as it was last seen: its shape and parameters, and whether it has delta
    pages yet. ``live`` is false where it was opened by its number, to be looked at beside the live one."""

    keys: PartitionKeys
    generation: bytes
    shape: Shape
    parameters: Parameters
    written: bool
    live: bool = True


class Store:
    """A collection opened for reading and writing. Safe to share between threads.

    ``generation``: the one to look at, whether it is live or not; by default always the live one.
    """

    def __init__(
        self, client: Client, collection: str, partitions: int, generation: bytes | None = None
    ) -> None:
        self.client = client
        self.collection = collection
        self._pinned = generation
        self.partitions = [self._load(number) for number in range(partitions)]
        self._side_by_side = ThreadPoolExecutor(partitions) if partitions > 1 else None

    @classmethod
    def open(
        cls, client: Client, collection: str, parameters: Parameters | None = None, partitions: int = 1,
        *, create: bool = True,
    ) -> Store:
        """Open a collection, or create it with the parameters given (or the defaults).

        Raises `NotFound` where it is missing and ``create`` is false, `ParametersMismatch` where the stored
        index was built with others than ``parameters``, `Busy` while it is dropped and cannot be created.
        ``partitions`` counts only on creation.
        """
        if create and header.find(client, collection) is None:
            _create(client, collection, parameters or Parameters(), Header(partitions))
        store = cls(client, collection, header.read(client, collection).partitions)
        if parameters is not None and parameters != store.parameters:
            found = store.parameters
            raise ParametersMismatch(
                f"the index of {collection!r} was built with {_told(found, parameters)} (digest "
                f"{found.digest}), and was to be opened with {_told(parameters, found)} (digest "
                f"{parameters.digest}): name another collection, or no parameters, which takes those of the "
                "index"
            )
        return store

    @classmethod
    def create(
        cls, client: Client, collection: str, parameters: Parameters, partitions: int, keep: str | None
    ) -> Store:
        """Create a collection; ``keep``: see `Header`. Raises `Exists`, and `Busy` while it is dropped."""
        known = header.find(client, collection) is not None
        if known or not _create(client, collection, parameters, Header(partitions, keep)):
            raise Exists(f"there is a collection {collection!r} already: drop it first, or take another name")
        return cls(client, collection, partitions)

    def at(self, generation: bytes) -> Store:
        """The same collection in one generation, live or not, for reading. Raises `NotFound`."""
        return Store(self.client, self.collection, len(self.partitions), generation)

    @property
    def parameters(self) -> Parameters:
        """Those of the generation that was last seen; another may be published at any time."""
        return self.partitions[0].parameters

    def refresh(self, number: int) -> Partition:
        """Look again which generation of a partition is live. Raises `NoIndex` where there is none."""
        found = header.find(self.client, self.collection)
        if found is None or found.partitions != len(self.partitions):
            raise NoIndex(f"collection {self.collection!r} was dropped since it was opened")
        self.partitions[number] = self._load(number)
        return self.partitions[number]

    def each_partition(self, call: Callable[[int], T]) -> list[T]:
        """The answers of all partitions, asked side by side."""
        if self._side_by_side is None:
            return [call(0)]
        # Each in a context of its own, so that the deadline of this one holds there too
        calls = [partial(copy_context().run, call, number) for number in range(len(self.partitions))]
        return list(self._side_by_side.map(lambda run: run(), calls))

    def generation(self) -> str:
        """The live generation, as reports state it."""
        return self.partitions[0].generation.decode()

    def sizes(self) -> tuple[int, int]:
        """Documents stored, and paragraphs ever numbered, in the generation that was last seen."""
        documents = paragraphs = 0
        for part in self.partitions:
            name = part.keys.counters(part.generation)
            stored, numbered = steady(lambda name=name: self.client.hmget(name, "c", "p"))  # type: ignore[misc]
            documents, paragraphs = documents + int(stored or 0), paragraphs + int(numbered or 0)
        return documents, paragraphs

    def counts(self) -> dict[str, Any]:
        """The live generation, documents stored, paragraphs ever numbered in it, bytes of Redis in use by all
        it holds, its version."""
        for number in range(len(self.partitions)):
            self.refresh(number)
        documents, paragraphs = self.sizes()
        servers = overview.servers(self.client)
        return {
            "generation": self.generation(),
            "documents": documents,
            "paragraphs": paragraphs,
            "bytes": sum(server["used_memory"] for server in servers),
            "redis_version": servers[0].get("valkey_version") or servers[0]["redis_version"],
        }

    def close(self) -> None:
        """Give the connections back."""
        if self._side_by_side is not None:
            self._side_by_side.shutdown()
        self.client.close()

    def _load(self, number: int) -> Partition:
        names = PartitionKeys.of(self.collection, number)
        for _ in range(ATTEMPTS):
            generation = self._pinned or steady(lambda: self.client.get(names.pointer))
            if generation is None:
                raise NoIndex(f"no index is published in partition {number} of {self.collection!r}")
            asked = names.shape(generation), names.written(generation)
            stored, written = steady(lambda asked=asked: self.client.mget(asked))  # type: ignore[misc]
            if stored is not None:
                shape, parameters = unpacked(stored)
                return Partition(names, generation, shape, parameters, written is not None, not self._pinned)
            if self._pinned:
                raise NotFound(f"collection {self.collection!r} has no generation {generation.decode()}")
            # It was retired between the two reads.
        raise NoIndex(f"the index of partition {number} of {self.collection!r} has lost its shape")


def packed(shape: Shape, parameters: Parameters) -> str:
    """What a generation keeps of itself, as JSON."""
    return json.dumps({**asdict(shape), "parameters": asdict(parameters), "digest": parameters.digest})


def unpacked(stored: bytes) -> tuple[Shape, Parameters]:
    """What a generation kept of itself; raises `ParametersMismatch` where this version of Nearcopy does not
    read it as the one that wrote it did."""
    found = json.loads(stored)
    known = {field.name for field in fields(Parameters)}
    parameters = Parameters(**{k: v for k, v in found.get("parameters", {}).items() if k in known})
    if parameters.digest != found.get("digest"):
        raise ParametersMismatch(
            f"the index has digest {found.get('digest')}, and this version of Nearcopy reads its parameters "
            f"as {parameters.digest}: it was built by another version; build it anew from its archives"
        )
    return Shape(found["base"], found["delta"]), parameters


def _create(client: Client, collection: str, parameters: Parameters, made: Header) -> bool:
    """Write what is missing, so that two creators, or one after a crash, end with one collection; whether
    there was none.

    The first partition decides on the parameters. The header comes last: a collection that can be opened has
    all its partitions."""
    def write() -> None:
        first = b"%d" % (int(client.hget(keys.DROPPED, collection) or 0) + 1)
        state: str | bytes = packed(Shape.fresh(), parameters)
        for number in range(made.partitions):
            names = PartitionKeys.of(collection, number)
            client.set(names.shape(first), state, nx=True)
            state = client.get(names.shape(first)) or state
            client.set(names.pointer, first, nx=True)

    if header.is_hidden(client, collection):
        raise header.being_dropped(collection)
    steady(write)
    return header.create(client, collection, made)


def _told(parameters: Parameters, other: Parameters) -> str:
    """The parameters in which one differs from another."""
    mine, its = asdict(parameters), asdict(other)
    return ", ".join(f"{name} {value}" for name, value in mine.items() if value != its[name])
