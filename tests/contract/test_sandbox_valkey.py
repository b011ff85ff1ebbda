"""The embedded Valkey keeps and forgets exactly what a fault asks for."""

import pathlib

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from reconciler.sandbox.valkey import Valkey, start_valkey


def client_of(valkey: Valkey) -> "redis.Redis":
    return redis.Redis.from_url(valkey.url, decode_responses=True)


def test_it_wants_its_password_and_never_evicts(valkey: Valkey) -> None:
    with client_of(valkey) as client, redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as stranger:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()


def test_a_killed_server_comes_back_at_its_address_without_its_memory(own_valkey: Valkey) -> None:
    with client_of(own_valkey) as client:
        client.set("a", "1")
        killed = own_valkey.pid
        own_valkey.restart()
        assert own_valkey.pid != killed
        assert client.get("a") is None


def test_a_restored_snapshot_is_the_older_state(own_valkey: Valkey, tmp_path: pathlib.Path) -> None:
    with client_of(own_valkey) as client:
        client.set("a", "old")
        own_valkey.snapshot(tmp_path / "older.rdb")
        client.set("a", "new")
        own_valkey.restore(tmp_path / "older.rdb")
        assert client.get("a") == "old"


def test_a_durable_server_keeps_what_it_had_unless_it_is_emptied(tmp_path: pathlib.Path) -> None:
    valkey = start_valkey(tmp_path, durable=True)
    with client_of(valkey) as client:
        client.set("a", "1")
        valkey.stop()
        valkey.start()
        assert client.get("a") == "1"
        valkey.restart(empty=True)
        assert client.get("a") is None
    valkey.kill()
