"""Bodies are read to the limit and no further, and cleared away where nobody wants them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from service.body import BLOCK, MOST_DRAINED, drain, read_bytes
from service.problems import TOO_LARGE, Refused


class Trickle(io.BytesIO):
    """A connection on which a few bytes arrive at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 7, 7))


@pytest.fixture
def app() -> Flask:
    """An application that answers before it reads."""
    made = Flask("answers early")
    made.after_request(drain)
    made.add_url_rule("/", view_func=lambda: Response("no"), methods=["POST"])
    return made


def environ_of(stream: io.BytesIO, length: int | None) -> dict[str, Any]:
    """A request as a server hands it on that knows where a body ends; chunked without a length."""
    environ = EnvironBuilder(method="POST").get_environ()
    environ |= {"wsgi.input": stream, "wsgi.input_terminated": True}
    return environ if length is None else environ | {"CONTENT_LENGTH": str(length)}


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "length"])
@pytest.mark.parametrize("stream", [io.BytesIO, Trickle])
@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 5000])
def test_a_body_is_read_whole_or_refused(
    app: Flask, size: int, stream: type[io.BytesIO], chunked: bool
) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    sent = (bytes(range(256)) * 20)[:size]
    environ = environ_of(stream(sent), None if chunked else size)
    with app.test_request_context():
        request = app.request_class(environ)
        if size <= 1000:
            assert read_bytes(request) == sent
            return
        with pytest.raises(Refused) as refused:
            read_bytes(request)
    assert refused.value.problem is TOO_LARGE
    assert refused.value.detail.startswith("send at most 1000 bytes")


def test_no_more_than_the_limit_is_kept(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    stream = io.BytesIO(b" " * 5 * BLOCK)
    with app.test_request_context(), pytest.raises(Refused):
        read_bytes(app.request_class(environ_of(stream, None)))
    assert stream.tell() == BLOCK


@pytest.mark.parametrize(
    ("length", "more", "read"),
    [
        (3 * BLOCK, {}, 3 * BLOCK),
        (None, {}, 3 * BLOCK),
        (3 * BLOCK, {"HTTP_EXPECT": "100-Continue"}, 0),
        (MOST_DRAINED + 1, {}, 0),
        (3 * BLOCK, {"wsgi.input_terminated": False}, 0),
    ],
    ids=["length", "chunked", "client waits", "far too much", "server that does not tell the end"],
)
def test_what_nobody_read_is_drained(app: Flask, length: int | None, more: dict[str, Any], read: int) -> None:
    stream = io.BytesIO(b" " * 3 * BLOCK)
    answer, status, _ = run_wsgi_app(app, environ_of(stream, length) | more)
    assert (b"".join(answer), status) == (b"no", "200 OK")
    assert stream.tell() == read


def test_draining_ends(app: Flask) -> None:
    stream = io.BytesIO(bytes(MOST_DRAINED + 3 * BLOCK))
    run_wsgi_app(app, environ_of(stream, None))
    assert stream.tell() == MOST_DRAINED
