"""S4, one big Application: N ConfigMaps in it. Objects a second, and how large its status becomes.

The clock is that of S1 with a single Application; the probe is P1, of which it should reach more than small ones do,
since one status patch serves all objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.calls import by_kind
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from reconciler.sandbox.control import NAMESPACE


@dataclass(frozen=True, slots=True)
class Big(Member):
    """One Application of many small ConfigMaps."""

    objects: int = 0

    def manifest(self, generation: str = "0") -> str:
        return "---\n".join(self._documents(generation))

    def _documents(self, generation: str) -> Iterator[str]:
        for number in range(self.objects):
            head = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {self.name}-{number:05}\n"
            yield f'{head}data:\n  generation: "{generation}"\n'


def run(rig: Rig, n: int) -> Report:
    """`n` is the number of objects. Raises TimeoutError when the Application does not become Synced and Healthy."""
    members = [Big(0, 1, objects=n)]
    probe = rig.probes().pairs().per_s
    rig.load(members)
    deployed = deploy(rig, members, limit_s=120.0 + n * 0.1)
    status = rig.plane.api.get(f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/applications/{members[0].name}")
    busy = load()
    rig.stop_processes()
    return Report(
        scenario="S4",
        n=n,
        figure=n / deployed.took_s,
        unit="objects/s of one Application",
        probe=max(probe, rig.probes().pairs().per_s),
        rss_mb=deployed.peak_mb,
        tasks=deployed.counters["reconciler_passes_total"],
        load=busy,
        beside={
            "took_s": deployed.took_s,
            "cpu_ms_per_object": deployed.cpu_s * 1000 / n,
            "calls_per_object": len(deployed.calls) / n,
            "application_kb": len(json.dumps(status)) / 1024,
            **by_kind(deployed.calls),
        },
    )
