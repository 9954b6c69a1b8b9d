"""Tokens and roles, and what a process believes of keys for how long."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nearcopy.connection import connect
from nearcopy.errors import StorageUnavailable
from service.keys.key import Key, Role, digest, new_secret, parts, token
from service.keys.ring import Keyring
from service.keys.store import KeyStore
from tests.conftest import Server


def test_a_token_is_its_id_and_secret_and_nothing_like_it() -> None:
    id, secret = new_secret()
    assert parts(token(id, secret)) == (id, secret)
    assert len(bytes.fromhex(secret)) == 32
    good = token(id, secret)
    spoilt = (good[:-1], good + "0", good + "\n", good.upper(), f" {good}", good.replace("_", "-"))
    for bad in ("", "nck_", *spoilt):
        assert parts(bad) is None, bad
    assert new_secret() != new_secret()


@pytest.mark.parametrize(
    ("role", "may"),
    [("check", ["check"]), ("write", ["check", "write"]), ("admin", ["check", "write", "admin"])],
)
def test_a_role_covers_those_before_it(role: str, may: list[str]) -> None:
    assert [needed.value for needed in Role if Role(role).covers(needed)] == may


def test_a_key_is_for_the_collections_that_it_names() -> None:
    some = Key("i", "n", Role.CHECK, ("a", "b"), digest("s"), "")
    assert [name for name in ("a", "b", "c", "", "*") if some.is_for(name)] == ["a", "b"]
    assert Key("i", "n", Role.CHECK, ("*",), digest("s"), "").is_for("c")
    assert (some.opened_by("s"), some.opened_by("t"), some.opened_by("")) == (True, False, False)


def commands(server: Server) -> int:
    """How many commands the server has had."""
    with server.client() as client:
        info: dict[str, int] = client.info("stats")  # type: ignore[assignment]
        return info["total_commands_processed"]


def test_a_known_key_is_believed_and_a_stranger_is_not_remembered(new_server: Callable[[], Server]) -> None:
    server = new_server()
    client = connect(server.url)
    key, good = KeyStore(client).create("k", Role.CHECK, ("*",))
    ring = Keyring(lambda: client)
    assert ring.any()
    found = ring.find(good)
    assert found is not None
    assert found.id == key.id
    before = commands(server)
    for _ in range(100):
        assert ring.any()
        assert ring.find(good) == found
        assert ring.find(token(key.id, "0" * 64)) is None
    # Connecting to count takes a few itself
    assert commands(server) - before < 10
    stranger = token("0" * 12, "0" * 64)
    assert ring.find(stranger) is None
    server.kill()
    # What is known goes on for its seconds; of a stranger nothing is known
    assert ring.find(good) == found
    with pytest.raises(StorageUnavailable):
        ring.find(stranger)
    with pytest.raises(StorageUnavailable):
        Keyring(lambda: client).any()
    client.close()


def test_what_a_use_leaves_of_a_lost_key_is_no_key(new_server: Callable[[], Server]) -> None:
    client = connect(new_server().url)
    store = KeyStore(client)
    key, good = store.create("k", Role.CHECK, ("*",))
    client.flushall()
    store.touch(key)
    assert client.keys() == [f"nearcopy/keys/{key.id}".encode()]
    assert store.get(key.id) is None
    assert Keyring(lambda: client).find(good) is None
    assert not store.any()
    client.close()
