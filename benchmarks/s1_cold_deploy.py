"""S1, cold deploy: how fast a fleet that nobody has deployed yet is deployed.

Our processes run and are warm, but beat is stopped. All Applications are created; then beat goes on, and the clock with
it. The clock ends with the watch event of the last Application that becomes Synced and Healthy. CPU and API calls count
from before the first Application is created, so taking them in is paid for.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import fleet
from benchmarks.calls import Call, by_kind
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.probes import Pairs, Probes
from benchmarks.report import Report, Value
from benchmarks.rig import Rig
from benchmarks.wire import APPLICATIONS, Seen, Watcher
from reconciler.sandbox.everything import APPLICATIONS as CONTROL_APPLICATIONS
from reconciler.sandbox.everything import state_of
from reconciler.sandbox.waiting import wait_for

QUIET_S = 5.0
S_PER_APP = 0.5
LEAST_S = 120.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Arrivals:
    """When each Application was first seen settled, on the monotonic clock."""

    at: dict[str, float] = field(default_factory=dict)

    def hear(self, _: str, seen: Seen, now: float) -> None:
        if seen.is_settled:
            self.at.setdefault(seen.metadata.name, now)


@dataclass(frozen=True, slots=True)
class Deployed:
    """One cold deploy as it was measured."""

    took_s: float
    cpu_s: float
    server_cpu_s: float
    peak_mb: float
    calls: Sequence[Call]
    counters: Counter[str]
    cpu_by_process: Mapping[str, float]


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not converge."""
    members = fleet.members(n, rig.options.clusters)
    probes = rig.probes()
    before = _probed(probes, "first")
    rig.load(members)
    deployed = deploy(rig, members)
    busy = load()
    rig.stop_processes()
    after = _probed(probes, "last")
    return _report(n, deployed, (before, after), busy)


def deploy(rig: Rig, members: Sequence[Member], *, limit_s: float = 0.0) -> Deployed:
    """Starts our processes and deploys the fleet with them. Raises TimeoutError after `limit_s`, or by its size."""
    rig.start_processes()
    calls, cpu, server = rig.calls.from_now(), rig.used().cpu_s, rig.used_by_server().cpu_s
    arrivals = Arrivals()
    watcher = Watcher(rig.plane.access(), APPLICATIONS, arrivals.hear)
    started = _released(rig, members)
    try:
        _wait(rig, arrivals, len(members), limit_s or LEAST_S + S_PER_APP * len(members))
    finally:
        watcher.close()
    usage = rig.used()
    return Deployed(
        took_s=max(arrivals.at.values()) - started,
        cpu_s=usage.cpu_s - cpu,
        server_cpu_s=rig.used_by_server().cpu_s - server,
        peak_mb=usage.peak_mb,
        calls=calls.ours(),
        counters=rig.counters(),
        cpu_by_process=rig.cpu_by_process(),
    )


def _released(rig: Rig, members: Sequence[Member]) -> float:
    """Creates all Applications behind a stopped beat, then lets it go; that moment, on the monotonic clock."""
    assert rig.supervisor, "our processes do not run"
    beat = rig.supervisor.child("beat")
    beat.signal(signal.SIGSTOP)
    rig.deploy(members)
    time.sleep(QUIET_S)  # the observer takes them in; how long that may take is part of what is being measured
    log.info("%d Applications created, beat goes on", len(members))
    beat.signal(signal.SIGCONT)
    return time.monotonic()


def _wait(rig: Rig, arrivals: Arrivals, n: int, limit_s: float) -> None:
    try:
        wait_for(lambda: len(arrivals.at) >= n, "the fleet to be Synced and Healthy", timeout_s=limit_s, every_s=0.1)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; {len(arrivals.at)} of {n} are, the others: {_others(rig)}") from None


def _others(rig: Rig) -> str:
    """The commonest states of what did not converge."""
    items = rig.plane.api.get(CONTROL_APPLICATIONS)["items"]
    states = Counter(state_of(item) for item in items)
    return "; ".join(f"{count} of {state}" for state, count in states.most_common(5))


def _probed(probes: Probes, when: str) -> Pairs:
    pairs = probes.pairs()
    log.info("P1 %s: %s pairs/s", when, {threads: round(rate) for threads, rate in pairs.by_threads.items()})
    return pairs


def _report(n: int, deployed: Deployed, probes: tuple[Pairs, Pairs], busy: float) -> Report:
    before, after = probes
    beside: dict[str, Value] = {
        "took_s": deployed.took_s,
        "probe_first": before.per_s,
        "probe_last": after.per_s,
        "server_cpu_ms_per_app": deployed.server_cpu_s * 1000 / n,
        **{f"cpu_s_{name}": cpu_s for name, cpu_s in deployed.cpu_by_process.items()},
        **by_kind(deployed.calls),
    }
    return Report(
        scenario="S1",
        n=n,
        figure=n / deployed.took_s,
        unit="apps/s",
        probe=max(before.per_s, after.per_s),
        renders=deployed.counters["reconciler_renders_total"],
        api_calls_per_app=len(deployed.calls) / n,
        cpu_ms_per_app=deployed.cpu_s * 1000 / n,
        rss_mb=deployed.peak_mb,
        tasks=deployed.counters["reconciler_passes_total"],
        load=busy,
        beside=beside,
    )
