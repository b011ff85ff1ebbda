"""Messages: only what we sent, by the way we sent it, and in time, names an entry."""

import json
from typing import Any

import msgspec
import pytest

from reconciler.models.keys import EntryKey, Lane
from reconciler.queue import Forged, Message, admitted, envelope, is_ours, sign, task_name, verify
from reconciler.store.due import Issued
from reconciler.store.sealing import Keyring

KEYS = Keyring.parse("k:" + "ab" * 32)
APP = EntryKey("app", "argocd/orders")
TASK, QUEUE, NOW = "reconcile_application", "push.3", 1000.0


def a_message(lane: Lane = "push", queue: str = QUEUE, keyring: Keyring = KEYS) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(sign(Issued(APP, "uid-1", lane, "prod"), queue, keyring, expires=1300))
    return body


def why_refused(body: Any, task: str = TASK, queue: str = QUEUE, now: float = NOW) -> str:
    with pytest.raises(Forged) as caught:
        verify(body, task, queue, KEYS, now=now)
    return caught.value.why


def test_our_own_message_names_its_entry() -> None:
    entry, message = verify(a_message(), TASK, QUEUE, KEYS, now=NOW)
    assert (entry, message.uid, message.lane) == (APP, "uid-1", "push")


def test_a_message_under_another_task_is_refused() -> None:
    assert why_refused(a_message(), task="refresh_source") == "mac"
    assert why_refused(a_message(), task="reconcile_application.timer") == "mac"


def test_a_message_from_another_queue_is_refused() -> None:
    assert why_refused(a_message(), queue="person") == "mac"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entry", "app:argocd/billing"),
        ("uid", "uid-2"),
        ("lane", "person"),
        ("expires", 99999),
        ("mac", "k:" + "0" * 32),
    ],
)
def test_any_changed_field_is_refused(field: str, value: object) -> None:
    assert why_refused({**a_message(), field: value}) == "mac"


def test_a_message_of_somebody_else_is_refused() -> None:
    assert why_refused(a_message(keyring=Keyring.parse("k:" + "cd" * 32))) == "mac"


def test_a_late_message_is_refused() -> None:
    assert why_refused(a_message(), now=1300.0) == "expired"


@pytest.mark.parametrize(
    "body",
    [
        None,
        "x",
        [],
        {},
        {"entry": 1},
        {**a_message(), "entry": "pod:a"},
        {**a_message(), "lane": "fast"},
        a_message() | {"uid": 1},
    ],
)
def test_nonsense_is_refused_without_a_crash(body: object) -> None:
    assert why_refused(body) == "malformed"


def test_timer_passes_have_a_quiet_name() -> None:
    assert task_name("app", "person") == task_name("app", "push") == "reconcile_application"
    assert task_name("app", "timer") == "reconcile_application.timer"
    assert task_name("repo", "push") == "refresh_source"


def test_an_envelope_carries_identity_only() -> None:
    message = Message("app:argocd/orders", "uid-1", "push", 1300, "k:00")
    sent = json.loads(envelope(message, TASK, QUEUE))
    assert json.loads(sent["body"]) == [[msgspec.to_builtins(message)], {}, None]
    assert sent["headers"]["task"] == TASK
    assert sent["headers"]["argsrepr"] == "('app:argocd/orders', 'push')"
    assert sent["properties"]["delivery_info"] == {"exchange": "", "routing_key": QUEUE}


def test_only_what_the_envelope_may_hold_gets_in() -> None:
    message = Message("app:argocd/orders", "uid-1", "push", 1300, "k:00")
    sent = json.loads(envelope(message, TASK, QUEUE))
    sent["headers"] |= {"eta": "2026-01-01", "expires": 1, "timelimit": [1, 1], "reply_to": "x", "retries": 9}
    sent["properties"] |= {"reply_to": "x", "delivery_info": {"exchange": "y", "routing_key": "person"}}
    arrived = admitted(sent, QUEUE)
    assert set(arrived["headers"]) == {"lang", "task", "id", "root_id", "argsrepr", "kwargsrepr"}
    assert arrived["properties"]["delivery_info"] == {"exchange": "", "routing_key": QUEUE}
    assert "reply_to" not in arrived["properties"]


@pytest.mark.parametrize("task", ["celery.map", "celery.backend_cleanup", "reconcile", ""])
def test_tasks_that_are_not_ours_do_not_get_in(task: str) -> None:
    sent = json.loads(envelope(Message("app:argocd/orders", "u", "push", 1300), task, QUEUE))
    with pytest.raises(Forged, match="unknown-task"):
        admitted(sent, QUEUE)


def test_our_queues_are_told_from_those_of_remote_control() -> None:
    assert all(is_ours(name) for name in ("person", "push.0", "timer.7"))
    assert not any(is_ours(name) for name in ("celeryev.1", "w1@host.celery.pidbox", "personal", ""))
