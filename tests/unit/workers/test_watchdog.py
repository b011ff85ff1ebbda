"""When a worker process is given up."""

from __future__ import annotations

import time
from typing import NoReturn, cast

import pytest
from celery.worker import state

from reconciler.errors import StoreUnavailable
from reconciler.store.lease import Held, Leases
from workers.tasks import Progress
from workers.watchdog import EXIT_STALLED, EXIT_WEDGED, Patience, Watchdog

PATIENCE = Patience(wedged_after_s=1, stalled_after_s=60, drain_s=0.05, look_every_s=0.01)
A_PASS = cast("Held", type("APass", (), {"entry": "app:argocd/orders", "worker": "w1"})())


class Passes:
    """Leases as the watchdog sees them."""

    def __init__(self, running: list[Held], overdue: list[Held]) -> None:
        self._running, self._overdue = running, overdue

    def running(self) -> list[Held]:
        return self._running

    def overdue(self, grace_s: float) -> list[Held]:
        return self._overdue


class Exited(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> NoReturn:
        raise Exited(code)

    monkeypatch.setattr("os._exit", leave)
    monkeypatch.setattr(state, "should_stop", None)


def a_watchdog(passes: Passes, *, idle_s: float = 0.0, waiting: int = 0) -> tuple[Watchdog, Progress]:
    progress = Progress(last=time.monotonic() - idle_s)
    return Watchdog(cast("Leases", passes), progress, lambda: {"push.0": waiting}, PATIENCE), progress


def exit_code(watchdog: Watchdog) -> int | None:
    try:
        watchdog.look()
    except Exited as exited:
        return int(exited.args[0])
    return None


def test_a_process_at_work_goes_on() -> None:
    watchdog, _ = a_watchdog(Passes([A_PASS], []), idle_s=1000, waiting=50)
    assert exit_code(watchdog) is None
    assert state.should_stop is None


def test_a_pass_that_does_not_come_back_ends_the_process() -> None:
    watchdog, _ = a_watchdog(Passes([A_PASS], [A_PASS]))
    assert exit_code(watchdog) == EXIT_WEDGED
    assert state.should_stop == EXIT_WEDGED


def test_messages_that_nobody_takes_end_the_process() -> None:
    watchdog, _ = a_watchdog(Passes([], []), idle_s=61, waiting=1)
    assert exit_code(watchdog) == EXIT_STALLED


def test_a_process_without_work_waits() -> None:
    watchdog, progress = a_watchdog(Passes([], []), idle_s=61, waiting=0)
    before = progress.last
    assert exit_code(watchdog) is None
    assert progress.last > before


def test_a_message_that_waits_but_not_for_long_is_nothing() -> None:
    watchdog, _ = a_watchdog(Passes([], []), idle_s=59, waiting=1)
    assert exit_code(watchdog) is None


def test_a_dead_redis_is_no_reason_to_start_anew() -> None:
    def waiting() -> dict[str, int]:
        raise StoreUnavailable("redis is down")

    progress = Progress(last=time.monotonic() - 1000)
    watchdog = Watchdog(cast("Leases", Passes([], [])), progress, waiting, PATIENCE)
    assert exit_code(watchdog) is None
