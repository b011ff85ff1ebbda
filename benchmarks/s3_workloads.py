"""S3, workloads: N Applications of a Deployment, a ServiceAccount, a Service and an Ingress, all awaited Healthy.

As S1, but for what is deployed. A stub in this process plays the cluster's controllers: it answers each new Deployment
and Ingress with the status of one that runs. The probe is P1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.calls import by_kind
from benchmarks.fleet import Member
from benchmarks.measure import load
from benchmarks.report import Report
from benchmarks.rig import Rig
from benchmarks.s1_cold_deploy import deploy
from benchmarks.wire import MERGE_PATCH, Hear, Seen, Watcher, Wire

STUB_THREADS = 4
STATUSES = {
    "/apis/apps/v1/deployments": {"observedGeneration": 1, "replicas": 0},
    "/apis/networking.k8s.io/v1/ingresses": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
}
"""What a controller would say of a new object, by collection."""

_MANIFEST = """\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 0
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{serviceAccountName: {name}, containers: [{{name: main, image: "web:{generation}"}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}}}
spec: {{defaultBackend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}
"""


@dataclass(frozen=True, slots=True)
class Workload(Member):
    """One Application of four objects."""

    def manifest(self, generation: str = "0") -> str:
        return _MANIFEST.format(name=self.name, generation=generation)


def run(rig: Rig, n: int) -> Report:
    """Raises TimeoutError when the fleet does not become Synced and Healthy."""
    members = [Workload(number, min(rig.options.clusters, n)) for number in range(n)]
    probe = rig.probes().pairs().per_s
    rig.load(members)
    with _controllers(rig):
        deployed = deploy(rig, members)
    busy = load()
    rig.stop_processes()
    return Report(
        scenario="S3",
        n=n,
        figure=n / deployed.took_s,
        unit="apps/s of four objects, all Healthy",
        probe=max(probe, rig.probes().pairs().per_s),
        renders=deployed.counters["reconciler_renders_total"],
        api_calls_per_app=len(deployed.calls) / n,
        cpu_ms_per_app=deployed.cpu_s * 1000 / n,
        rss_mb=deployed.peak_mb,
        tasks=deployed.counters["reconciler_passes_total"],
        load=busy,
        beside={
            "took_s": deployed.took_s,
            "objects_per_s": 4 * n / deployed.took_s,
            "server_cpu_ms_per_app": deployed.server_cpu_s * 1000 / n,
            **by_kind(deployed.calls),
        },
    )


@contextmanager
def _controllers(rig: Rig) -> Iterator[None]:
    """The stub, as long as it is needed. What it cannot write shows as an Application that never becomes Healthy."""
    access = rig.plane.access()
    wire = Wire(access, connections=STUB_THREADS)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(STUB_THREADS))
        for collection, status in STATUSES.items():
            watcher = Watcher(access, collection, _answer(wire, pool, collection, status))
            stack.callback(watcher.close)
        yield


def _answer(wire: Wire, pool: ThreadPoolExecutor, collection: str, status: object) -> Hear:
    group, _, plural = collection.rpartition("/")
    body = json.dumps({"status": status}).encode()

    def hear(event: str, seen: Seen, _now: float) -> None:
        if event == "ADDED":
            place = f"{group}/namespaces/{seen.metadata.namespace}/{plural}/{seen.metadata.name}/status"
            pool.submit(wire.patch, place, body, MERGE_PATCH)

    return hear
