"""S9, drift: from a foreign edit of a live object to its repair.

Ten edits a second of ConfigMaps of different Applications, for half a minute or until each had one. The clock of each
starts when the API server has answered the edit and ends with the watch event that brings the value of Git back. A
false heal is a write of ours to an object that nobody had edited, or a second one. The probe is the least that anybody
must do: hear of the change, apply.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from benchmarks import fleet
from benchmarks.calls import by_kind
from benchmarks.figures import Spread
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from benchmarks.s5_quiet import PASSES, settle
from benchmarks.wire import CONFIG_MAPS, Seen, Watcher, Wire
from reconciler.sandbox.waiting import wait_for

EDITS_PER_S = 10
DURATION_S = 30
LIMIT_S = 60.0
EDIT = "edited by hand"


@dataclass(slots=True)
class Healing:
    """Edits by name of the object: when they were answered and when they were gone, on the monotonic clock."""

    edited: dict[str, float] = field(default_factory=dict)
    drifted: set[str] = field(default_factory=set)
    healed: dict[str, float] = field(default_factory=dict)

    def hear(self, _: str, seen: Seen, now: float) -> None:
        name = seen.metadata.name
        if seen.data.get("generation") == EDIT:
            self.drifted.add(name)
        elif name in self.drifted:
            self.healed.setdefault(name, now)

    @property
    def seconds(self) -> list[float]:
        """Of each healed edit; none below zero, for the watch may be faster than the answer."""
        return [max(0.0, at - self.edited[name]) for name, at in self.healed.items()]


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not converge or an edit is not healed."""
    probes = rig.probes()
    floor_s = probes.event_s().p50_s + probes.apply_s().p50_s
    rig.load(members := fleet.members(n, rig.options.clusters))
    deploy(rig, members)
    settle(rig)
    before, calls, cpu_s = rig.counters(), rig.calls.from_now(), rig.used().cpu_s
    chosen = random.Random(9).sample(members, k=min(n, EDITS_PER_S * DURATION_S))
    spread = Spread.of(_healed(rig, chosen).seconds)
    settle(rig)
    asked = calls.ours(lambda call: call.is_about_objects)
    heals = Counter(
        call.object_ref.name for call in asked if call.is_write and call.object_ref.resource == "configmaps"
    )
    heals.subtract(member.name for member in chosen)
    return Report(
        scenario="S9",
        n=n,
        figure=spread.p50_s,
        unit="s from edit to healed, median",
        probe=floor_s,
        p50_s=spread.p50_s,
        p99_s=spread.p99_s,
        tasks=rig.counters()[PASSES] - before[PASSES],
        object_calls=len(asked),
        writes=sum(call.is_write for call in asked),
        cpu_ms_per_app=(rig.used().cpu_s - cpu_s) * 1000 / len(chosen),
        rss_mb=rig.used().peak_mb,
        load=load(),
        beside={"edits": len(chosen), "max_s": spread.max_s, "false_heals": (+heals).total(), **by_kind(asked)},
    )


def _healed(rig: Rig, chosen: list[Member]) -> Healing:
    healing = Healing()
    wire, watcher = Wire(rig.plane.access()), Watcher(rig.plane.access(), CONFIG_MAPS, healing.hear)
    body = json.dumps({"data": {"generation": EDIT}}).encode()
    started = time.monotonic()
    try:
        for number, member in enumerate(chosen):
            time.sleep(max(0.0, started + number / EDITS_PER_S - time.monotonic()))
            wire.patch(f"{member.object_path}?fieldManager=kubectl-edit", body)
            healing.edited[member.name] = time.monotonic()
        wait_for(lambda: len(healing.healed) >= len(chosen), "every edit to be healed", timeout_s=LIMIT_S)
    finally:
        watcher.close()
    return healing
