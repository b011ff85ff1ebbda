"""S6, one file changes: from the webhook to the changed ConfigMap, in a repository that the whole fleet shares.

Fifty commits, one after the other, each to one file of another Application. The clock starts when the signed push event
is about to be sent and ends with the watch event of the ConfigMap. The probe is the least that anybody must do:
look at the refs, fetch, apply.
"""

from __future__ import annotations

import logging
import random

from benchmarks import fleet
from benchmarks.calls import by_kind
from benchmarks.figures import Spread
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from benchmarks.s5_quiet import PASSES, settle
from benchmarks.wire import CONFIG_MAPS, Seen, Watcher
from reconciler.sandbox.waiting import wait_for

COMMITS = 50
LIMIT_S = 60.0
RENDERS = "reconciler_renders_total"

log = logging.getLogger(__name__)


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not converge or a commit does not arrive."""
    probes = rig.probes()
    floor_s = probes.fetch_s() + probes.apply_s().p50_s
    rig.load(members := fleet.members(n, rig.options.clusters))
    deploy(rig, members)
    settle(rig)
    before, calls, cpu_s = rig.counters(), rig.calls.from_now(), rig.used().cpu_s
    spread = Spread.of(_commits(rig, members))
    settle(rig)
    after, asked = rig.counters(), calls.ours(lambda call: call.is_about_objects)
    return Report(
        scenario="S6",
        n=n,
        figure=spread.p50_s,
        unit="s from webhook to changed object, median",
        probe=floor_s,
        p50_s=spread.p50_s,
        p99_s=spread.p99_s,
        renders=after[RENDERS] - before[RENDERS],
        tasks=after[PASSES] - before[PASSES],
        object_calls=len(asked),
        writes=sum(call.is_write for call in asked),
        rss_mb=rig.used().peak_mb,
        load=load(),
        beside={
            "commits": COMMITS,
            "max_s": spread.max_s,
            "cpu_ms_per_commit": (rig.used().cpu_s - cpu_s) * 1000 / COMMITS,
            **by_kind(asked),
        },
    )


def _commits(rig: Rig, members: list[Member]) -> list[float]:
    heard: dict[tuple[str, str], float] = {}

    def hear(_: str, seen: Seen, now: float) -> None:
        heard.setdefault((seen.metadata.name, seen.data.get("generation", "")), now)

    watcher = Watcher(rig.plane.access(), CONFIG_MAPS, hear)
    chosen = random.Random(6).choices(members, k=COMMITS)
    try:
        return [_arrival_s(rig, member, f"{turn + 1}", heard) for turn, member in enumerate(chosen)]
    finally:
        watcher.close()


def _arrival_s(rig: Rig, member: Member, generation: str, heard: dict[tuple[str, str], float]) -> float:
    started = rig.push({member.file: member.manifest(generation)}, f"Generation {generation}")
    wanted = (member.name, generation)
    wait_for(
        lambda: wanted in heard, f"{member.name} to change after commit {generation}", timeout_s=LIMIT_S, every_s=0.005
    )
    return heard[wanted] - started
