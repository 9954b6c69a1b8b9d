"""What is asked of a rebuild."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

from nearcopy.document import COLLECTION_NAME, NAMED_FIELDS
from nearcopy.errors import InputError

Kind = Literal["rebuild", "load", "clusters"]

MAPPED = ("id", "text", *NAMED_FIELDS)
"""What a field of an archive's records can be mapped to."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done; checked where it is made, so that one that exists can be run.

    ``kind``: ``rebuild`` makes the collection exactly the ``archives`` (from its stored documents where there
    are none), ``load`` adds them to it, ``clusters`` finds the clusters of its documents. ``mapping``:
    `MAPPED` -> field of the records. ``threshold``, ``probability``, ``shingle``: of the new index; None
    takes those of the live one. Of clusters, ``threshold`` (None: 0.5) and ``containment`` (None: of any)
    are what a pair has at least one of. ``memory``: bytes that all processes may take together.
    ``max_rejects``: records that may be unusable before it fails; None for any. ``keep``: superseded
    generations that stay for rollback. ``audit``: documents in the sample.
    """

    kind: Kind = "rebuild"
    collection: str = "main"
    archives: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    threshold: float | None = None
    probability: float | None = None
    shingle: int | None = None
    memory: int = 1 << 30
    max_rejects: int | None = None
    keep: int = 1
    audit: int = 200
    containment: float | None = None

    def __post_init__(self) -> None:
        """Raise `InputError`, which names the field, where one cannot be used."""
        if self.kind not in get_args(Kind):
            raise InputError("kind must be rebuild, load or clusters", "kind")
        if not isinstance(self.collection, str) or not re.fullmatch(COLLECTION_NAME, self.collection):
            raise InputError("collection has 1 to 64 of a-z, 0-9, - and _", "collection")
        self._check_archives()
        self._check_mapping()
        for name in ("threshold", "probability", "containment"):
            _check_share(getattr(self, name), name)
        for name, least in ("memory", 1), ("keep", 0), ("audit", 0):
            _check_count(getattr(self, name), name, least)
        for name, least in ("shingle", 1), ("max_rejects", 0):
            if getattr(self, name) is not None:
                _check_count(getattr(self, name), name, least)

    def to_json(self) -> dict[str, Any]:
        """A JSON object of all fields."""
        return {**asdict(self), "archives": list(self.archives), "mapping": dict(self.mapping)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Task:
        """The task of a JSON object; what is left out has its default. Raises `InputError`."""
        unknown = value.keys() - {one.name for one in fields(cls)}
        if unknown:
            name = min(unknown)
            raise InputError(f"{name} is unknown here: remove it", name)
        archives = value.get("archives", ())
        if not isinstance(archives, list | tuple):
            raise InputError("archives must be a list", "archives")
        return cls(**{**value, "archives": tuple(archives)})

    def _check_archives(self) -> None:
        for path in self.archives:
            if not isinstance(path, str) or not path or "\0" in path or not _is_unicode(path):
                raise InputError("archives must be paths: strings, not empty, without NUL", "archives")
        if self.kind == "clusters" and self.archives:
            raise InputError("archives: clusters are those of the stored documents; leave it out", "archives")
        if self.kind == "load":
            if not self.archives:
                raise InputError("archives is empty: name what is to be loaded", "archives")
            for name in ("threshold", "probability", "shingle"):
                if getattr(self, name) is not None:
                    raise InputError(f"{name} is that of the live index: leave it out, or rebuild", name)

    def _check_mapping(self) -> None:
        if not isinstance(self.mapping, Mapping):
            raise InputError("mapping must be an object", "mapping")
        for name, path in self.mapping.items():
            if name not in MAPPED:
                raise InputError(f"mapping takes {', '.join(MAPPED)}, not {name!r}", "mapping")
            if not isinstance(path, str) or not path or not _is_unicode(path):
                raise InputError(f"mapping: {name} must be the name of a field", "mapping")


def _check_share(value: object, name: str) -> None:
    if value is not None and not (isinstance(value, float | int) and 0 < value < 1):
        raise InputError(f"{name} must lie between 0 and 1", name)


def _check_count(value: object, name: str, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(f"{name} must be a whole number of {least} or more", name)


def _is_unicode(value: str) -> bool:
    return not any(0xD800 <= ord(character) < 0xE000 for character in value)
