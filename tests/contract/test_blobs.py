"""The cache on a real Valkey: what was not written by us under this very name is a miss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store import blobs as module
from reconciler.store.blobs import Blobs
from reconciler.store.client import Client, connect
from reconciler.store.keys import Keys
from reconciler.store.sealing import Keyring
from tests.support.store import KEYRING, KEYS

BODY = b"apiVersion: v1\nkind: Secret\n" * 100


@pytest.fixture
def client(valkey: Valkey) -> Client:
    return connect(valkey.url)


@pytest.fixture
def blobs(client: Client) -> Blobs:
    return Blobs(client, KEYS, KEYRING)


def test_what_was_put_is_got(blobs: Blobs) -> None:
    assert blobs.put("render:a", BODY, 60)
    assert blobs.get("render:a") == BODY
    assert blobs.get_many(["render:a", "render:b"]) == {"render:a": BODY}


def test_it_is_small_and_unreadable_in_redis(blobs: Blobs, client: Client) -> None:
    blobs.put("render:a", BODY, 60)
    raw = client.get(KEYS.blob("render:a"))
    assert isinstance(raw, bytes)
    assert len(raw) < len(BODY) / 10
    assert b"Secret" not in raw


def test_it_goes_after_its_time(blobs: Blobs) -> None:
    blobs.put("render:a", BODY, 0.2)
    wait_for(lambda: blobs.get("render:a") is None, "the end of its time", timeout_s=5)


def test_every_key_has_a_time_to_live(blobs: Blobs, client: Client) -> None:
    blobs.put("render:a", BODY, 60)
    assert 0 < int(client.pttl(KEYS.blob("render:a"))) <= 60_000


def test_an_entry_moved_to_another_name_is_a_miss(blobs: Blobs, client: Client) -> None:
    blobs.put("render:a", BODY, 60)
    client.rename(KEYS.blob("render:a"), KEYS.blob("render:b"))
    assert blobs.get("render:b") is None


@pytest.mark.parametrize(
    "edit", [lambda raw: raw[:-1], lambda raw: raw[:40] + b"x" + raw[41:], lambda raw: b"", lambda raw: b"{}"]
)
def test_an_edited_entry_is_a_miss(blobs: Blobs, client: Client, edit: object) -> None:
    blobs.put("render:a", BODY, 60)
    raw = client.get(KEYS.blob("render:a"))
    client.set(KEYS.blob("render:a"), edit(raw))  # type: ignore[operator]
    assert blobs.get("render:a") is None


def test_an_entry_of_another_installation_is_a_miss(blobs: Blobs, client: Client) -> None:
    other = Blobs(client, replace(KEYS), Keyring.parse("test:" + "99" * 32))
    other.put("render:a", BODY, 60)
    assert blobs.get("render:a") is None
    assert Blobs(client, Keys("other:"), KEYRING).get("render:a") is None


def test_what_is_too_large_is_not_kept(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BLOB_BYTES", 100)
    assert not blobs.put("render:a", bytes(range(256)) * 10, 60)
    assert blobs.get("render:a") is None


def test_a_dead_cache_is_a_miss_and_no_error(own_valkey: Valkey) -> None:
    blobs = Blobs(connect(own_valkey.url), KEYS, KEYRING)
    own_valkey.kill()
    assert blobs.get("render:a") is None
    assert not blobs.put("render:a", BODY, 60)
    own_valkey.start()
    assert blobs.put("render:a", BODY, 60)
    assert blobs.get("render:a") == BODY
