"""Bodies at the limit and over it, and connections that go on after a refusal."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.serving import Service

LIMIT = 2 * 1024 * 1024
AFTER = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SMALL = json.dumps({"text": "One short text."}).encode()
LARGE = SMALL + b" " * (LIMIT + 1 - len(SMALL))
JSON = "Content-Type: application/json"
ANSWER = re.compile(rb"HTTP/1\.1 (\d\d\d) ")

FIRST = {
    "a good one": ("POST", "/v1/check", JSON, SMALL, 200),
    "no content type": ("POST", "/v1/check", "Accept: */*", SMALL, 415),
    "no content type, large": ("POST", "/v1/check", "Accept: */*", LARGE, 415),
    "no JSON": ("POST", "/v1/check", JSON, b"{", 400),
    "bad field": ("POST", "/v1/check", JSON, b'{"text": ""}', 422),
    "bad query": ("POST", "/v1/check?colour=1", JSON, SMALL, 422),
    "bad query, large": ("POST", "/v1/check?colour=1", JSON, LARGE, 422),
    "wrong method": ("POST", "/healthz", JSON, SMALL, 405),
    "wrong method, large": ("POST", "/healthz", JSON, LARGE, 405),
    "unknown path, large": ("PUT", "/v1/nothing", JSON, LARGE, 404),
    "body of a GET": ("GET", "/healthz", JSON, SMALL, 200),
    "too large": ("POST", "/v1/check", JSON, LARGE, 413),
    "far too large": ("PUT", "/v1/documents/a", JSON, LARGE * 4, 413),
    "body that holds a request": ("POST", "/healthz", JSON, AFTER * 3, 405),
}


def framed(body: bytes, chunked: bool) -> tuple[str, bytes]:
    """The header that frames a body, and the body in its frame."""
    if not chunked:
        return f"Content-Length: {len(body)}", body
    parts = [body[k : k + 50_000] for k in range(0, len(body), 50_000)]
    return "Transfer-Encoding: chunked", b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in [*parts, b""])


def exchange(service: Service, sent: bytes) -> bytes:
    """All that the server answers on one connection."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        connection.sendall(sent)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    return answer


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("name", FIRST)
def test_a_connection_goes_on_after_an_answer(service: Service, name: str, chunked: bool) -> None:
    method, path, header, body, status = FIRST[name]
    frame, content = framed(body, chunked)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n{frame}\r\n\r\n".encode()
    # Sent at once: whatever is left of the first body would be taken for the second request
    answers = exchange(service, head + content + AFTER)
    assert [int(found) for found in ANSWER.findall(answers)] == [status, 200]
    assert answers.endswith(b'{"status":"alive"}')


def test_one_connection_takes_a_row_of_good_and_bad_requests(service: Service) -> None:
    with httpx.Client(base_url=service.address) as client:
        for method, path, header, body, status in list(FIRST.values()) * 3:
            name, _, value = header.partition(": ")
            assert client.request(method, path, headers={name: value}, content=body).status_code == status


def test_a_client_that_waits_for_leave_is_refused_before_it_sends(service: Service) -> None:
    for path, length, status in (("/v1/check", LIMIT + 1, b"413"), ("/healthz", 2, b"405")):
        headers = f"Host: x\r\n{JSON}\r\nContent-Length: {length}\r\nExpect: 100-continue"
        answer = exchange(service, f"POST {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        assert ANSWER.findall(answer) == [status]


def pieces(body: bytes) -> Iterator[bytes]:
    """A body that httpx sends in chunks."""
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.usefixtures("archive")
def test_a_body_of_the_limit_is_taken_and_a_byte_more_is_not(http: httpx.Client, chunked: bool) -> None:
    for body, status in ((LARGE[:LIMIT], 200), (LARGE, 413)):
        content = pieces(body) if chunked else body
        answer = http.post("/v1/check", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == status
    assert answer.json()["type"] == "urn:nearcopy:problem:body-too-large"
    assert answer.json()["detail"] == f"send at most {LIMIT} bytes, or raise NEARCOPY_BODY_LIMIT"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_client_still_sending_gets_its_answer(http: httpx.Client, chunked: bool) -> None:
    # Without the rest of the body being read, one in six of these ended in a reset
    for _ in range(30):
        content = pieces(LARGE * 2) if chunked else LARGE * 2
        answer = http.post("/v1/check", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413


def test_clients_that_leave_in_the_middle_of_a_body_hold_nobody_up(service: Service) -> None:
    head = f"POST /v1/check HTTP/1.1\r\nHost: x\r\n{JSON}\r\n".encode()
    for frame in (b"Content-Length: 1000\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"):
        # More than there are threads to answer them
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", service.port)) as connection:
                connection.sendall(head + frame)
    for _ in range(20):
        assert ANSWER.findall(exchange(service, AFTER)) == [b"200"]
