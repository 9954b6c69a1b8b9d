"""Who is told how the service goes, what it lacks, and which proxies it believes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from nearcopy.archive import Archive
from service import problems
from service.app import create_app
from service.archives import Archives
from service.keys.key import Role
from service.keys.store import opened
from service.settings import Settings
from tests.conftest import Server
from tests.contract.described import assert_problem

Client = Callable[..., FlaskClient]


@pytest.fixture
def server(new_server: Callable[[], Server]) -> Server:
    """A Redis of the test's own."""
    return new_server()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """Makes clients of services over it; takes settings."""
    archives = Archives(server.url, "press")
    archives.get()
    yield lambda **settings: create_app(archives, Settings(**settings)).test_client()
    archives.close()


def bearer(server: Server, role: Role, collections: tuple[str, ...] = ("*",)) -> dict[str, str]:
    """The header with a new key."""
    with opened(server.url) as keys:
        token = keys.create("test", role, collections)[1]
    return {"Authorization": f"Bearer {token}"}


def test_metrics_are_told_to_keys_of_role_admin_alone_as_soon_as_there_are_keys(
    client: Client, server: Server
) -> None:
    assert client().get("/metrics").status_code == 200
    assert_problem(client(host="0.0.0.0").get("/metrics"), problems.NO_KEY)
    admin, one = bearer(server, Role.ADMIN), bearer(server, Role.ADMIN, ("press",))
    write = bearer(server, Role.WRITE)
    asked = client()
    assert_problem(asked.get("/metrics"), problems.NO_KEY)
    assert_problem(asked.get("/metrics", headers=write), problems.NOT_ALLOWED)
    assert_problem(asked.get("/metrics", headers=one), problems.NOT_ALLOWED)
    told = asked.get("/metrics", headers=admin)
    assert (told.status_code, told.mimetype) == (200, "text/plain")
    assert b'nearcopy_index_documents{collection="press"} 0.0' in told.data
    assert client(metrics_open=True, host="0.0.0.0").get("/metrics").status_code == 200


def test_readyz_tells_what_is_missing(client: Client, server: Server) -> None:
    asked = client()
    assert asked.get("/readyz").get_json() == {"status": "ready"}
    redis = server.client()
    redis.config_set("maxmemory", "100kb")
    assert asked.get("/readyz").get_json() == {"status": "ready", "lacks": ["memory"]}
    redis.config_set("maxmemory", "0")

    [shape] = redis.keys("{press/0}1s")
    stored = redis.get(shape)
    redis.set(shape, stored.replace(b'"digest": "', b'"digest": "0').replace(b'"digest":"', b'"digest":"0'))
    assert_problem(asked.get("/readyz"), problems.OTHER_PARAMETERS)
    redis.set(shape, stored)
    assert asked.get("/readyz").get_json() == {"status": "ready"}

    redis.delete("{press/0}g")
    assert_problem(asked.get("/readyz"), problems.NOT_READY)
    server.kill()
    assert "s Redis" not in assert_problem(asked.get("/readyz"), problems.STORAGE_UNAVAILABLE)
    assert asked.get("/healthz").get_json() == {"status": "alive"}


def test_strangers_are_not_told_where_redis_is_and_keys_are(client: Client, server: Server) -> None:
    key, asked = bearer(server, Role.CHECK), client()
    assert asked.get("/readyz").get_json() == {"status": "ready"}
    redis = server.client()
    redis.delete("{press/0}g")
    assert "press" not in assert_problem(asked.get("/readyz"), problems.NOT_READY)
    assert "press" in assert_problem(asked.get("/readyz", headers=key), problems.NOT_READY)


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_what_proxies_say_is_believed_only_as_far_as_set(
    client: Client, server: Server, caplog: pytest.LogCaptureFixture, hops: int
) -> None:
    caplog.set_level("INFO", "nearcopy")
    said = {"X-Forwarded-For": "1.1.1.1, 2.2.2.2", "X-Forwarded-Prefix": "/copies"}
    with Archive.open(server.url, "press"):
        asked = client(trusted_proxies=hops)
        answer = asked.post("/v1/rebuilds", json={}, headers=said)
    assert answer.status_code == 202
    id = answer.get_json()["id"]
    prefix = "/copies" if hops else ""
    assert answer.headers["Location"] == f"{prefix}/v1/rebuilds/{id}?collection=press"
    answer.close()
    fields: dict[str, Any] = caplog.records[-1].fields  # type: ignore[attr-defined]
    assert fields["client"] == ("127.0.0.1", "2.2.2.2", "1.1.1.1")[hops]
    assert asked.get("/healthz", headers={"X-Forwarded-For": "some text"}).status_code == 200
