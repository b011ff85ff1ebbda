"""Killed, wedged and cut off: what real workers do when something dies in the middle."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.store.due import Request
from tests.support.crew import REDRIVE_S, TTL_S, Crew, a_crew
from workers.watchdog import EXIT_WEDGED


@pytest.fixture
def crew(own_valkey: Valkey) -> Iterator[Crew]:
    with a_crew(own_valkey) as crew:
        crew.start_beat()
        yield crew


def app(name: str) -> EntryKey:
    return EntryKey("app", f"argocd/{name}")


def test_a_killed_workers_entry_comes_back_after_its_heartbeat(crew: Crew) -> None:
    worker = crew.start_worker()
    crew.due.request(app("sleep-2"), "uid", "push", "prod")
    crew.until_begun("app:argocd/sleep-2")
    worker.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    crew.start_worker()
    crew.until_begun("app:argocd/sleep-2", times=2)
    assert time.monotonic() - killed < 2 * TTL_S + REDRIVE_S + 10
    crew.until_done("app:argocd/sleep-2")


def test_a_wedged_thread_makes_its_process_drain_and_exit(crew: Crew) -> None:
    worker = crew.start_worker()
    crew.due.request(app("wedge"), "uid", "push", "prod")
    crew.until_begun("app:argocd/wedge")
    crew.due.request(app("sleep-2.5"), "uid", "push", "prod")
    crew.until_begun("app:argocd/sleep-2.5")
    assert worker.wait(timeout=30) == EXIT_WEDGED
    assert "end app:argocd/sleep-2.5 push" in crew.journal()
    crew.start_worker()
    crew.until_begun("app:argocd/wedge", times=2)


def test_a_wedged_thread_does_not_keep_a_stopping_process_alive(crew: Crew) -> None:
    worker = crew.start_worker()
    crew.due.request(app("wedge"), "uid", "push", "prod")
    crew.until_begun("app:argocd/wedge")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == EXIT_WEDGED


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "in the middle of a pass"])
def test_workers_and_beat_outlive_a_killed_valkey(crew: Crew, busy: bool) -> None:
    worker, beat = crew.start_worker(), crew.processes[0]
    # Both have looked at their Redis by then; one that is not there at their start ends them, for a supervisor.
    crew.due.request(app("before"), "uid", "push", "prod")
    crew.until_done("app:argocd/before")
    if busy:
        crew.due.request(app("sleep-2"), "uid", "push", "prod")
        crew.until_begun("app:argocd/sleep-2")
    crew.valkey.kill()
    time.sleep(1.5)  # the outage itself
    crew.valkey.start()
    crew.due.request(app("afterwards"), "uid", "push", "prod")
    crew.until_done("app:argocd/afterwards")
    assert (worker.poll(), beat.poll()) == (None, None), crew.log(worker) + crew.log(beat)


def test_a_worker_takes_work_again_after_three_restarts_of_valkey(crew: Crew) -> None:
    worker = crew.start_worker()
    for number in range(3):
        crew.due.request(app(f"sleep-1-{number}"), "uid", "push", "prod")
        crew.until_begun(f"app:argocd/sleep-1-{number}")
        crew.valkey.restart()
        crew.due.request(app(f"after-{number}"), "uid", "push", "prod")
        crew.until_done(f"app:argocd/after-{number}")
    assert worker.poll() is None, crew.log(worker)


def test_a_wiped_due_set_is_rebuilt(crew: Crew) -> None:
    crew.start_worker("fleet")
    for number in range(5):
        crew.until_done(f"app:argocd/fleet-{number}")
    crew.valkey.flush()
    for number in range(5):
        crew.until_done(f"app:argocd/fleet-{number}")


def test_a_fail_over_to_an_older_copy_is_rebuilt(crew: Crew) -> None:
    crew.start_worker("fleet")
    for number in range(5):
        crew.until_done(f"app:argocd/fleet-{number}")
    crew.valkey.snapshot(crew.folder / "older.rdb")
    crew.valkey.restore(crew.folder / "older.rdb")
    for number in range(5):
        crew.until_done(f"app:argocd/fleet-{number}", times=2)


def test_messages_lost_with_their_queue_are_sent_again(crew: Crew) -> None:
    crew.due.request_many([Request(app(f"app-{number}"), "uid", "push", "prod") for number in range(5)])
    wait_for(lambda: lengths(crew) == 5, "messages", timeout_s=20)
    crew.client.delete("test:push.0", "test:push.1")
    crew.start_worker()
    for number in range(5):
        crew.until_done(f"app:argocd/app-{number}")


def lengths(crew: Crew) -> int:
    return int(crew.client.llen("test:push.0")) + int(crew.client.llen("test:push.1"))
