"""Keys from the command line to the running service and to their end, on one server and on a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click
import httpx
import pytest
from click.testing import CliRunner

from nearcopy.errors import InputError, NotFound
from service.app import create_app
from service.archives import Archives
from service.cli.exits import Exit
from service.cli.program import program
from service.keys.key import Role, digest, parts
from service.keys.ring import BELIEVED_SECONDS
from service.keys.store import KeyStore, opened
from service.settings import Settings
from tests.conftest import Server
from tests.contract.serving import Service
from tests.e2e.running import free_port, run
from tests.integration.masters import Masters

TEXT = {"text": "A text of some words that somebody hands in, to see whether it was published before."}
MAKE = ("keys", "create", "--name", "Ms K's batch", "--role", "check", "--collection", "main")
LIMITS = ("--collection", "b", "--requests", "0")


def test_a_key_from_its_making_to_its_end(new_server: Callable[[], Server]) -> None:
    server = new_server()
    redis = {"NEARCOPY_REDIS_URL": server.url}
    # Reached by others, as in a container: that the network is private opens it until there is a key
    with Service(server.url, "main", workers="2", host="0.0.0.0", open="1") as service:

        def asked(token: str) -> set[int]:
            """What the processes of the service answer; each request may meet another."""
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            url = f"{service.address}/v1/check"
            return {httpx.post(url, json=TEXT, headers=headers, timeout=30).status_code for _ in range(20)}

        assert asked("") == {200}
        made = run(*MAKE, *LIMITS, **redis)
        assert made.code == Exit.DONE, made.err
        token = made.out.strip()
        found = parts(token)
        assert found is not None
        id, secret = found
        assert f"`nearcopy keys revoke {id}` ends it" in made.err
        time.sleep(BELIEVED_SECONDS)
        assert (asked(""), asked(token)) == ({401}, {200})

        assert id in command(server.url, "list")
        assert secret not in command(server.url, "list")
        [listed] = json.loads(run("keys", "list", "--json", **redis).out)
        assert (listed["id"], listed["name"], listed["role"]) == (id, "Ms K's batch", "check")
        assert (listed["collections"], listed["revoked"]) == (["main", "b"], None)
        assert (listed["requests"], listed["words"]) == (0, None)
        assert listed["used"] >= listed["created"]
        # The secret is nowhere: not in Redis, and not in what a key is listed with
        with server.client() as client:
            stored = {name: client.hgetall(name) for name in client.keys("nearcopy/keys/*")}
        assert secret not in str(stored)
        assert digest(secret) in str(stored)
        assert digest(secret) not in str(listed)

        assert f"revoked {id}" in run("keys", "revoke", id, **redis).out
        time.sleep(BELIEVED_SECONDS)
        # The last key is gone, and the service is no more open than before
        assert (asked(token), asked("")) == ({401}, {401})


def command(url: str, *arguments: str) -> str:
    """What a command prints, run in this process."""
    done = CliRunner().invoke(program, ["keys", *arguments, "--redis-url", url], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_the_command_line_says_what_to_change(new_server: Callable[[], Server]) -> None:
    url = new_server().url
    named = ("create", "--name", "k", "--role")
    for arguments, told in (
        (("create", "--name", " ", "--role", "check", "--collection", "a"), "--name must have 1 to 100"),
        ((*named, "owner", "--collection", "a"), "'check', 'write', 'admin'"),
        ((*named, "check"), "Missing parameter: collections"),
        ((*named, "check", "--collection", "A"), '"\\*" \\(in quotes\\)'),
        ((*named, "check", "--collection", "a", "--requests", "-1"), "-1 is not in the range"),
        (("revoke", "0" * 12), "`nearcopy keys list` shows them"),
    ):
        with pytest.raises((InputError, NotFound, click.ClickException), match=told):
            command(url, *arguments)
    with opened(url) as keys:
        assert not keys.any()


def test_another_address_waits_for_a_key(new_server: Callable[[], Server]) -> None:
    redis = {"NEARCOPY_REDIS_URL": new_server().url, "NEARCOPY_PORT": str(free_port())}
    refused = run("serve", "--host", "0.0.0.0", **redis)
    assert refused.code == Exit.USAGE
    assert "0.0.0.0 can be reached from other machines, and there is no API key yet" in refused.err
    assert "`nearcopy keys create" in refused.err
    assert "NEARCOPY_OPEN=1" in refused.err


def test_a_redis_that_lost_its_keys_opens_nothing_to_strangers(new_server: Callable[[], Server]) -> None:
    server = new_server()
    with opened(server.url) as keys:
        keys.create("k", Role.CHECK, ("*",))
    with server.client() as client:
        client.flushall()
    archives = Archives(server.url)
    for settings, status in ((Settings(host="0.0.0.0"), 401), (Settings(), 200)):
        app = create_app(archives, settings).test_client()
        assert app.post("/v1/check", json=TEXT).status_code == status
    archives.close()


def test_keys_and_what_they_spend_live_in_a_cluster_too(masters: Masters) -> None:
    with opened(masters.url) as keys:
        made = [keys.create(f"k{number}", Role.CHECK, ("*",), requests=2) for number in range(4)]
        assert {key.id for key in keys.all()} == {key.id for key, _ in made}
        keys.revoke(made[0][0].id)
    archives = Archives(masters.url)
    call = create_app(archives).test_client()
    for (_, token), expected in zip(made, ([401] * 3, *([200, 200, 429],) * 3), strict=True):
        headers = {"Authorization": f"Bearer {token}"}
        answers = [call.post("/v1/check", json=TEXT, headers=headers).status_code for _ in range(3)]
        # A minute may end between two of them
        assert answers == expected or expected[0] == 200
    assert KeyStore(archives.client()).get(made[1][0].id) is not None
    archives.close()
