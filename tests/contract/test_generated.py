"""Requests that schemathesis makes up from the OpenAPI description, good and bad ones, to every call."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from nearcopy.archive import Archive
from nearcopy.document import Document
from service.app import create_app
from service.archives import Archives
from service.openapi import describe
from tests.contract.described import NDJSON
from tests.contract.serving import Service
from tests.contract.texts import DOCUMENT

EXAMPLES = 40
"""Requests to each call, besides those that cover each rule of the description once."""

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # JSON Schema cannot say: has a word, at most 512 bytes, at least the index's threshold, is a date
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
            # 413 for a list so long that the body is over the limit
            "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "413", "415", "422"]},
        },
        "operations": [
            # PUT and DELETE are for the document whose id ends in /copies
            {
                "include-path": "/v1/documents/{id}/copies",
                "checks": {
                    "unsupported_method": {"enabled": False},
                    "allow_header_conformance": {"enabled": False},
                },
            },
            # What is wrong with a line is told on a line, and the answer is 200
            {"include-path": "/v1/check/batch", "checks": {"negative_data_rejection": {"enabled": False}}},
            # So here; and GET, PUT and DELETE are for the document whose id is batch
            {
                "include-path": "/v1/documents/batch",
                "checks": {
                    "negative_data_rejection": {"enabled": False},
                    "unsupported_method": {"enabled": False},
                    "allow_header_conformance": {"enabled": False},
                },
            },
            # The only one is live
            {
                "include-path": "/v1/generations/{id}",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}},
            },
            # What is stored, or was created before, is not what made up headers and names are for
            {
                "include-path": "/v1/documents/{id}",
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "404", "412", "422"]},
                },
            },
            {
                "include-path": "/v1/collections",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "409", "422"]}},
            },
            # POST is a call, and the rest is for the document whose id is delete
            {
                "include-path": "/v1/documents/delete",
                "checks": {
                    "unsupported_method": {"enabled": False},
                    "allow_header_conformance": {"enabled": False},
                },
            },
            # One is queued already
            {
                "include-path": "/v1/rebuilds",
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
                },
            },
        ],
    }
)


@schemathesis.serializer(NDJSON)
def to_lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of lines; of what is no list, a line that is wrong."""
    lines = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@schemathesis.deserializer(NDJSON)
def from_lines(_: schemathesis.DeserializationContext, response: schemathesis.Response) -> Any:
    """What stands on the lines of an answer."""
    return [json.loads(line) for line in response.content.splitlines()]


schema = schemathesis.openapi.from_dict(describe(create_app(Archives())), config=CONFIG)


@pytest.fixture(scope="module")
def address(redis_url: str) -> Iterator[str]:
    """A running service, with a document in it."""
    collection = f"generated-{os.getpid()}"
    with Archive.open(redis_url, collection) as archive:
        archive.put(Document.checked(DOCUMENT))
    with Service(redis_url, collection) as service:
        yield service.address


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: schemathesis.Case[Any], address: str) -> None:
    case.call_and_validate(base_url=address)
