"""Beat and workers as real processes on a real Valkey: who runs what, when, and what becomes of a bad pass."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from reconciler.models.keys import EntryKey, Lane
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.due import Request
from tests.support.crew import Crew, a_crew
from tests.support.store import KEYS


@pytest.fixture
def crew(own_valkey: Valkey) -> Iterator[Crew]:
    with a_crew(own_valkey) as crew:
        crew.start_beat()
        yield crew


def app(name: str) -> EntryKey:
    return EntryKey("app", f"argocd/{name}")


@pytest.mark.parametrize("lane", ["person", "push", "timer"])
def test_a_request_becomes_one_pass(crew: Crew, lane: Lane) -> None:
    crew.start_worker()
    crew.due.request(app("orders"), "uid", lane, "prod")
    crew.until_done("app:argocd/orders")
    assert crew.journal() == [f"begin app:argocd/orders {lane}", f"end app:argocd/orders {lane}"]


def test_many_entries_are_each_passed_once_by_two_workers_and_two_beats(crew: Crew) -> None:
    crew.start_beat()
    crew.start_worker()
    crew.start_worker()
    names = [f"app-{number}" for number in range(300)]
    crew.due.request_many([Request(app(name), "uid", "push", f"c{hash(name) % 7}") for name in names])
    wait_for(lambda: len(crew.journal()) >= 600, "all passes", timeout_s=30)
    ends = [line for line in crew.journal() if line.startswith("end")]
    assert sorted(ends) == sorted(f"end app:argocd/{name} push" for name in names)


def test_a_refresh_goes_through_the_same_door(crew: Crew) -> None:
    crew.start_worker()
    crew.due.request(EntryKey("repo", "https://git.example/fleet.git"), "", "push", "git.example")
    crew.until_done("repo:https://git.example/fleet.git")


def test_a_person_does_not_wait_behind_a_backlog(crew: Crew) -> None:
    crew.start_worker()
    crew.due.request_many([Request(app(f"sleep-0.2-{n}"), "uid", "timer", f"c{n % 20}") for n in range(200)])
    crew.until_done("app:argocd/sleep-0.2-0")
    crew.due.request(app("urgent"), "uid", "person", "prod")
    crew.until_done("app:argocd/urgent")
    assert sum(line.startswith("end") for line in crew.journal()) < 100


def test_a_crashing_pass_is_settled_and_the_worker_lives(crew: Crew) -> None:
    worker = crew.start_worker()
    crew.due.request(app("crash"), "uid", "push", "prod")
    crew.until_begun("app:argocd/crash")
    wait_for(lambda: not crew.client.zcard(KEYS.issued("push")), "the settling", timeout_s=5)
    assert crew.client.zscore(KEYS.due("timer", "prod"), "app:argocd/crash") is not None
    crew.due.request(app("orders"), "uid", "push", "prod")
    crew.until_done("app:argocd/orders")
    assert worker.poll() is None


def test_sigterm_lets_the_pass_end_and_takes_nothing_new(crew: Crew) -> None:
    worker = crew.start_worker()
    crew.due.request(app("sleep-1.5"), "uid", "push", "prod")
    crew.until_begun("app:argocd/sleep-1.5")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=20) == 0
    assert crew.journal()[-1] == "end app:argocd/sleep-1.5 push"
    assert crew.hearts() == set()
    assert crew.client.zcard(KEYS.issued("push")) == 0


def test_beat_ends_at_sigterm(crew: Crew) -> None:
    beat = crew.processes[0]
    crew.start_worker()
    crew.due.request(app("orders"), "uid", "push", "prod")
    crew.until_done("app:argocd/orders")
    beat.send_signal(signal.SIGTERM)
    assert beat.wait(timeout=10) == 0
