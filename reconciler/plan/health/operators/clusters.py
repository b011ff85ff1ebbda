"""Cluster API: clusters, control planes and machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

BOOK: Final = "https://cluster-api.sigs.k8s.io/developer/core/controllers/"
CONDITIONS: Final = "https://github.com/kubernetes-sigs/cluster-api/blob/main/docs/proposals/20240916-improve-status-in-CAPI-resources.md"

PAUSED: Final = (("spec", "paused"),)
CLUSTER: Final = Rule(
    BOOK + "cluster",
    "Waiting for clusters",
    (When("Ready", "False", "Degraded"), When("Available", "False", "Degraded")),
    phase=("phase",),
    phases={"Provisioned": "Healthy", "Failed": "Degraded"},
    paused=PAUSED,
)
MACHINE: Final = Rule(
    BOOK + "machine",
    "Waiting for machines",
    phase=("phase",),
    phases={"Running": "Healthy", "Failed": "Degraded"},
)
MACHINE_DEPLOYMENT: Final = Rule(
    BOOK + "machine-deployment",
    "Waiting for machines",
    phase=("phase",),
    phases={"Running": "Healthy", "Failed": "Degraded"},
    paused=PAUSED,
)
CONTROL_PLANE: Final = Rule(
    CONDITIONS,
    "Waiting for the control plane",
    (
        When("RollingOut", "True", "Progressing"),
        When("Available", "True", "Healthy"),
        When("Available", "False", "Degraded"),
        When("Ready", "True", "Healthy"),
        When(
            "Ready", "False", "Progressing", reasons=frozenset({"ScalingUp", "ScalingDown", "RollingUpdateInProgress"})
        ),
        When("Ready", "False", "Degraded"),
    ),
)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    ("cluster.x-k8s.io", "Cluster"): CLUSTER,
    ("cluster.x-k8s.io", "Machine"): MACHINE,
    ("cluster.x-k8s.io", "MachineDeployment"): MACHINE_DEPLOYMENT,
    ("cluster.x-k8s.io", "MachinePool"): MACHINE_DEPLOYMENT,
    ("controlplane.cluster.x-k8s.io", "KubeadmControlPlane"): CONTROL_PLANE,
}
