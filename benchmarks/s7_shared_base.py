"""S7, a shared base: one edit below 40 overlays of one Kustomize base, each of them deployed to many targets.

The fleet is 5 bases, 40 overlays of each, and N / 200 targets of each overlay. One commit edits a base, which a fifth
of the fleet reads. The figure is what was rendered for it; the probe is what has to be: the distinct inputs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from benchmarks.s5_quiet import PASSES, settle
from benchmarks.wire import CONFIG_MAPS, Seen, Watcher
from reconciler.sandbox.waiting import wait_for

BASES, OVERLAYS = 5, 40
EDITED = 0
RENDERS = "reconciler_renders_total"
LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Target(Member):
    """One deployment of one overlay: all targets of an overlay have the same source."""

    @property
    def base(self) -> int:
        return self.number % BASES

    @property
    def overlay(self) -> int:
        return self.number // BASES % OVERLAYS

    @property
    def path(self) -> str:
        return f"overlays/b{self.base}/o{self.overlay:02}"


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not converge or the edit does not arrive everywhere."""
    members = [Target(number, min(rig.options.clusters, n)) for number in range(n)]
    hit = [member for member in members if member.base == EDITED]
    rig.load(members, repository_files(members))
    cold = deploy(rig, members)
    settle(rig)
    before, calls, cpu_s = rig.counters(), rig.calls.from_now(), rig.used().cpu_s
    took_s = _edited(rig, hit)
    settle(rig)
    after, asked = rig.counters(), calls.ours(lambda call: call.is_about_objects)
    pairs = rig.probes().pairs()
    return Report(
        scenario="S7",
        n=n,
        figure=float(after[RENDERS] - before[RENDERS]),
        unit="renders for one edit of a base",
        probe=float(len({member.path for member in hit})),
        renders=after[RENDERS] - before[RENDERS],
        tasks=after[PASSES] - before[PASSES],
        object_calls=len(asked),
        writes=sum(call.is_write for call in asked),
        rss_mb=rig.used().peak_mb,
        load=load(),
        beside={
            "applications_hit": len(hit),
            "took_s": took_s,
            "apps_per_s": len(hit) / took_s,
            "share_of_p1": len(hit) / took_s / pairs.per_s,
            "cpu_ms_per_app": (rig.used().cpu_s - cpu_s) * 1000 / len(hit),
            "cold_renders": cold.counters[RENDERS],
            "cold_apps_per_s": n / cold.took_s,
        },
    )


def repository_files(members: Iterable[Target]) -> Mapping[str, str]:
    files = {f"bases/b{base}/{name}": text for base in range(BASES) for name, text in _base(base, "0").items()}
    for member in members:
        files.setdefault(f"{member.path}/kustomization.yaml", _overlay(member))
    return files


def _base(base: int, generation: str) -> Mapping[str, str]:
    config = f'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b{base}\ndata:\n  generation: "{generation}"\n'
    return {"kustomization.yaml": "resources:\n- config.yaml\n", "config.yaml": config}


def _overlay(member: Target) -> str:
    labels = f"labels:\n- pairs:\n    overlay: o{member.overlay:02}\n"
    return f"resources:\n- ../../../bases/b{member.base}\nnameSuffix: -o{member.overlay:02}\n{labels}"


def _edited(rig: Rig, hit: Sequence[Target]) -> float:
    """Seconds from the webhook to the watch event of the last ConfigMap that the edit changes."""
    heard: set[str] = set()

    def hear(_: str, seen: Seen, _now: float) -> None:
        if seen.data.get("generation") == "1":
            heard.add(seen.metadata.namespace)

    watcher = Watcher(rig.plane.access(), CONFIG_MAPS, hear)
    try:
        started = rig.push({f"bases/b{EDITED}/config.yaml": _base(EDITED, "1")["config.yaml"]}, "Edit a base")
        wanted = {member.namespace for member in hit}
        wait_for(lambda: wanted <= heard, "every target to have the edit", timeout_s=LIMIT_S, every_s=0.02)
    finally:
        watcher.close()
    return time.monotonic() - started
