"""Without keys, pages are answered under names of this machine alone: any site can make others for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from service.app import create_app
from service.archives import Archives
from service.keys.key import Role
from service.keys.store import opened
from service.settings import Settings
from tests.conftest import Server

FOREIGN = ("rebound.example", "rebound.example:8080", "127.0.0.1.rebound.example", "192.0.2.1", "[::2]", "[")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.0.1.1", "[::1]:8080"])
def test_names_of_this_machine_open_the_pages(app: Flask, host: str) -> None:
    assert app.test_client().get("/check", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_no_other_name_does_and_no_form_is_taken_under_one(app: Flask, host: str) -> None:
    client = app.test_client()
    for path in ("/check", "/archive", "/archive/documents"):
        told = client.get(path, headers={"Host": host})
        assert (told.status_code, told.content_type) == (421, "text/html; charset=utf-8")
        assert "open them at localhost" in told.text
    assert client.post("/archive/rebuild", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "chosen", [{"open": True}, {"trusted_proxies": 1}, {"open": True, "host": "0.0.0.0"}]
)
def test_who_opens_the_service_may_name_it_as_he_likes(archives: Archives, chosen: dict[str, object]) -> None:
    client = create_app(archives, Settings.model_validate(chosen)).test_client()
    assert client.get("/check", headers={"Host": "archive.example"}).status_code == 200


def test_a_key_opens_them_under_any_name(new_server: Callable[..., Server]) -> None:
    url = new_server().url
    archives = Archives(url, "a")
    archives.get("a", create=True)
    with opened(url) as ring:
        token = ring.create("k", Role.WRITE, ("a",))[1]
    headers = {"Host": "archive.example", "Authorization": f"Bearer {token}"}
    assert create_app(archives).test_client().get("/check", headers=headers).status_code == 200
    archives.close()
