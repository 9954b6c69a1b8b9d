"""What may be sent: the models that validate the requests, and from which the OpenAPI description is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from nearcopy.document import MAX_ID_BYTES, check_date, checked_id, checked_text
from nearcopy.errors import InputError
from service.settings import CollectionName

MAX_EXCLUDED = 1000
"""Ids or publishers that one check can exclude: a house's own list fits."""

MAX_QUERY_EXCLUDED = 20
"""Publishers that a query can exclude: servers take URLs up to 64 kB."""

MAX_QUERY_LINE = 200
"""Code points of each."""

MAX_QUERY_URL = 1000
"""Code points of a URL in a query."""

MAX_SOURCES = 1000
"""Sources that one answer can list."""

MAX_LINE = 10_000
"""Code points of a title, a publisher or a URL."""

MAX_MIN_WORDS = 1000
"""Longest passage that can be demanded."""


ID_PATTERN = r"^[^\u0000-\u001f\u007f]+$"
"""What JSON Schema can say of an id: no control characters."""


def _text(value: str) -> str:
    return _translated(lambda: checked_text(value, "the value"), value)


def _line(value: str) -> str:
    # Feeds send "" for what they lack; that is no reason to refuse the document
    return _text(value) if value else value


def _id(value: str) -> str:
    return _translated(lambda: checked_id(value), value)


def _date(value: str) -> str:
    return _translated(lambda: check_date(value, "the value"), value)


def _fields(value: dict[str, Any]) -> dict[str, Any]:
    # Documents are stored as orjson writes them; nested one deeper, as they are there
    try:
        orjson.dumps({"fields": value})
    except orjson.JSONEncodeError as error:
        advice = "send whole Unicode characters, and nest at most 250 levels"
        raise ValueError(f"cannot be stored ({error}): {advice}") from None
    return value


def _translated(check: Callable[[], object], value: str) -> str:
    # pydantic gathers the ValueErrors of all fields; an InputError would end the validation at the first
    try:
        check()
    except InputError as error:
        raise ValueError(str(error)) from None
    return value


Text = Annotated[
    str,
    AfterValidator(_text),
    Field(
        description="Text with at least one word; no NUL, no lone surrogates.",
        json_schema_extra={"minLength": 1, "pattern": r"^[^\u0000]*$"},
    ),
]
Id = Annotated[
    str,
    AfterValidator(_id),
    Field(
        description=f"Document id: 1 to {MAX_ID_BYTES} bytes of UTF-8, no control characters.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_ID_BYTES, "pattern": ID_PATTERN},
    ),
]
Date = Annotated[
    str,
    AfterValidator(_date),
    Field(
        description="ISO 8601 date, with or without a time: 2026-11-23 or 2026-11-23T08:30:00Z.",
        examples=["2026-11-23"],
    ),
]
QueryLine = Annotated[str, Field(max_length=MAX_QUERY_LINE), AfterValidator(_line)]
QueryUrl = Annotated[str, Field(max_length=MAX_QUERY_URL), AfterValidator(_line)]
Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_line)]
Threshold = Annotated[
    float,
    Field(
        gt=0, le=1, description="Resemblance from which a paragraph matches; the index's own is the lowest."
    ),
]
MinWords = Annotated[
    int, Field(ge=1, le=MAX_MIN_WORDS, description="Shorter passages and paragraphs are not reported.")
]
Limit = Annotated[
    int, Field(ge=1, le=MAX_SOURCES, description="Sources listed; the counts tell of all of them.")
]


Format = Annotated[
    Literal["text", "html"],
    Field(
        description="'html': the text is a page; its main text is taken, and offsets are places in that.",
    ),
]
ReturnText = Annotated[
    bool, Field(description="Give back what the offsets refer to, such as the main text of a page.")
]


