"""What the form of the check page does with what it is sent, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from nearcopy.document import Document
from service.archives import Archives

STORY = "The harbour office said on Tuesday that the old lighthouse on Gull Point will be lit again in May."
TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')

Send = Callable[..., TestResponse]


@pytest.fixture
def send(app: Flask, archives: Archives) -> Send:
    """Sends the form, as a browser without a script does."""
    archives.get().put(Document("mine", STORY, title="Mine", publisher="Our House"))
    archives.get().put(Document("theirs", STORY + " Soon.", title="Theirs", publisher="Other & Co"))
    visitor: FlaskClient = app.test_client()
    found = TOKEN.search(visitor.get("/check").text)
    assert found

    def sent(path: str = "/check", headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        data = {"form_token": found[1], **fields}
        return visitor.post(path, data=data, headers=headers, content_type="multipart/form-data")

    return sent


def listed(answer: TestResponse) -> list[str]:
    """The ids of the sources."""
    return re.findall(r'<span class="id"><bdi>([^<]*)</bdi>', answer.text)


def test_ones_own_outlet_is_left_out_where_that_is_asked_for(send: Send) -> None:
    assert sorted(listed(send(text=STORY))) == ["mine", "theirs"]
    assert listed(send(text=STORY, publisher="Our House", exclude_own="1")) == ["theirs"]
    assert len(listed(send(text=STORY, publisher="Our House"))) == 2


def test_a_file_counts_more_than_what_stands_in_the_form(send: Send) -> None:
    told = send(text="Something else.", file=(BytesIO(STORY.encode()), "story.txt"))
    assert sorted(listed(told)) == ["mine", "theirs"]
    assert f"{STORY}</textarea>" in told.text


def test_a_line_ends_with_one_character_whatever_the_form_sends(send: Send) -> None:
    told = send(text=f"One\r\n\r\n{STORY}")
    assert f'name="text" value="One\n\n{STORY}"' in told.text


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"text": ""}, "text", "is empty"),
        ({"text": "…"}, "text", "holds no word"),
        ({"text": STORY, "published_at": "May"}, "published_at", "write 2026-11-23"),
        ({"text": STORY, "publisher": "x" * 10_001}, "publisher", "at most 10000 characters"),
        ({"text": STORY, "file": (BytesIO(b"\x00\x01\x02"), "a.bin")}, "file", "neither text nor a document"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    send: Send, fields: dict[str, Any], field: str, said: str
) -> None:
    told = send(**fields)
    assert told.status_code in (415, 422)
    fault = re.search(rf'id="{field}-fault">([^<]*)<', told.text)
    assert fault
    assert said in fault[1]
    assert f"{fields['text']}</textarea>" in told.text


def test_a_script_is_answered_with_a_part_or_a_problem(send: Send) -> None:
    part = send(text=STORY, headers={"X-Part": "report"})
    assert part.text.lstrip().startswith("<article")
    problem = send(text="…", headers={"X-Part": "report"})
    assert (problem.status_code, problem.mimetype) == (422, "application/problem+json")
    assert problem.get_json()["errors"][0]["pointer"] == "/text"
    foreign = send(text=STORY, headers={"X-Part": "report", "Sec-Fetch-Site": "cross-site"})
    assert (foreign.status_code, foreign.mimetype) == (403, "application/problem+json")


def test_the_pages_are_no_calls_of_the_api(app: Flask) -> None:
    paths = app.test_client().get("/openapi.json").get_json()["paths"]
    assert [path for path in paths if path.startswith(("/check", "/reports", "/assets"))] == []
