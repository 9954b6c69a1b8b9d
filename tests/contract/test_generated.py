"""Requests that schemathesis makes up from the OpenAPI description, good and bad ones, to every call, one by
one and in sequences that use what came before. All its checks are on, but for `LEFT_OUT`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from nearcopy.archive import Archive
from nearcopy.document import Document
from service.app import create_app
from service.archives import Archives
from service.openapi import describe
from tests.conftest import Server
from tests.contract.described import NDJSON
from tests.contract.serving import Service
from tests.contract.texts import DOCUMENT

EXAMPLES = 40
"""Requests to each call, besides those that cover each rule of the description once."""

SEQUENCES, STEPS = 15, 8
"""Sequences, and requests in each, at most."""

LEFT_OUT = {
    "POST /v1/check/batch": {"negative_data_rejection"},
    "POST /v1/documents/batch": {
        "negative_data_rejection", "unsupported_method", "allow_header_conformance",
    },
    "POST /v1/documents/delete": {"unsupported_method", "allow_header_conformance"},
    "GET /v1/rebuilds/{id}": {"use_after_free"},
    "DELETE /v1/rebuilds/{id}": {"use_after_free"},
    "GET /v1/documents/{id}/copies": {"unsupported_method", "allow_header_conformance"},
}
"""Checks that are off for a call; `CONFIG` says why."""

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # JSON Schema cannot say: has a word, at most 512 bytes, at least the index's threshold, is a date
            "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
            # 413 for a list so long that the body is over the limit
            "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "413", "415", "422"]},
        },
        "operations": [
            # Its file may be a picture
            {
                "include-path": "/v1/check",
                "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "415", "422"]}},
            },
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
            {
                "include-path": "/v1/clusters",
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
                },
            },
            # It has ended, in a sequence that cancels it twice; what was cancelled is still told of
            {
                "include-path": "/v1/rebuilds/{id}",
                "checks": {
                    "use_after_free": {"enabled": False},
                    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]},
                },
            },
            # It is being rebuilt, in a sequence that asked for that
            {
                "include-path": "/v1/collections/{collection}",
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


DESCRIPTION = describe(create_app(Archives()))

schema = schemathesis.openapi.from_dict(DESCRIPTION, config=CONFIG)


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


def test_what_was_removed_stays_so_in_sequences_of_calls(new_server: Callable[[], Server]) -> None:
    server, asked = new_server(), list[str]()
    with Service(server.url, "sequences") as service, server.client() as client:

        class Sequences(schema.as_state_machine()):  # type: ignore[misc]
            def setup(self) -> None:
                """Each begins with the same archive: hypothesis draws what follows from what was answered."""
                client.flushall()
                with Archive.open(server.url, "sequences") as archive:
                    archive.put(Document.checked(DOCUMENT))

            def get_call_kwargs(self, case: schemathesis.Case[Any]) -> dict[str, Any]:
                asked.append(case.operation.label)
                return {"base_url": service.address}

        Sequences.run(
            settings=settings(
                max_examples=SEQUENCES, stateful_step_count=STEPS, deadline=None, derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
        )
    assert len(asked) > 2 * STEPS, asked


def test_no_call_and_no_check_is_left_out_in_silence() -> None:
    load_all_checks()
    off: dict[str, set[str]] = {}
    labels = set()
    for operation in (found.ok() for found in schema.get_all_operations()):
        labels.add(operation.label)
        chosen = schema.config.checks_config_for(operation=operation, phase=None)
        off[operation.label] = {
            name for name in CHECKS.get_all_names() if not chosen.get_by_name(name=name).enabled
        }
    assert labels == {
        f"{method.upper()} {path}" for path, item in DESCRIPTION["paths"].items() for method in item
    }
    assert {label: names for label, names in off.items() if names} == LEFT_OUT
