"""Turns against a real Valkey: one of many does the work, and the others hear that it is done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.sandbox.ports import free_port
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.client import Client, connect
from reconciler.store.turns import Turns
from tests.support.store import KEYS

PATIENCE_S, WAITERS = 30.0, 8


@pytest.fixture
def client(valkey: Valkey) -> Client:
    client = connect(valkey.url)
    client.flushall()
    return client


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WAITERS) as pool:
        yield pool


def had(turns: Turns, patience_s: float = PATIENCE_S) -> bool:
    with turns.turn("a", patience_s=patience_s) as ours:
        return ours


def waiting(client: Client, turns: Turns, pool: ThreadPoolExecutor, count: int) -> list[Future[bool]]:
    """So many that really wait in the server for the turn to end."""
    futures = [pool.submit(had, turns) for _ in range(count)]
    wait_for(lambda: _blocked(client) == count, f"{count} to wait", timeout_s=PATIENCE_S, every_s=0.01)
    return futures


def _blocked(client: Client) -> int:
    clients: Any = client.info("clients")
    return int(clients["blocked_clients"])


def test_one_of_many_has_the_turn_and_all_others_hear_of_its_end(client: Client, pool: ThreadPoolExecutor) -> None:
    turns = Turns(client, KEYS)
    with turns.turn("a", patience_s=PATIENCE_S) as first:
        others = waiting(client, turns, pool, WAITERS)
    assert first
    assert [one.result(timeout=PATIENCE_S) for one in others] == [False] * WAITERS


def test_a_turn_is_waited_for_although_an_earlier_one_of_its_name_has_ended(
    client: Client, pool: ThreadPoolExecutor
) -> None:
    turns = Turns(client, KEYS)
    assert had(turns)
    with turns.turn("a", patience_s=PATIENCE_S) as second:
        (other,) = waiting(client, turns, pool, 1)
    assert second
    assert not other.result(timeout=PATIENCE_S)


def test_who_died_holding_a_turn_is_not_waited_for_longer_than_the_claim_lasts(client: Client) -> None:
    client.set(KEYS.doing("a"), "somebody who died", px=100)
    assert not had(Turns(client, KEYS))
    assert had(Turns(client, KEYS))


def test_patience_ends(client: Client) -> None:
    client.set(KEYS.doing("a"), "somebody who takes long", px=60_000)
    assert not had(Turns(client, KEYS), patience_s=0.05)


def test_a_turn_that_lapsed_is_not_taken_from_its_next_holder(client: Client) -> None:
    turns = Turns(client, KEYS)
    with turns.turn("a", patience_s=PATIENCE_S):
        client.set(KEYS.doing("a"), "the next one")
    assert client.get(KEYS.doing("a")) == b"the next one"


def test_without_a_store_everybody_has_the_turn() -> None:
    assert had(Turns(connect(f"redis://127.0.0.1:{free_port()}"), KEYS))
