"""What may be sent about rebuilds, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from nearcopy.document import checked_text
from nearcopy.errors import InputError
from nearcopy.jobs.status import Status
from service.answers import Answer
from service.models import Body, InCollection

LEAST_MEMORY = 64 << 20
"""What a rebuild takes before it has read anything."""


def _name(value: str) -> str:
    try:
        return checked_text(value, "the value")
    except InputError as error:
        raise ValueError(str(error)) from None


PATTERN = r"^[^\u0000]*$"
FieldName = Annotated[
    str, Field(max_length=200, json_schema_extra={"minLength": 1, "pattern": PATTERN}), AfterValidator(_name)
]
ArchivePath = Annotated[
    str, Field(max_length=4096, json_schema_extra={"minLength": 1, "pattern": PATTERN}), AfterValidator(_name)
]
Share = Annotated[float, Field(gt=0, lt=1)]


class RebuildsQuery(InCollection):
    """The query of the list of rebuilds."""

    limit: int = Field(default=20, ge=1, le=100, description="Rebuilds listed, the newest first.")


class MappedFields(Body):
    """Which field of a record is which of a document's; dots reach into nested ones, as ``meta.source``."""

    id: FieldName | None = None
    text: FieldName | None = None
    title: FieldName | None = None
    publisher: FieldName | None = None
    published_at: FieldName | None = None
    url: FieldName | None = None


class RebuildBody(Body):
    """A rebuild to put into the queue."""

    kind: Literal["rebuild", "load"] = Field(
        default="rebuild",
        description="'rebuild' makes the collection exactly the archives, or builds it anew from its stored "
        "documents where none is named; 'load' adds them to it.",
    )
    archives: list[ArchivePath] = Field(
        default=[], max_length=1000,
        description="Files and folders, as paths below the folder of archives that the workers were started "
        "with.",
    )
    mapping: MappedFields = Field(default=MappedFields(), description="What it lacks is guessed.")
    threshold: Share | None = Field(
        default=None, description="Resemblance that the new index promises to find; else the live one's."
    )
    probability: Share | None = Field(default=None, description="With which it finds it.")
    shingle: int | None = Field(default=None, ge=1, le=100, description="Words a shingle.")
    memory: int = Field(
        default=1 << 30, ge=LEAST_MEMORY, le=1 << 46, description="Bytes that it may take, in all processes."
    )
    max_rejects: int | None = Field(
        default=None, ge=0, le=1 << 40, description="Records that may be unusable before it fails; else any."
    )
    keep: int = Field(default=1, ge=0, le=100, description="Superseded generations to keep for going back.")
    audit: int = Field(default=200, ge=0, le=100_000, description="Documents in the sample of the audit.")


class RebuildList(Answer):
    """Rebuilds of a collection, the newest first."""

    rebuilds: list[Status]
