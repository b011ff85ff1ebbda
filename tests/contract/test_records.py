"""Records and results on a real Valkey."""

from __future__ import annotations

import pytest

from reconciler.errors import StoreUnavailable
from reconciler.models.keys import AppKey, ObjectKey, Revision
from reconciler.models.result import ReconcileResult
from reconciler.sandbox.valkey import Valkey
from reconciler.store.client import Client, connect
from reconciler.store.records import ObjectRecord, Record, Records, objects_of
from reconciler.store.results import Results
from reconciler.store.sealing import Keyring
from tests.support.store import KEYRING, KEYS

ORDERS, BILLING = AppKey("argocd", "orders"), AppKey("argocd", "billing")
DEPLOYMENT = ObjectKey("apps", "Deployment", "shop", "orders")
NAMESPACE = ObjectKey("", "Namespace", "", "shop")
RECORD = Record(
    uid="u1",
    inputs="in",
    render="re",
    cluster="https://prod",
    objects=objects_of(
        {DEPLOYMENT: ObjectRecord("d", "l", "u2", "17", "Healthy"), NAMESPACE: ObjectRecord("d", "l", "u3", "4")}
    ),
    checked_at=12.5,
    strikes=1,
    faults=2,
    revisions=("c0ffee",),
)


@pytest.fixture
def client(valkey: Valkey) -> Client:
    return connect(valkey.url)


@pytest.fixture
def records(client: Client) -> Records:
    return Records(client, KEYS, KEYRING)


def test_a_record_comes_back_as_it_was_put(records: Records) -> None:
    assert records.get(ORDERS) is None
    records.put(ORDERS, RECORD)
    assert records.get(ORDERS) == RECORD


def test_objects_are_found_by_their_key(records: Records) -> None:
    records.put(ORDERS, RECORD)
    record = records.get(ORDERS)
    assert record
    assert record.of(DEPLOYMENT) == ObjectRecord("d", "l", "u2", "17", "Healthy")
    assert set(record.by_key) == {DEPLOYMENT, NAMESPACE}


def test_many_are_read_at_once(records: Records) -> None:
    records.put(ORDERS, RECORD)
    assert records.get_many([BILLING, ORDERS]) == {ORDERS: RECORD}
    assert records.get_many([]) == {}


def test_a_record_moved_to_another_application_is_a_miss(records: Records, client: Client) -> None:
    records.put(ORDERS, RECORD)
    client.rename(KEYS.record(ORDERS), KEYS.record(BILLING))
    assert records.get(BILLING) is None


def test_an_edited_or_foreign_record_is_a_miss(records: Records, client: Client) -> None:
    records.put(ORDERS, RECORD)
    raw = client.get(KEYS.record(ORDERS))
    assert isinstance(raw, bytes)
    client.set(KEYS.record(ORDERS), raw.replace(b"Healthy", b"Healthz"))
    assert records.get(ORDERS) is None
    Records(client, KEYS, Keyring.parse("test:" + "99" * 32)).put(ORDERS, RECORD)
    assert records.get(ORDERS) is None


def test_a_record_of_another_version_is_a_miss(records: Records, client: Client) -> None:
    key = KEYS.record(ORDERS)
    client.set(key, KEYRING.signed(b"\x93\x01\x02\x03", "record", key))
    assert records.get(ORDERS) is None


def test_a_dropped_record_is_gone(records: Records) -> None:
    records.put(ORDERS, RECORD)
    records.drop(ORDERS)
    assert records.get(ORDERS) is None


def test_a_dead_redis_is_an_error_and_never_an_empty_record(own_valkey: Valkey) -> None:
    records = Records(connect(own_valkey.url), KEYS, KEYRING)
    own_valkey.kill()
    with pytest.raises(StoreUnavailable):
        records.get(ORDERS)


def test_the_last_result_is_kept_in_short(client: Client) -> None:
    results = Results(client, KEYS)
    assert results.last(ORDERS) is None
    result = ReconcileResult(
        ORDERS, "u", "acted", "Synced", "Healthy", "Succeeded", (Revision("c0ffee"),), why="w" * 9999
    )
    results.publish(result, at=5.0)
    last = results.last(ORDERS)
    assert last
    assert (last.at, last.sync, last.phase, last.revisions, len(last.why)) == (
        5.0,
        "Synced",
        "Succeeded",
        ("c0ffee",),
        500,
    )
    results.drop(ORDERS)
    assert results.last(ORDERS) is None
