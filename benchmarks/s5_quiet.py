"""S5, quiet: what a converged fleet costs while nothing happens.

After a cold deploy and a pause without any request, a window of two polls of the repository. The figure is everything
that was asked for or done in it: object calls, writes, passes and looks at Git; the probe is the number of polls. Then
our processes are started anew with a short full check, and one is asked for of every Application: what comes of it is
what the real one costs every six hours.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks import fleet
from benchmarks.calls import Call
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report, Value
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from reconciler.models.keys import AppKey, EntryKey
from reconciler.sandbox.control import NAMESPACE
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings
from reconciler.store.client import connect
from reconciler.store.due import DueSet, Request
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys

POLL_S = 60.0
WINDOW_S = 120.0
SILENCE_S = 8.0
SETTLE_LIMIT_S = 180.0
PASSES = "reconciler_passes_total"
FULL_CHECK_S = 60.0
"""Short enough for every Application to be in want of one after the window, long enough for none to have two."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in one stretch of time."""

    object_calls: int
    writes: int
    passes: int
    looks: int
    cpu_s: float
    server_cpu_s: float
    what: str

    @property
    def total(self) -> int:
        return self.object_calls + self.passes + self.looks


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not converge or does not become quiet."""
    rig.load(members := fleet.members(n, rig.options.clusters))
    deploy(rig, members)
    settle(rig)
    quiet, busy, peak_mb = _observed(rig, WINDOW_S), load(), rig.used().peak_mb
    return Report(
        scenario="S5",
        n=n,
        figure=float(quiet.total),
        unit=f"requests and passes in {WINDOW_S:g} s",
        probe=WINDOW_S / POLL_S,
        object_calls=quiet.object_calls,
        writes=quiet.writes,
        tasks=quiet.passes,
        rss_mb=peak_mb,
        load=busy,
        beside={
            "looks_at_git": quiet.looks,
            "cpu_s": quiet.cpu_s,
            "server_cpu_s": quiet.server_cpu_s,
            "object_calls_by_kind": quiet.what,
            **_full_check(rig, members),
        },
    )


def settle(rig: Rig) -> None:
    """Waits until our processes have asked the API server for nothing but watches for a while. Raises TimeoutError."""

    def silent() -> bool:
        calls = rig.calls.from_now()
        time.sleep(SILENCE_S)
        return not calls.ours(_about_objects)

    wait_for(silent, "our processes to become quiet", timeout_s=SETTLE_LIMIT_S)


def _observed(rig: Rig, window_s: float) -> Window:
    calls, counters = rig.calls.from_now(), rig.counters()
    cpu_s, server_cpu_s = rig.used().cpu_s, rig.used_by_server().cpu_s
    looks = rig.git.requests["ls-refs"]
    time.sleep(window_s)
    asked = calls.ours(_about_objects)
    return Window(
        object_calls=len(asked),
        writes=sum(call.is_write for call in asked),
        passes=rig.counters()[PASSES] - counters[PASSES],
        looks=rig.git.requests["ls-refs"] - looks,
        cpu_s=rig.used().cpu_s - cpu_s,
        server_cpu_s=rig.used_by_server().cpu_s - server_cpu_s,
        what=", ".join(sorted({call.what for call in asked})),
    )


def _full_check(rig: Rig, members: Sequence[Member]) -> Mapping[str, Value]:
    """What one full check of every Application costs. Raises TimeoutError."""
    rig.stop_processes()
    rig.options = replace(rig.options, settings={**rig.options.settings, "RECONCILER_FULL_CHECK_S": str(FULL_CHECK_S)})
    rig.start_processes()
    settle(rig)
    calls, passes, cpu_s, started = rig.calls.from_now(), rig.counters()[PASSES], rig.used().cpu_s, time.monotonic()
    _request(rig, members)
    limit_s = 60 + 0.1 * len(members)
    wait_for(
        lambda: rig.counters()[PASSES] - passes >= len(members), "every full check", timeout_s=limit_s, every_s=0.2
    )
    took_s, used_s = time.monotonic() - started, rig.used().cpu_s - cpu_s
    asked = calls.ours(_about_objects)
    return {
        "full_check_s": took_s,
        "full_check_cpu_ms_per_app": used_s * 1000 / len(members),
        "full_check_calls_per_app": len(asked) / len(members),
        "full_check_writes": sum(call.is_write for call in asked),
    }


def _request(rig: Rig, members: Sequence[Member]) -> None:
    client, keys = connect(rig.valkey.url), Keys.of(Settings())
    due = DueSet(client, keys, Heartbeat(client, keys, 5.0))
    due.request_many([Request(EntryKey.app(AppKey(NAMESPACE, member.name))) for member in members])
    client.close()


def _about_objects(call: Call) -> bool:
    return call.is_about_objects
