"""One collection in Redis: its parameters, its partitions, its live generations."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from nearcopy.connection import Client, steady
from nearcopy.errors import NoIndex, NotFound, ParametersMismatch
from nearcopy.index import keys
from nearcopy.index.keys import PartitionKeys
from nearcopy.index.shape import Shape
from nearcopy.parameters import Parameters

T = TypeVar("T")
FIRST_GENERATION = b"1"

ATTEMPTS = 100
"""How often the live generation is looked for: more than others could ever be published meanwhile."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition as it was last seen: the live generation, its shape, and whether it has delta pages yet."""

    keys: PartitionKeys
    generation: bytes
    shape: Shape
    written: bool


class Store:
    """A collection opened for reading and writing. Safe to share between threads."""

    def __init__(self, client: Client, collection: str, parameters: Parameters, partitions: int) -> None:
        self.client = client
        self.collection = collection
        self.parameters = parameters
        self.partitions = [self._load(number) for number in range(partitions)]
        self._side_by_side = ThreadPoolExecutor(partitions) if partitions > 1 else None

    @classmethod
    def open(
        cls, client: Client, collection: str, parameters: Parameters | None = None, partitions: int = 1,
        *, create: bool = True,
    ) -> Store:
        """Open a collection, or create it with the parameters given (or the defaults).

        Raises `NotFound` where it is missing and ``create`` is false, `ParametersMismatch` where the stored
        index was built with others than ``parameters``. ``partitions`` counts only on creation.
        """
        stored = steady(lambda: client.get(keys.header(collection)))
        if not stored:
            if not create:
                raise NotFound(f"there is no collection {collection!r}")
            stored = _create(client, collection, parameters or Parameters(), partitions)
        header = json.loads(stored)
        found = _same(collection, header["digest"], header["parameters"], parameters)
        return cls(client, collection, found, header["partitions"])

    def refresh(self, number: int) -> Partition:
        """Look again which generation of a partition is live."""
        self.partitions[number] = self._load(number)
        return self.partitions[number]

    def each_partition(self, call: Callable[[int], T]) -> list[T]:
        """The answers of all partitions, asked side by side."""
        if self._side_by_side is None:
            return [call(0)]
        return list(self._side_by_side.map(call, range(len(self.partitions))))

    def generation(self) -> str:
        """The live generation, as reports state it."""
        return self.partitions[0].generation.decode()

    def counts(self) -> dict[str, Any]:
        """The live generation, documents stored, paragraphs ever numbered in it, bytes of Redis in use by all
        it holds, its version."""
        documents = paragraphs = 0
        for part in [self.refresh(number) for number in range(len(self.partitions))]:
            name = part.keys.counters(part.generation)
            stored, numbered = steady(lambda name=name: self.client.hmget(name, "c", "p"))  # type: ignore[misc]
            documents, paragraphs = documents + int(stored or 0), paragraphs + int(numbered or 0)
        info = steady(self.client.info)
        servers = [info] if "redis_version" in info else list(info.values())
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
            generation = steady(lambda: self.client.get(names.pointer))
            if generation is None:
                raise NoIndex(f"no index is published in partition {number} of {self.collection!r}")
            asked = names.shape(generation), names.written(generation)
            shape, written = steady(lambda asked=asked: self.client.mget(asked))  # type: ignore[misc]
            if shape is not None:
                return Partition(names, generation, Shape.from_json(shape), written is not None)
            # It was retired between the two reads.
        raise NoIndex(f"the index of partition {number} of {self.collection!r} has lost its shape")


def _create(client: Client, collection: str, parameters: Parameters, partitions: int) -> bytes:
    """Write what is missing, so that two creators, or one after a crash, end with one collection.

    The header comes last: a collection that can be opened has all its partitions."""
    def write() -> bytes:
        for number in range(partitions):
            names = PartitionKeys.of(collection, number)
            client.set(names.shape(FIRST_GENERATION), Shape.fresh().to_json(), nx=True)
            client.set(names.pointer, FIRST_GENERATION, nx=True)
        client.set(keys.header(collection), json.dumps(header), nx=True)
        client.sadd(keys.COLLECTIONS, collection)
        return client.get(keys.header(collection))  # type: ignore[no-any-return]

    header = {"parameters": asdict(parameters), "digest": parameters.digest, "partitions": partitions}
    return steady(write)


def _same(collection: str, digest: str, stored: dict[str, Any], wanted: Parameters | None) -> Parameters:
    """The stored parameters, where this version reads them as the one that wrote them did."""
    known = {field.name for field in fields(Parameters)}
    found = Parameters(**{name: value for name, value in stored.items() if name in known})
    if found.digest != digest:
        raise ParametersMismatch(
            f"the index of {collection!r} has digest {digest}, this version of Nearcopy reads its parameters "
            f"as {found.digest}: it was built by another version; rebuild it"
        )
    if wanted is not None and wanted.digest != digest:
        raise ParametersMismatch(
            f"the index of {collection!r} was built with {_told(found, wanted)} (digest {digest}), and was "
            f"to be opened with {_told(wanted, found)} (digest {wanted.digest}): name another collection, or "
            "no parameters, which takes those of the index"
        )
    return found


def _told(parameters: Parameters, other: Parameters) -> str:
    """The parameters in which one differs from another."""
    mine, its = asdict(parameters), asdict(other)
    return ", ".join(f"{name} {value}" for name, value in mine.items() if value != its[name])
