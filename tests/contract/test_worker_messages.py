"""Messages that nobody of ours sent: dropped, counted, and never shown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.models.keys import EntryKey
from reconciler.queue import envelope, sign
from reconciler.sandbox.valkey import start_valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.due import Issued
from reconciler.store.sealing import Keyring
from tests.support.crew import Crew, a_crew
from tests.support.store import KEYRING, KEYS

ORDERS = EntryKey("app", "argocd/orders")
SECRET = "do-not-log-me"
STRANGER = Keyring.parse("test:" + "77" * 32)


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    valkey = start_valkey(tmp_path_factory.mktemp("valkey"))
    with a_crew(valkey) as crew:
        crew.start_worker()
        yield crew
    valkey.stop()


def a_message(keyring: Keyring = KEYRING, *, queue: str = "push.0", life_s: float = 60) -> dict[str, Any]:
    """A message for `orders` as beat sends it."""
    issued = Issued(ORDERS, SECRET, "push", "prod")
    message = sign(issued, queue, keyring, expires=int(time.time() + life_s))
    sent: dict[str, Any] = json.loads(envelope(message, "reconcile_application", queue))
    return sent


def with_headers(**headers: Any) -> dict[str, Any]:
    message = a_message()
    return message | {"headers": message["headers"] | headers}


BAD: list[tuple[str, Any]] = [
    ("mac", a_message(STRANGER)),
    ("mac", with_headers(task="refresh_source")),
    ("mac", with_headers(task="reconcile_application.timer")),
    ("mac", a_message(queue="person")),
    ("expired", a_message(life_s=-1)),
    ("unknown-task", with_headers(task="os.system")),
    ("unknown-task", with_headers(task="celery.backend_cleanup")),
    ("unknown-task", with_headers(task="celery.map")),
    ("envelope", a_message() | {"content-type": "application/x-python-serialize"}),
    ("envelope", a_message() | {"content-type": "application/x-yaml"}),
    ("envelope", a_message() | {"body": "not json"}),
    ("envelope", a_message() | {"body": '[[], {}, {"callbacks": [1]}]'}),
    ("envelope", a_message() | {"body": '[[1], {}, {"chain": [1]}]'}),
    ("malformed", a_message() | {"body": '[["do-not-log-me"], {}, null]'}),
    ("envelope", a_message() | {"headers": {}}),
    ("envelope", {"body": SECRET}),
    ("envelope", SECRET),
    ("envelope", 7),
    ("json", b"do-not-log-me \xff\x00 not json"),
]


@pytest.mark.parametrize(("why", "message"), BAD)
def test_a_message_that_nobody_sent_is_dropped_counted_and_not_shown(crew: Crew, why: str, message: Any) -> None:
    before = dropped(crew, why)
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    crew.client.lpush(KEYS.queue("push.0"), raw)
    wait_for(lambda: dropped(crew, why) == before + 1, f"a message dropped because of {why}", timeout_s=10)
    worker = crew.processes[-1]
    assert worker.poll() is None
    assert SECRET not in crew.log(worker)
    assert crew.journal() == []


def test_a_good_message_for_an_entry_that_is_not_due_does_nothing(crew: Crew) -> None:
    crew.client.lpush(KEYS.queue("push.0"), json.dumps(a_message()))
    wait_for(lambda: not crew.client.llen(KEYS.queue("push.0")), "the message to be taken", timeout_s=10)
    before = dropped(crew, "mac")
    crew.client.lpush(KEYS.queue("push.0"), json.dumps(a_message(STRANGER)))
    wait_for(lambda: dropped(crew, "mac") == before + 1, "the next one to be dropped", timeout_s=10)
    assert crew.journal() == []


def dropped(crew: Crew, why: str) -> int:
    return crew.log(crew.processes[-1]).count(f"why={why} ") + crew.log(crew.processes[-1]).count(f"why={why}\n")