class Query(BaseModel):
    """What every call takes in its query: nothing; a parameter it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class InCollection(Query):
    """The query of a call on a collection."""

    collection: CollectionName | None = Field(
        default=None,
        description="1 to 64 of a-z, 0-9, _ and -. Without it, the service's default (main, unless set).",
    )


class AmongCollections(Query):
    """The query of a call that itself looks which collections the key of its caller is for."""


class BatchQuery(InCollection):
    """The query of a call whose body is lines."""

    model_config = ConfigDict(validate_by_name=False)

    from_line: int = Field(
        default=1,
        ge=1,
        le=1 << 53,
        alias="from",
        description="Answer the lines from this one on, counted from 1: for a body that is sent again.",
    )


class CheckBatchQuery(BatchQuery):
    """The query of a batch to check."""

    against: Literal["archive", "batch", "archive,batch"] = Field(
        default="archive",
        description="What a line is compared with: the archive, the lines of the batch before it, or both.",
    )


class CopiesQuery(InCollection):
    """The query of a stored document's report."""

    threshold: Threshold | None = None
    min_words: MinWords = 8
    limit: Limit = 10
    exclude_publishers: list[QueryLine] = Field(
        default=[],
        max_length=MAX_QUERY_EXCLUDED,
        description="Publishers whose documents are no sources; may be repeated.",
    )
    view: Literal["copies", "document"] = Field(
        default="copies",
        description="'document' reads the stored document whose id itself ends in /copies: no report.",
    )


class Body(BaseModel):
    """What every body has in common: no coercion, no unknown field."""

    model_config = ConfigDict(strict=True, extra="forbid")


class TextBody(Body):
    """A body with texts, or with HTML pages whose main texts are meant."""

    TEXTS: ClassVar[tuple[str, ...]] = ("text",)
    """The fields that hold them."""

    format: Format = "text"


class OneText(TextBody):
    """A body with one text."""

    text: Text


class CheckOptions(BaseModel):
    """What can be asked of a check, whatever the text comes in."""

    title: Line | None = Field(default=None, description="Headline of the submission.")
    publisher: Line | None = Field(default=None, description="Who hands the text in.")
    published_at: Date | None = Field(
        default=None, description="When the submission appeared: sources are earlier or later."
    )
    threshold: Threshold | None = None
    min_words: MinWords = 8
    exclude_documents: list[Id] = Field(
        default=[], max_length=MAX_EXCLUDED, description="Ids of documents that are no sources."
    )
    exclude_publishers: list[Line] = Field(
        default=[], max_length=MAX_EXCLUDED, description="Publishers whose documents are no sources."
    )
    limit: Limit = 10
    return_text: ReturnText = False


class CheckedPage(InCollection, CheckOptions):
    """The query of a check whose body is an HTML page: there is no other place for its options."""

    title: QueryLine | None = Field(default=None, description="Headline of the submission.")
    publisher: QueryLine | None = Field(default=None, description="Who hands the text in.")
    exclude_documents: list[Id] = Field(
        default=[], max_length=MAX_QUERY_EXCLUDED, description="Ids of documents that are no sources."
    )
    exclude_publishers: list[QueryLine] = Field(
        default=[],
        max_length=MAX_QUERY_EXCLUDED,
        description="Publishers whose documents are no sources; may be repeated.",
    )


class StoredPage(InCollection):
    """The query of a document whose body is an HTML page. Free fields need JSON."""

    title: QueryLine | None = Field(default=None, description="Headline.")
    publisher: QueryLine | None = Field(default=None, description="Who published it.")
    url: QueryUrl | None = Field(default=None, description="Where it can be read.")
    published_at: Date | None = Field(default=None, description="When it was published.")


class Upload(CheckOptions):
    """A file to check, as a form with options. Nothing of it is stored."""

    model_config = ConfigDict(extra="forbid")

    file: bytes = Field(description="One file: .txt, .html, .docx or .pdf; its content tells which.")


class Submission(CheckOptions, OneText):
    """A text to check. Nothing of it is stored."""


class Pair(TextBody):
    """Two texts to compare with each other. Nothing of them is stored."""

    TEXTS = ("a", "b")

    a: Text
    b: Text
    min_words: MinWords = 8
    return_text: ReturnText = False


class DocumentBody(OneText):
    """A document to store under the id of the path."""

    title: Line | None = Field(default=None, description="Headline.")
    publisher: Line | None = Field(default=None, description="Who published it.")
    url: Line | None = Field(default=None, description="Where it can be read.")
    published_at: Date | None = None
    fields: Annotated[dict[str, Any], AfterValidator(_fields)] = Field(
        default={},
        description="Free metadata, kept and given back as it came; integers beyond 64 bits become doubles.",
    )


class CheckLine(Submission):
    """A line of a batch to check."""

    id: Id | None = Field(default=None, description="Your own name for the line; it is given back.")


class DocumentLine(DocumentBody):
    """A line of a batch to store."""

    id: Id
