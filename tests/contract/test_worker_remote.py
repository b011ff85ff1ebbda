"""Remote control: Flower sees workers, and nobody can change or stop one by an unsigned command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from celery import Celery
from kombu import pools
from pydantic import SecretStr

from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings
from tests.support.crew import Crew, a_crew
from tests.support.store import KEYS
from workers.app import celery_app


@pytest.fixture
def crew(own_valkey: Valkey) -> Iterator[Crew]:
    with a_crew(own_valkey) as crew:
        crew.start_worker()
        yield crew


@pytest.fixture
def app(own_valkey: Valkey) -> Iterator[Celery]:
    with an_app(own_valkey) as app:
        yield app


def an_app(valkey: Valkey) -> Celery:
    return celery_app(Settings(redis_url=SecretStr(valkey.url), key_prefix=KEYS.prefix, shards=2))


def workers_seen(app: Celery) -> int:
    return len(app.control.inspect(timeout=1).ping() or {})


def test_a_worker_is_seen_before_and_after_a_restart_of_valkey_in_the_middle_of_a_pass(crew: Crew, app: Celery) -> None:
    crew.start_beat()
    wait_for(lambda: workers_seen(app) == 1, "the worker", timeout_s=20)
    crew.due.request(EntryKey("app", "argocd/sleep-2"), "uid", "push", "prod")
    crew.until_begun("app:argocd/sleep-2")
    crew.valkey.restart()
    crew.due.request(EntryKey("app", "argocd/after"), "uid", "push", "prod")
    crew.until_done("app:argocd/after")
    pools.reset()  # type: ignore[no-untyped-call]  # the connection that this test itself held is dead as well
    with an_app(crew.valkey) as another:
        wait_for(lambda: workers_seen(another) == 1, "the same worker", timeout_s=20)
    assert crew.processes[0].poll() is None


def test_a_worker_tells_which_queues_it_reads(crew: Crew, app: Celery) -> None:
    wait_for(lambda: workers_seen(app) == 1, "the worker", timeout_s=20)
    [queues] = app.control.inspect(timeout=2).active_queues().values()
    assert {queue["name"] for queue in queues} == {"person", "push.0", "push.1", "timer.0", "timer.1"}


@pytest.mark.parametrize("command", ["shutdown", "pool_shrink", "cancel_consumer", "revoke", "rate_limit", "terminate"])
def test_commands_that_change_a_worker_are_not_obeyed(crew: Crew, app: Celery, command: str) -> None:
    wait_for(lambda: workers_seen(app) == 1, "the worker", timeout_s=20)
    answers = app.control.broadcast(command, arguments={}, reply=True, timeout=1)
    assert all("error" in answer for reply in answers for answer in reply.values())
    assert workers_seen(app) == 1
    assert crew.processes[0].poll() is None
