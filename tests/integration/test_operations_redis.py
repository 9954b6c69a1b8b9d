"""Redis over TLS, with a certificate of our own authority, as an ACL user who may do no more than he must."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import redis

from nearcopy.archive import Archive
from nearcopy.errors import StorageUnavailable
from tests.conftest import Server, server_programs
from tests.contract.serving import Service, free_port
from tests.e2e.running import run

PASSWORD = "p@ss/w:rd%?"
RULES = (
    "on", f">{PASSWORD}", "~nearcopy/*", "~{*", "~rq:*", "&*",
    "+@all", "-@admin", "-@dangerous", "+info", "+keys",
)  # fmt: skip
"""As service/README.md has them."""

TEXT = "The council voted on Monday to keep the old ferry running until the new bridge opens in the spring."


def openssl(directory: Path, *arguments: str) -> None:
    """Run openssl in a directory."""
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


def certificates(directory: Path) -> None:
    """An authority, and what it signed for 127.0.0.1."""
    name = ("-subj", "/CN=127.0.0.1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(directory, "req", "-x509", *name, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl(directory, "req", *name, "-keyout", "redis.key", "-out", "redis.csr",
            "-addext", "subjectAltName=IP:127.0.0.1")
    openssl(directory, "x509", "-req", "-in", "redis.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-out", "redis.crt", "-days", "2", "-copy_extensions", "copyall")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """The folder and TLS port of a Redis whose default user is off; a Unix socket is there to look on."""
    directory = tmp_path_factory.mktemp("tls")
    if "redis-server" not in server_programs():
        pytest.skip("the servers that come as wheels have no TLS: install the distribution's redis-server")
    certificates(directory)
    port = free_port()
    server = Server(server_programs()["redis-server"], directory).start(
        "--tls-port", str(port), "--tls-cert-file", "redis.crt", "--tls-key-file", "redis.key",
        "--tls-ca-cert-file", "ca.crt", "--tls-auth-clients", "no", "--appendfsync", "no",
    )
    with server.client() as owner:
        owner.execute_command("ACL", "SETUSER", "nearcopy", *RULES)
        owner.execute_command("ACL", "SETUSER", "default", "resetkeys")
    yield directory, port
    server.kill()


def url_of(guarded: tuple[Path, int], password: str = PASSWORD, **query: str) -> str:
    """The URL of that Redis."""
    directory, port = guarded
    query = {"ssl_ca_certs": str(directory / "ca.crt")} | query
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"rediss://nearcopy:{quote(password, safe='')}@127.0.0.1:{port}/0?{asked}"


def test_a_service_works_as_a_user_of_few_rights_over_tls(guarded: tuple[Path, int]) -> None:
    url = url_of(guarded)
    named = ("--name", "t", "--role", "admin", "--collection", "*")
    made = run("keys", "create", *named, NEARCOPY_REDIS_URL=url)
    assert made.code == 0, made.err
    headers = {"Authorization": f"Bearer {made.out.strip()}"}
    with Service(url, "press") as service, httpx.Client(
        base_url=service.address, headers=headers, timeout=30
    ) as client:
        assert client.put("/v1/documents/a", json={"text": TEXT}).status_code == 201
        assert client.post("/v1/check", json={"text": TEXT}).json()["verdict"] == "copy"
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.get("/v1/index").json()["documents"] == 1
        assert client.post("/v1/rebuilds", json={}).status_code == 202
        assert "nearcopy_redis_up 1.0" in client.get("/metrics").text
        assert client.delete("/v1/documents/a").status_code == 204
    with redis.Redis.from_url(url) as user, pytest.raises(redis.exceptions.NoPermissionError):
        user.flushall()


def test_a_rebuild_works_as_that_user_too(guarded: tuple[Path, int], tmp_path: Path) -> None:
    archive = tmp_path / "archive.jsonl"
    archive.write_text("".join(f'{{"id": "d{n}", "text": "{TEXT} Story {n}."}}\n' for n in range(30)))
    chosen = {"NEARCOPY_REDIS_URL": url_of(guarded), "NEARCOPY_DATA_DIR": str(tmp_path / "data")}
    for arguments in (("rebuild", str(archive), "--folder", str(tmp_path / "parts")), ("doctor",)):
        done = run(*arguments, "--collection", "built", **chosen)
        assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("password", "query", "said"),
    [
        ("wrong", {}, "Redis refuses the user or password of its URL"),
        (PASSWORD, {"ssl_ca_certs": "/etc/hostname"}, "Redis does not answer"),
    ],
)
def test_a_wrong_password_or_authority_is_told_without_the_password(
    guarded: tuple[Path, int], password: str, query: dict[str, str], said: str
) -> None:
    with pytest.raises(StorageUnavailable, match=said) as refused:
        Archive.open(url_of(guarded, password, **query), "press")
    for secret in (password, quote(password, safe="")):
        assert secret not in str(refused.value)
